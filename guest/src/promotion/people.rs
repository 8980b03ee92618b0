//! The interventions of people in a release: holds, rejections and approvals; and the questions to them.

use super::case::{Case, event};
use crate::bindings::promotion::{Intervention, InterventionKind, Question, Release};
use crate::bindings::types::{EnvironmentSettings, Evidence, Reason, Timestamp};
use crate::reason::{amount, codes, setting};

/// The interventions about the image of the release.
pub(super) struct People<'a> {
    /// The event in which a person canceled the release; that is final.
    pub canceled: Option<usize>,
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
    /// The event of the latest hold or rejection, unless a person approved the release since.
    refused: Option<(InterventionKind, usize)>,
    /// When the last hold was lifted.
    lifted: Timestamp,
    /// The latest approval of each person.
    approvals: Vec<Approval<'a>>,
}

#[derive(Clone)]
struct Approval<'a> {
    by: &'a str,
    place: usize,
    at: Timestamp,
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
    pub(super) fn intervened(
        &mut self,
        case: &Case<'a>,
        (place, at): (usize, Timestamp),
        said: &'a Intervention,
    ) {
        if let (Some(ours), Some(theirs)) = (&case.release.digest, &said.digest)
            && ours != theirs
        {
            return;
        }
        if said.kind == InterventionKind::Canceled {
            self.canceled.get_or_insert(place);
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
                about.approve(&said.by, place, at);
            } else {
                about.approvals.clear();
                about.refused = Some((said.kind, place));
            }
        }
    }

    /// People were asked a question.
    pub(super) fn asked(&mut self, question: &'a Question) {
        self.asked.push(&question.key);
    }

    /// The event in which a person put the release on hold in an environment, unless it was approved since.
    pub(super) fn held(&self, index: usize) -> Option<usize> {
        self.refused(index, InterventionKind::Held)
    }

    /// The event in which a person rejected the release for an environment, unless it was approved since.
    pub(super) fn rejected(&self, index: usize) -> Option<usize> {
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
    ) -> impl Iterator<Item = &Approval<'a>> {
        let all = self
            .environments
            .get(index)
            .map_or(&[][..], |it| &it.approvals);
        let lasts = u64::from(settings.approval_lasts);
        all.iter().filter(move |it| {
            let is_author = release.authors.iter().any(|author| same(author, it.by));
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
        approvals.map(|it| it.by.to_owned()).collect()
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
        let names: Vec<_> = given.iter().map(|it| it.by).collect();
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
                .on(Evidence::Person(approval.by.to_owned()))
                .on(event(approval.place));
        }
        let key = format!("approval-{name}");
        let question = (!self.asked.contains(&key.as_str())).then(|| Question {
            key,
            environment: name.clone(),
            text: format!("{} needs {required} for `{name}`", case.release.tag),
        });
        Some((reason, question))
    }

    fn refused(&self, index: usize, kind: InterventionKind) -> Option<usize> {
        let refused = self.environments.get(index)?.refused.as_ref();
        refused.filter(|it| it.0 == kind).map(|it| it.1)
    }
}

impl<'a> Said<'a> {
    fn approve(&mut self, by: &'a str, place: usize, at: Timestamp) {
        if self.refused.take().is_some() {
            self.lifted = at;
        }
        self.approvals.retain(|it| !same(it.by, by));
        self.approvals.push(Approval { by, place, at });
    }
}

/// Tells whether two names are those of the same person. Upper and lower case are the same in names and addresses.
fn same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}
