//! The findings of a command for later steps, in the form that each CI system reads. Pure: this module writes no
//! files.

pub mod github;
pub mod variables;

use crate::contract::actions;
use crate::contract::environments::Target;
use crate::contract::labels::Labels;
use crate::contract::names::Named as _;
use crate::contract::promotion::{Conclusion, Decision, Permission};
use crate::contract::types::{Reason, Severity};

/// A value for later steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// What a failed load test means.
    Action,
    /// Whether a label in the message sets the action; otherwise it is the default.
    Label,
    /// The tags to push, with a space between each.
    Tags,
    /// The environment that the tag asks for.
    Environment,
    /// What the tag says about the load test.
    LoadTest,
    /// The commit.
    Commit,
    /// Whether the release may go on.
    Permission,
    /// The name of the next action.
    Next,
    /// The code of the reason that decided.
    Reason,
    /// How the deployment ended.
    Conclusion,
}

impl Name {
    /// All of them: the name of an output or a parameter, and the name of a variable.
    pub const ALL: [(Self, &'static str, &'static str); 10] = [
        (Self::Action, "action", "GREENLIGHT_ACTION"),
        (Self::Label, "label", "GREENLIGHT_LABEL"),
        (Self::Tags, "tags", "GREENLIGHT_TAGS"),
        (Self::Environment, "environment", "GREENLIGHT_ENVIRONMENT"),
        (Self::LoadTest, "load-test", "GREENLIGHT_LOAD_TEST"),
        (Self::Commit, "commit", "GREENLIGHT_COMMIT"),
        (Self::Permission, "permission", "GREENLIGHT_PERMISSION"),
        (Self::Next, "next", "GREENLIGHT_NEXT"),
        (Self::Reason, "reason", "GREENLIGHT_REASON"),
        (Self::Conclusion, "conclusion", "GREENLIGHT_CONCLUSION"),
    ];

    /// The name of an output or a parameter.
    pub fn output(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The name of a variable.
    pub fn variable(self) -> &'static str {
        Self::ALL[self as usize].2
    }
}

/// One value. It is empty if the command failed, so that no value of an earlier command remains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Which one.
    pub name: Name,
    /// The text.
    pub text: String,
}

/// A message to show with the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub severity: Severity,
    /// Stable code.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What a command found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// The command.
    pub command: &'static str,
    /// The result in a word or two.
    pub headline: String,
    /// Its values, every one of them.
    pub values: Vec<Value>,
    /// What people should know.
    pub notices: Vec<Notice>,
}

impl Findings {
    /// Findings without values yet.
    pub fn new(command: &'static str, names: &[Name]) -> Self {
        let empty = |name: &Name| Value {
            name: *name,
            text: String::new(),
        };
        Self {
            command,
            headline: "no answer".to_owned(),
            values: names.iter().map(empty).collect(),
            notices: Vec::new(),
        }
    }

    /// Sets one of its values; a command has no others.
    pub fn set(&mut self, name: Name, text: impl Into<String>) {
        if let Some(value) = self.values.iter_mut().find(|value| value.name == name) {
            value.text = text.into();
        }
    }

    /// Adds the label of a message.
    pub fn labeled(&mut self, labels: &Labels) {
        labels.action.name().clone_into(&mut self.headline);
        self.set(Name::Action, labels.action.name());
        self.set(Name::Label, labels.source.is_some().to_string());
        let notices = labels.diagnostics.iter().map(|diagnostic| Notice {
            severity: diagnostic.severity,
            code: diagnostic.code.clone(),
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
        });
        self.notices.extend(notices);
    }

    /// Adds the target of a tag.
    pub fn resolved(&mut self, target: &Target) {
        self.headline.clone_from(&target.environment);
        self.set(Name::Environment, &target.environment);
        self.set(Name::LoadTest, target.action.map_or("", |it| it.name()));
        self.set(Name::Commit, &target.commit);
    }

    /// Adds a refusal, which clears every earlier value except the commit.
    pub fn refused(&mut self, reasons: &[Reason]) {
        "refused".clone_into(&mut self.headline);
        for value in &mut self.values {
            if value.name != Name::Commit {
                value.text.clear();
            }
        }
        self.set(
            Name::Reason,
            reasons.first().map_or("", |it| it.code.as_str()),
        );
        let notices = reasons.iter().map(|it| notice(Severity::Error, it));
        self.notices.extend(notices);
    }

    /// Adds a decision. Its first reason decided; the others become notes.
    pub fn decided(&mut self, decision: &Decision) {
        decision.permission.name().clone_into(&mut self.headline);
        self.set(Name::Permission, decision.permission.name());
        self.set(Name::Next, actions::name(&decision.next));
        let deciding = match decision.permission {
            Permission::Stop => Severity::Error,
            Permission::PromoteWithWarning => Severity::Warning,
            Permission::Promote | Permission::Hold => Severity::Note,
        };
        if let Some((first, others)) = decision.reasons.split_first() {
            self.set(Name::Reason, &first.code);
            self.notices.push(notice(deciding, first));
            let others = others.iter().map(|it| notice(Severity::Note, it));
            self.notices.extend(others);
        }
    }

    /// Adds the end of a deployment. A superseded deployment has not failed, so its reason becomes a note.
    pub fn ended(&mut self, conclusion: Conclusion, decision: &Decision) {
        let reasons = self.notices.len();
        self.decided(decision);
        conclusion.name().clone_into(&mut self.headline);
        self.set(Name::Conclusion, conclusion.name());
        if conclusion == Conclusion::Superseded
            && let Some(first) = self.notices.get_mut(reasons)
        {
            first.severity = Severity::Note;
        }
    }

    /// Adds the error of a command that failed, which clears all values.
    pub fn failed(&mut self, message: String, help: String) {
        "no answer".clone_into(&mut self.headline);
        for value in &mut self.values {
            value.text.clear();
        }
        self.notices.push(Notice {
            severity: Severity::Error,
            code: "no-answer".to_owned(),
            message,
            help: (!help.is_empty()).then_some(help),
        });
    }
}

fn notice(severity: Severity, reason: &Reason) -> Notice {
    Notice {
        severity,
        code: reason.code.clone(),
        message: reason.message.clone(),
        help: reason.help.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::promotion::Action;

    /// The names are a public interface of pipelines.
    #[test]
    fn the_whole_set() {
        for (at, (name, output, variable)) in Name::ALL.into_iter().enumerate() {
            assert_eq!(name as usize, at);
            assert_eq!((name.output(), name.variable()), (output, variable));
            let expected = output.to_uppercase().replace('-', "_");
            assert_eq!(variable, format!("GREENLIGHT_{expected}"));
        }
    }

    #[test]
    fn a_superseded_release_has_not_failed() {
        let mut decision = Decision {
            permission: Permission::Stop,
            next: Action::Finish(Conclusion::Superseded),
            reasons: vec![Reason {
                code: "superseded".to_owned(),
                message: "a newer release is live".to_owned(),
                evidence: Vec::new(),
                help: None,
            }],
            environments: Vec::new(),
        };
        let severity = |conclusion, decision: &Decision| {
            let mut findings = Findings::new("run", &[Name::Conclusion]);
            findings.ended(conclusion, decision);
            assert_eq!(findings.values[0].text, conclusion.name());
            assert_eq!(findings.headline, conclusion.name());
            findings.notices[0].severity
        };
        let of = severity(Conclusion::Superseded, &decision);
        assert_eq!(of, Severity::Note);
        decision.next = Action::Finish(Conclusion::Stopped);
        assert_eq!(severity(Conclusion::Stopped, &decision), Severity::Error);
    }

    #[test]
    fn a_refusal_leaves_no_earlier_value() {
        let mut answer = Findings::new("tags", &[Name::Tags, Name::Commit, Name::Reason]);
        answer.set(Name::Tags, "a b");
        answer.set(Name::Commit, "c");
        answer.set(Name::Permission, "no value of this command");
        answer.refused(&[Reason {
            code: "no".to_owned(),
            message: "it is not".to_owned(),
            evidence: Vec::new(),
            help: None,
        }]);
        let texts: Vec<_> = answer.values.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(texts, ["", "c", "no"]);
        answer.failed("why".to_owned(), String::new());
        assert!(answer.values.iter().all(|value| value.text.is_empty()));
        assert_eq!(answer.notices.len(), 2);
    }
}
