//! The shapes of the contract's values in an entry. A field or case that the contract has and a shape lacks
//! does not compile.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::action_form::ActionForm;
use super::load_test_forms::{LoadTestForm, LoadTestStatusForm};
use super::people_forms::{InterventionForm, QuestionForm, StepResultForm, WaiverForm};
use super::round_forms::{NodeForm, RoundForm};
use super::watch_forms::WatchRoundForm;
use super::window_forms::{CalendarForm, ExcuseForm};
use super::{Form, Many, Maybe, forms_of};
use crate::contract::promotion::{
    Action, Calendar, CompetingRelease, Conclusion, Decision, Deployment, EnvironmentStatus, Event,
    EventKind, Excuse, Instruction, Intervention, LoadTest, LoadTestStatus, LockHolder, Node,
    NodeState, NodeStatus, Notification, Outcome, Permission, Progress, Question, Round,
    RunningLoadTest, StepResult, StopCause, StoppedCommit, UnreleasedLabel, Urgency, Waiver,
    WatchRound,
};
use crate::contract::types::{Attribute, Evidence, Fact, LoadTestAction, Reason, Span, Verdict};

/// The longest text of an event, in bytes: the policy could not name a longer one in its answer.
const LONGEST_TEXT: usize = 256;

forms_of!(
    SpanForm of Span,
    InstructionForm of Instruction,
    ReasonForm of Reason,
    EvidenceForm of Evidence,
    EnvironmentStatusForm of EnvironmentStatus,
    NodeStatusForm of NodeStatus,
    NodeForm of Node,
    VerdictForm of Verdict,
    EventForm of Event,
    AttributeForm of Attribute,
    FactForm of Fact,
    RunningLoadTestForm of RunningLoadTest,
);

/// Declares the shapes of enumerations: their cases in kebab case.
macro_rules! words {
    ($($form:ident of $set:literal { $($case:ident),* })*) => { $(
        #[derive(Serialize, Deserialize)]
        #[serde(remote = $set, rename_all = "kebab-case")]
        pub enum $form { $($case),* }
    )* };
}

words! {
    LoadTestActionForm of "LoadTestAction" { Abort, Skip, Warn }
    VerdictForm of "Verdict" { Passed, Failed, Errored, Inconclusive }
    OutcomeForm of "Outcome" { Succeeded, Failed, TimedOut, Canceled, Unknown }
    PermissionForm of "Permission" { Promote, PromoteWithWarning, Hold, Stop }
    ConclusionForm of "Conclusion" {
        Promoted,
        PromotedWithWarning,
        Stopped,
        Superseded,
        Canceled,
        RolledBack
    }
    ProgressForm of "Progress" { Pending, Unknown, Deployed, Converged, Failed, RolledBack }
    UrgencyForm of "Urgency" { Info, Warning, Failure }
    StopCauseForm of "StopCause" { LoadTest, Untested }
    NodeStateForm of "NodeState" { Current, Old, Foreign, Unreachable }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Instruction")]
pub struct InstructionForm {
    #[serde(with = "LoadTestActionForm")]
    action: LoadTestAction,
    #[serde(rename = "span", with = "Maybe::<SpanForm>")]
    source: Option<Span>,
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        with = "Many::<AttributeForm>"
    )]
    extra: Vec<Attribute>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Attribute")]
pub struct AttributeForm {
    name: String,
    value: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Fact")]
pub struct FactForm {
    #[serde(with = "AttributeForm")]
    attribute: Attribute,
    source: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Span")]
pub struct SpanForm {
    start: u32,
    end: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Decision")]
pub struct DecisionForm {
    #[serde(with = "PermissionForm")]
    permission: Permission,
    #[serde(with = "ActionForm")]
    next: Action,
    #[serde(with = "Many::<ReasonForm>")]
    reasons: Vec<Reason>,
    #[serde(with = "Many::<EnvironmentStatusForm>")]
    environments: Vec<EnvironmentStatus>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Reason")]
pub struct ReasonForm {
    code: String,
    message: String,
    #[serde(with = "Many::<EvidenceForm>")]
    evidence: Vec<Evidence>,
    help: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Evidence", rename_all = "kebab-case")]
pub enum EvidenceForm {
    Label(#[serde(with = "SpanForm")] Span),
    Tag(String),
    Branch(String),
    Job(String),
    Commit(String),
    Digest(String),
    Environment(String),
    Event(u32),
    Setting(String),
    Fact(String),
    Window(String),
    Step(String),
    LoadTest(String),
    Metric(String),
    Person(String),
    Time(u64),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "EnvironmentStatus")]
pub struct EnvironmentStatusForm {
    environment: String,
    #[serde(with = "ProgressForm")]
    progress: Progress,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    approved_by: Vec<String>,
    #[serde(with = "Many::<LoadTestStatusForm>")]
    load_tests: Vec<LoadTestStatus>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "Maybe::<VerdictForm>"
    )]
    watch: Option<Verdict>,
    #[serde(with = "Many::<NodeStatusForm>")]
    nodes: Vec<NodeStatus>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NodeStatus")]
pub struct NodeStatusForm {
    name: String,
    #[serde(with = "NodeStateForm")]
    state: NodeState,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Event")]
pub struct EventForm {
    at: u64,
    #[serde(with = "EventKindForm")]
    kind: EventKind,
}

#[expect(
    clippy::large_enum_variant,
    reason = "it has the form of the contract's type"
)]
#[derive(Serialize, Deserialize)]
#[serde(remote = "EventKind", rename_all = "kebab-case")]
pub enum EventKindForm {
    Deployed(#[serde(with = "DeploymentForm")] Deployment),
    Observed(#[serde(with = "RoundForm")] Round),
    LoadTested(#[serde(with = "LoadTestForm")] LoadTest),
    Notified(#[serde(with = "NotificationForm")] Notification),
    Waited(u32),
    Superseded(#[serde(with = "CompetingReleaseForm")] CompetingRelease),
    Diverged(#[serde(with = "CompetingReleaseForm")] CompetingRelease),
    Locked(#[serde(with = "LockHolderForm")] LockHolder),
    Intervened(#[serde(with = "InterventionForm")] Intervention),
    Contains(#[serde(with = "StoppedCommitForm")] StoppedCommit),
    Waived(#[serde(with = "WaiverForm")] Waiver),
    Accompanied(#[serde(with = "UnreleasedLabelForm")] UnreleasedLabel),
    Asked(#[serde(with = "QuestionForm")] Question),
    Performed(#[serde(with = "StepResultForm")] StepResult),
    Measured(#[serde(with = "WatchRoundForm")] WatchRound),
    RolledBack(#[serde(with = "DeploymentForm")] Deployment),
    Scheduled(#[serde(with = "CalendarForm")] Calendar),
    Excused(#[serde(with = "ExcuseForm")] Excuse),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Deployment")]
pub struct DeploymentForm {
    environment: String,
    commit: String,
    digest: Option<String>,
    #[serde(with = "OutcomeForm")]
    outcome: Outcome,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Notification")]
pub struct NotificationForm {
    #[serde(serialize_with = "clipped")]
    key: String,
    #[serde(with = "OutcomeForm")]
    outcome: Outcome,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "CompetingRelease")]
pub struct CompetingReleaseForm {
    environment: String,
    commit: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "LockHolder")]
pub struct LockHolderForm {
    environment: String,
    commit: String,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "Maybe::<RunningLoadTestForm>"
    )]
    load_test: Option<RunningLoadTest>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RunningLoadTest")]
pub struct RunningLoadTestForm {
    left: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "UnreleasedLabel")]
pub struct UnreleasedLabelForm {
    commit: String,
    #[serde(with = "LoadTestActionForm")]
    action: LoadTestAction,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "StoppedCommit")]
pub struct StoppedCommitForm {
    commit: String,
    deployment: u64,
    #[serde(with = "StopCauseForm")]
    cause: StopCause,
    certain: bool,
}

/// Writes as much of a text as the policy can take.
pub fn clipped<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text[..text.floor_char_boundary(LONGEST_TEXT)])
}
