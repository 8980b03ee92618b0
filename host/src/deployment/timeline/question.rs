//! The question to people that a release waits for.

use serde::Serialize;

use crate::contract::promotion::{
    Decision, Event, EventKind, Intervention, InterventionKind, Permission, Progress,
};
use crate::contract::types::EnvironmentSettings;
use crate::deployment::entry::proof;
use crate::text::time;

/// The question to people that a release waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Question {
    /// The environment that waits.
    pub environment: String,
    /// How many people have to approve the release there.
    pub approvals: u32,
    /// The approvals that count.
    pub approved_by: Vec<Approval>,
    /// The approvals that counted, and have expired.
    pub expired: Vec<Approval>,
}

/// An approval of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Approval {
    /// The name of the person.
    pub by: String,
    /// Whether a CI system or a token proves the name.
    pub proven: bool,
    /// When it expires, or expired.
    pub until: u64,
}

impl Question {
    /// How many approvals are missing.
    pub fn missing(&self) -> u32 {
        let given = u32::try_from(self.approved_by.len()).unwrap_or(u32::MAX);
        self.approvals.saturating_sub(given)
    }

    /// Moves the approvals that have expired at a time, in milliseconds since 1970. The policy has not decided since.
    pub(super) fn expire(&mut self, now: u64) {
        let expired = self.approved_by.extract_if(.., |it| it.until <= now);
        self.expired.extend(expired);
    }

    /// The question in one sentence: `prod waits for 1 of 2 approvals; approved by Ada (proven, until …)`.
    pub fn in_words(&self) -> String {
        let environment = &self.environment;
        let (all, missing) = (u64::from(self.approvals), u64::from(self.missing()));
        let waits = match (all, self.approved_by.is_empty()) {
            (0, _) => format!("{environment} waits for the answer of a person"),
            (1, true) => format!("{environment} waits for 1 approval"),
            (_, true) => format!("{environment} waits for {all} approvals"),
            _ => format!("{environment} waits for {missing} of {all} approvals"),
        };
        let approved = self.approved_by.iter().map(|it| {
            let how = proof(it.proven);
            format!("{} ({how}, until {})", it.by, time::instant(it.until))
        });
        let approved: Vec<_> = approved.collect();
        let expired = self.expired.iter().map(|it| {
            let (how, at) = (proof(it.proven), time::instant(it.until));
            format!("; the approval of {} ({how}) expired at {at}", it.by)
        });
        let expired: String = expired.collect();
        if approved.is_empty() {
            format!("{waits}{expired}")
        } else {
            format!("{waits}; approved by {}{expired}", approved.join(", "))
        }
    }
}

/// How to answer a question about an environment on the command line.
pub fn how_to_answer(deployment: u64, environment: &str) -> String {
    format!(
        "answer with `greenlight approve {deployment} --environment {environment} --by NAME --reason TEXT`, or with \
         `reject` or `hold` in place of `approve`"
    )
}

/// The questions and the answers so far.
#[derive(Default)]
pub(super) struct Answers {
    /// The environments, with what they need.
    environments: Vec<EnvironmentSettings>,
    /// The environments with an open question, in the order of the questions.
    open: Vec<String>,
    /// The approvals, with the time of each in seconds since 1970.
    approvals: Vec<(u64, Intervention)>,
    /// The environments and the people whose approvals counted in a decision. A hold or a rejection voids them.
    counted: Vec<(String, String)>,
}

impl Answers {
    /// Takes the environments that the deployment began with.
    pub(super) fn began(&mut self, environments: &[EnvironmentSettings]) {
        environments.clone_into(&mut self.environments);
    }

    /// Takes an event.
    pub(super) fn happened(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Asked(it) if !self.open.contains(&it.environment) => {
                self.open.push(it.environment.clone());
            }
            EventKind::Intervened(it) if it.kind == InterventionKind::Approved => {
                self.approvals.push((event.at, it.clone()));
            }
            EventKind::Intervened(it) => {
                let environment = it.environment.as_ref();
                self.counted
                    .retain(|(name, _)| environment.is_some_and(|it| it != name));
            }
            _ => {}
        }
    }

    /// The question that the release waits for after a decision, which was made at a time in seconds since 1970.
    pub(super) fn question(&mut self, decision: &Decision, now: u64) -> Option<Question> {
        for status in &decision.environments {
            for name in &status.approved_by {
                let counted = (status.environment.clone(), name.clone());
                if !self.counted.contains(&counted) {
                    self.counted.push(counted);
                }
            }
        }
        if decision.permission != Permission::Hold {
            return None;
        }
        let mut waiting = decision
            .environments
            .iter()
            .filter(|it| it.progress == Progress::Pending);
        let (settings, status) = waiting.find_map(|status| {
            let mut environments = self.environments.iter();
            let settings = environments.find(|it| it.name == status.environment)?;
            self.open
                .contains(&settings.name)
                .then_some((settings, status))
        })?;
        let approved_by = status.approved_by.iter();
        let approved_by = approved_by.filter_map(|name| self.approval(settings, name));
        let counted = self
            .counted
            .iter()
            .filter(|(it, by)| *it == settings.name && !status.approved_by.contains(by));
        let expired = counted
            .filter_map(|(_, name)| self.approval(settings, name))
            .filter(|it| it.until <= now.saturating_mul(1000));
        let question = Question {
            environment: settings.name.clone(),
            approvals: settings.approvals,
            approved_by: approved_by.collect(),
            expired: expired.collect(),
        };
        let is_answered = match settings.approvals {
            0 => self.approvals.iter().any(|(_, it)| {
                let environment = it.environment.as_ref();
                environment.is_none_or(|it| *it == settings.name)
            }),
            _ => question.missing() == 0,
        };
        (!is_answered).then_some(question)
    }

    /// The latest approval of a person for an environment.
    fn approval(&self, settings: &EnvironmentSettings, name: &str) -> Option<Approval> {
        let mut latest = self.approvals.iter().rev();
        let (at, approval) = latest.find(|(_, it)| {
            let environment = it.environment.as_ref();
            it.by.trim() == name.trim() && environment.is_none_or(|it| *it == settings.name)
        })?;
        let until = at.saturating_add(settings.approval_lasts.into());
        Some(Approval {
            by: name.to_owned(),
            proven: approval.proven,
            until: until.saturating_mul(1000),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::promotion::{self as contract, Action, EnvironmentStatus};

    fn asked() -> Answers {
        let mut answers = Answers::default();
        let mut settings = crate::contract::settings::defaults();
        for environment in &mut settings.environments {
            environment.approvals = 2;
            environment.approval_lasts = 60;
        }
        answers.began(&settings.environments);
        answers.happened(&Event {
            at: 10,
            kind: EventKind::Asked(contract::Question {
                key: "approval-prod".to_owned(),
                environment: "prod".to_owned(),
                text: "?".to_owned(),
            }),
        });
        answers
    }

    fn approves(answers: &mut Answers, by: &str, at: u64, environment: Option<&str>) {
        answers.happened(&Event {
            at,
            kind: EventKind::Intervened(Intervention {
                kind: InterventionKind::Approved,
                by: by.to_owned(),
                proven: by == "Bob",
                why: String::new(),
                environment: environment.map(str::to_owned),
                digest: None,
                question: None,
            }),
        });
    }

    fn holds(progress: Progress, approved_by: &[&str]) -> Decision {
        let status = |name: &str, progress, approved_by: &[&str]| EnvironmentStatus {
            environment: name.to_owned(),
            progress,
            approved_by: approved_by.iter().map(|it| (*it).to_owned()).collect(),
            load_tests: Vec::new(),
            watch: None,
            nodes: Vec::new(),
        };
        Decision {
            permission: Permission::Hold,
            next: Action::Wait(60),
            reasons: Vec::new(),
            environments: vec![
                status("stage", Progress::Converged, &[]),
                status("prod", progress, approved_by),
            ],
        }
    }

    fn words(answers: &mut Answers, decision: &Decision) -> Option<String> {
        answers.question(decision, 50).map(|it| it.in_words())
    }

    #[test]
    fn an_expired_approval_is_not_shown_as_one_that_counts() {
        let expired = "prod waits for 2 approvals; the approval of Bob (proven) expired at 1970-01-01T00:01:30Z";
        let mut answers = asked();
        approves(&mut answers, "Bob", 30, None);
        // The last decision counts it, and the process has ended since.
        let mut question = answers
            .question(&holds(Progress::Pending, &["Bob"]), 50)
            .expect("a question");
        question.expire(89_999);
        assert_eq!(question.approved_by.len(), 1);
        question.expire(90_000);
        assert_eq!(question.in_words(), expired);
        // The policy has decided without it.
        let after = answers
            .question(&holds(Progress::Pending, &[]), 90)
            .expect("a question");
        assert_eq!(after.in_words(), expired);
        // A hold voids it before.
        answers.happened(&Event {
            at: 95,
            kind: EventKind::Intervened(Intervention {
                kind: InterventionKind::Held,
                by: "Ada".to_owned(),
                proven: false,
                why: "wait".to_owned(),
                environment: None,
                digest: None,
                question: None,
            }),
        });
        let voided = answers
            .question(&holds(Progress::Pending, &[]), 96)
            .expect("a question");
        assert_eq!(voided.in_words(), "prod waits for 2 approvals");
    }

    #[test]
    fn it_says_who_approved_and_how_long_that_counts() {
        let mut answers = asked();
        let none = words(&mut answers, &holds(Progress::Pending, &[]));
        assert_eq!(none.as_deref(), Some("prod waits for 2 approvals"));
        approves(&mut answers, "Bob", 20, Some("stage"));
        approves(&mut answers, "Bob", 30, None);
        approves(&mut answers, "Bob", 40, Some("stage"));
        let one = words(&mut answers, &holds(Progress::Pending, &["Bob"]));
        assert_eq!(
            one.as_deref(),
            Some(
                "prod waits for 1 of 2 approvals; approved by Bob (proven, until 1970-01-01T00:01:30Z)"
            )
        );
    }

    #[test]
    fn without_a_wait_for_people_there_is_no_question() {
        let mut answers = asked();
        approves(&mut answers, "Ada", 20, None);
        approves(&mut answers, "Bob", 20, None);
        // It waits for something else.
        assert_eq!(
            words(&mut answers, &holds(Progress::Pending, &["Ada", "Bob"])),
            None
        );
        assert_eq!(words(&mut answers, &holds(Progress::Deployed, &[])), None);
        let mut stops = holds(Progress::Pending, &[]);
        stops.permission = Permission::Stop;
        assert_eq!(words(&mut answers, &stops), None);
        let mut unasked = Answers::default();
        assert_eq!(words(&mut unasked, &holds(Progress::Pending, &[])), None);
    }

    #[test]
    fn a_policy_can_ask_where_no_approval_is_required() {
        let mut answers = asked();
        for environment in &mut answers.environments {
            environment.approvals = 0;
        }
        let open = words(&mut answers, &holds(Progress::Pending, &[]));
        assert_eq!(
            open.as_deref(),
            Some("prod waits for the answer of a person")
        );
        approves(&mut answers, "Ada", 20, Some("prod"));
        assert_eq!(
            words(&mut answers, &holds(Progress::Pending, &["Ada"])),
            None
        );
    }
}
