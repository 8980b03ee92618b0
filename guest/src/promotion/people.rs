//! The interventions of people in a release: holds, rejections and approvals; and the questions to them.

use super::case::{Case, Fact};
use crate::bindings::promotion::{Intervention, InterventionKind, Question, Release};
use crate::bindings::types::{EnvironmentSettings, Evidence, Reason, Timestamp};
use crate::reason::{amount, because, codes, person, setting};

/// The interventions about the image of the release.
pub(super) struct People<'a> {
    /// The first cancellation; that is final.
    pub canceled: Option<Fact<'a, Intervention>>,
    /// A person approved the release for the last environment at any time.
    pub approved: bool,
    /// The state of each environment of the settings, in their order.
    environments: Vec<Said<'a>>,
    /// The keys of the questions that were asked.
    asked: Vec<&'a str>,
}

/// The interventions about one environment.
#[derive(Clone)]
struct Said<'a> {
    /// The latest hold or rejection, unless a person approved the release since.
    refused: Option<Fact<'a, Intervention>>,
    /// When the last hold was lifted.
    lifted: Timestamp,
    /// The latest approval of each person.
    approvals: Vec<Fact<'a, Intervention>>,
}

impl<'a> People<'a> {
    /// The state before the first event, for a number of environments.
    pub(super) fn new(environments: usize) -> Self {
        let said = Said {
            refused: None,
            lifted: 0,
            approvals: Vec::new(),
        };
        Self {
            canceled: None,
            approved: false,
            environments: vec![said; environments],
            asked: Vec::new(),
        }
    }

    /// A person intervened. An intervention about another image does not count.
    pub(super) fn intervened(&mut self, case: &Case<'a>, fact: Fact<'a, Intervention>) {
        let said = fact.what;
        if let (Some(ours), Some(theirs)) = (&case.release.digest, &said.digest)
            && ours != theirs
        {
            return;
        }
        if said.kind == InterventionKind::Canceled {
            self.canceled.get_or_insert(fact);
            return;
        }
        let last = case.settings.environments.len().saturating_sub(1);
        let environments = case
            .settings
            .environments
            .iter()
            .zip(&mut self.environments);
        for (index, (settings, about)) in environments.enumerate() {
            let is_about = said.environment.as_ref();
            if is_about.is_some_and(|it| *it != settings.name) {
                continue;
            }
            if said.kind == InterventionKind::Approved {
                self.approved |= index == last;
                about.approve(fact);
            } else {
                about.approvals.clear();
                about.refused = Some(fact);
            }
        }
    }

    /// People were asked a question.
    pub(super) fn asked(&mut self, question: &'a Question) {
        self.asked.push(&question.key);
    }

    /// The intervention that holds the release in an environment, unless it was approved since.
    pub(super) fn held(&self, index: usize) -> Option<Fact<'a, Intervention>> {
        self.refused(index, InterventionKind::Held)
    }

    /// The intervention that rejects the release for an environment, unless it was approved since.
    pub(super) fn rejected(&self, index: usize) -> Option<Fact<'a, Intervention>> {
        self.refused(index, InterventionKind::Rejected)
    }

    /// When the last hold in an environment was lifted; 0 if none was.
    pub(super) fn lifted(&self, index: usize) -> Timestamp {
        self.environments.get(index).map_or(0, |it| it.lifted)
    }

    /// The approvals that count in an environment at a time: not expired, and not by the author unless allowed.
    fn approvals(
        &self,
        release: &Release,
        (index, settings): (usize, &EnvironmentSettings),
        now: Timestamp,
    ) -> impl Iterator<Item = &Fact<'a, Intervention>> {
        let all = self
            .environments
            .get(index)
            .map_or(&[][..], |it| &it.approvals);
        let lasts = u64::from(settings.approval_lasts);
        all.iter().filter(move |it| {
            let is_author = release
                .authors
                .iter()
                .any(|author| same(author, &it.what.by));
            let has_expired = now.saturating_sub(it.at) >= lasts;
            !has_expired && (settings.author_may_approve || !is_author)
        })
    }

    /// The people whose approval counts in an environment.
    pub(super) fn approved_by(
        &self,
        case: &Case<'_>,
        at: (usize, &EnvironmentSettings),
    ) -> Vec<String> {
        let approvals = self.approvals(case.release, at, case.now);
        approvals.map(|it| it.what.by.clone()).collect()
    }

    /// Tells whether too few people approved at a time.
    pub(super) fn is_missing(
        &self,
        case: &Case<'_>,
        at: (usize, &EnvironmentSettings),
        now: Timestamp,
    ) -> bool {
        let required = usize::try_from(at.1.approvals).unwrap_or(usize::MAX);
        required > 0 && self.approvals(case.release, at, now).count() < required
    }

    /// Explains which approvals are missing, and asks for them unless that was done before. Absent if none is missing.
    pub(super) fn missing(
        &self,
        case: &Case<'_>,
        at: (usize, &EnvironmentSettings),
    ) -> Option<(Reason, Option<Question>)> {
        if !self.is_missing(case, at, case.now) {
            return None;
        }
        let (_, settings) = at;
        let name = &settings.name;
        let given: Vec<_> = self.approvals(case.release, at, case.now).collect();
        let names: Vec<_> = given.iter().map(|it| named(it.what)).collect();
        let by = if names.is_empty() {
            "it has none".to_owned()
        } else {
            format!("{} approved it", names.join(", "))
        };
        let required = amount(u64::from(settings.approvals), "approval");
        let message = format!("the release needs {required} for `{name}`; {by}");
        let mut reason = Reason::new(codes::APPROVAL_MISSING, message)
            .on(Evidence::Environment(name.clone()))
            .on(setting("approvals"))
            .help("approve or reject the release");
        for approval in given {
            reason = reason
                .on(Evidence::Person(approval.what.by.clone()))
                .on(approval.evidence());
        }
        let key = format!("approval-{name}");
        let question = (!self.asked.contains(&key.as_str())).then(|| Question {
            key,
            environment: name.clone(),
            text: format!("{} needs {required} for `{name}`", case.release.tag),
        });
        Some((reason, question))
    }

    fn refused(&self, index: usize, kind: InterventionKind) -> Option<Fact<'a, Intervention>> {
        let refused = self.environments.get(index)?.refused;
        refused.filter(|it| it.what.kind == kind)
    }
}

impl<'a> Said<'a> {
    fn approve(&mut self, fact: Fact<'a, Intervention>) {
        if self.refused.take().is_some() {
            self.lifted = fact.at;
        }
        let by = &fact.what.by;
        self.approvals.retain(|it| !same(&it.what.by, by));
        self.approvals.push(fact);
    }
}

/// Explains a person's intervention, with the name and the reason that the person gave.
pub(super) fn reason(code: &str, fact: Fact<'_, Intervention>, did: &str) -> Reason {
    let Intervention { by, why, .. } = fact.what;
    let message = format!("{} {did}{}", named(fact.what), because(why));
    Reason::new(code, message)
        .on(fact.evidence())
        .on(Evidence::Person(by.clone()))
}

fn named(it: &Intervention) -> String {
    person(&it.by, it.proven)
}

/// Tells whether two names are those of the same person. Upper and lower case are the same in names and addresses.
fn same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}
