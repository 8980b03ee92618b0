//! What a decision is about: the release, the events of its history, and the load test action that applies.

use crate::action::word;
use crate::bindings::environments::Target;
use crate::bindings::promotion::{Deployment, Event, Release};
use crate::bindings::types::{
    EnvironmentSettings, Evidence, LoadTestAction, LoadTestSettings, Reason, Settings, Timestamp,
};
use crate::reason::codes;

/// Everything that a decision is based on, with the tag already parsed.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub release: &'a Release,
    pub history: &'a [Event],
    pub now: Timestamp,
    pub settings: &'a Settings,
    /// The commit in the tag.
    pub commit: &'a str,
    /// Index of the environment that the tag names. The release never changes an earlier one: a release
    /// with a tag for that environment does.
    pub entry: usize,
    /// The load test action that the release asks for; absent if neither the tag nor the message gives one.
    pub asked: Option<LoadTestAction>,
    /// The load test action that applies: `abort` if the release contains a stopped commit.
    pub action: Option<LoadTestAction>,
}

impl Case<'_> {
    /// Tells whether a deployment is one of this release: the same commit, and the same image if both
    /// digests are known.
    pub(super) fn owns(&self, deployment: &Deployment) -> bool {
        let other_image = match (&self.release.digest, &deployment.digest) {
            (Some(ours), Some(theirs)) => ours != theirs,
            _ => false,
        };
        deployment.commit == self.commit && !other_image
    }

    /// Returns the settings of an environment.
    pub(super) fn environment(&self, name: &str) -> Option<&EnvironmentSettings> {
        let mut known = self.settings.environments.iter();
        known.find(|it| it.name == name)
    }

    /// Returns the load tests of the environment at an index.
    pub(super) fn load_tests(&self, index: usize) -> &[LoadTestSettings] {
        let environment = self.settings.environments.get(index);
        environment.map_or(&[], |it| &it.load_tests)
    }

    /// Returns the number of rounds that fit into the deadline of an environment.
    pub(super) fn fit(&self, environment: &EnvironmentSettings) -> u32 {
        let waits = environment.convergence_deadline / self.settings.poll_interval.max(1);
        waits.saturating_add(1)
    }

    /// Returns the source of the load test action as evidence.
    pub(super) fn action_evidence(&self) -> Evidence {
        label(self.release).unwrap_or_else(|| Evidence::Tag(self.release.tag.clone()))
    }
}

/// Finds the load test action of a release, or the reason why label and tag contradict each other.
///
/// The tag was made from the label when the build was published. If they differ, one of them is wrong, and
/// nothing may be deployed.
pub(super) fn action(
    release: &Release,
    target: &Target,
) -> Result<Option<LoadTestAction>, Box<Reason>> {
    let (Some(tagged), Some(instruction)) = (target.action, &release.instruction) else {
        return Ok(target
            .action
            .or(release.instruction.as_ref().map(|it| it.action)));
    };
    if tagged == instruction.action {
        return Ok(Some(tagged));
    }
    let origin = match instruction.source {
        Some(_) => "the label",
        None => "a message without a label",
    };
    let message = format!(
        "the tag asks for `{}`, but {origin} asks for `{}`",
        word(tagged),
        word(instruction.action)
    );
    let mut reason = Reason::new(codes::LABEL_CONTRADICTS_TAG, message)
        .help("push the tags that `greenlight tags` prints for this commit");
    reason.evidence.extend(label(release));
    Err(Box::new(reason.on(Evidence::Tag(release.tag.clone()))))
}

fn label(release: &Release) -> Option<Evidence> {
    let instruction = release.instruction.as_ref()?;
    instruction.source.map(Evidence::Label)
}

/// A part of an event with its place in the history, so that reasons can refer to it.
#[derive(Debug)]
pub(super) struct Fact<'a, T> {
    /// Place in the history, counted from 0.
    pub place: usize,
    pub at: Timestamp,
    pub what: &'a T,
}

// Derived, these would ask for `T: Copy`.
impl<T> Clone for Fact<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Fact<'_, T> {}

impl<'a, T> Fact<'a, T> {
    pub(super) fn new(place: usize, event: &Event, what: &'a T) -> Self {
        Self {
            place,
            at: event.at,
            what,
        }
    }

    pub(super) fn evidence(&self) -> Evidence {
        event(self.place)
    }
}

/// Refers to an event as evidence.
pub(super) fn event(place: usize) -> Evidence {
    Evidence::Event(u32::try_from(place).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::action;
    use crate::bindings::environments::Target;
    use crate::bindings::promotion::Instruction;
    use crate::bindings::types::{Evidence, LoadTestAction, Span};
    use crate::fixtures::{SHA, release};

    fn target(action: Option<LoadTestAction>) -> Target {
        Target {
            environment: "stage".to_owned(),
            commit: SHA.to_owned(),
            action,
        }
    }

    fn says(action: LoadTestAction, source: Option<Span>) -> Instruction {
        Instruction {
            action,
            source,
            extra: Vec::new(),
        }
    }

    #[test]
    fn the_action_comes_from_the_tag_or_else_from_the_message() {
        use LoadTestAction::{Abort, Warn};
        let mut release = release("stage");
        assert_eq!(action(&release, &target(Some(Abort))), Ok(Some(Abort)));
        assert_eq!(action(&release, &target(None)), Ok(None));
        release.instruction = Some(says(Warn, None));
        assert_eq!(action(&release, &target(None)), Ok(Some(Warn)));
        assert_eq!(action(&release, &target(Some(Warn))), Ok(Some(Warn)));
    }

    #[test]
    fn a_contradiction_names_both_places() {
        let span = Span { start: 3, end: 20 };
        let mut release = release("stage");
        release.instruction = Some(says(LoadTestAction::Skip, Some(span)));
        let refused =
            action(&release, &target(Some(LoadTestAction::Abort))).expect_err("they differ");
        assert_eq!(refused.code, "label-contradicts-tag");
        assert_eq!(
            refused.message,
            "the tag asks for `abort`, but the label asks for `skip`"
        );
        assert_eq!(
            refused.evidence,
            [Evidence::Label(span), Evidence::Tag(release.tag.clone())]
        );
        assert!(refused.help.is_some());

        release.instruction = Some(says(LoadTestAction::Warn, None));
        let refused =
            action(&release, &target(Some(LoadTestAction::Abort))).expect_err("they differ");
        assert!(
            refused
                .message
                .ends_with("a message without a label asks for `warn`")
        );
        assert_eq!(refused.evidence, [Evidence::Tag(release.tag)]);
    }
}
