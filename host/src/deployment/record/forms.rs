//! The shapes of the contract's values in an entry. A field or case that the contract has and a shape lacks
//! does not compile.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::round_forms::{NodeForm, RoundForm};
use super::{Form, Many, Maybe};
use crate::contract::promotion::{
    Action, Conclusion, Decision, Deployment, Event, Happening, Instruction, Intervention,
    LoadTest, LoadTestResult, Measurement, Node, NodeStanding, NodeState, Notice, Notification,
    Occupant, Outcome, Permission, Progress, Rival, Round, RunningLoadTest, Standing, StopCause,
    StoppedCommit, UnreleasedLabel, Urgency,
};
use crate::contract::types::{
    EnvironmentSettings, Evidence, LoadTestAction, Reason, Settings, Span, Thresholds, Verdict,
};
use crate::facts::load_test::Point;

/// The longest text of an event, in bytes: the policy could not name a longer one in its answer.
const LONGEST_TEXT: usize = 256;

/// Makes shapes usable in [`Many`] and [`Maybe`].
macro_rules! forms {
    ($($form:ident of $value:ident),* $(,)?) => { $(
        impl Form<$value> for $form {
            fn write<S: Serializer>(value: &$value, serializer: S) -> Result<S::Ok, S::Error> {
                $form::serialize(value, serializer)
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$value, D::Error> {
                $form::deserialize(deserializer)
            }
        }
    )* };
}

forms!(
    ActionForm of Action,
    SpanForm of Span,
    InstructionForm of Instruction,
    ReasonForm of Reason,
    EvidenceForm of Evidence,
    StandingForm of Standing,
    NodeStandingForm of NodeStanding,
    NodeForm of Node,
    VerdictForm of Verdict,
    EnvironmentForm of EnvironmentSettings,
    EventForm of Event,
    PointForm of Point,
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
    ConclusionForm of "Conclusion" { Promoted, PromotedWithWarning, Stopped, Superseded, Canceled }
    ProgressForm of "Progress" { Pending, Unknown, Deployed, Converged, Failed }
    UrgencyForm of "Urgency" { Info, Warning, Failure }
    InterventionForm of "Intervention" { Approved, Held, Canceled }
    StopCauseForm of "StopCause" { LoadTest, Untested }
    NodeStateForm of "NodeState" { Current, Old, Foreign, Unreachable }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Settings")]
pub struct SettingsForm {
    publish_branch: String,
    required_jobs: Vec<String>,
    #[serde(with = "Many::<EnvironmentForm>")]
    environments: Vec<EnvironmentSettings>,
    #[serde(with = "LoadTestActionForm")]
    default_action: LoadTestAction,
    #[serde(with = "ThresholdsForm")]
    thresholds: Thresholds,
    poll_interval: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "EnvironmentSettings")]
pub struct EnvironmentForm {
    name: String,
    convergence_rounds: u32,
    convergence_deadline: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Thresholds")]
pub struct ThresholdsForm {
    min_requests: u64,
    min_rate: Option<f64>,
    max_failures: u64,
    max_exceptions: u64,
    max_p95: Option<u64>,
    min_duration: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Instruction")]
pub struct InstructionForm {
    #[serde(with = "LoadTestActionForm")]
    action: LoadTestAction,
    #[serde(rename = "span", with = "Maybe::<SpanForm>")]
    source: Option<Span>,
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
    // The first format calls it `verdict`.
    #[serde(alias = "verdict", with = "PermissionForm")]
    permission: Permission,
    #[serde(with = "ActionForm")]
    next: Action,
    #[serde(with = "Many::<ReasonForm>")]
    reasons: Vec<Reason>,
    #[serde(rename = "environments", with = "Many::<StandingForm>")]
    standings: Vec<Standing>,
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
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Standing")]
pub struct StandingForm {
    environment: String,
    #[serde(with = "ProgressForm")]
    progress: Progress,
    #[serde(with = "Maybe::<VerdictForm>")]
    load_test: Option<Verdict>,
    #[serde(with = "Many::<NodeStandingForm>")]
    nodes: Vec<NodeStanding>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NodeStanding")]
pub struct NodeStandingForm {
    name: String,
    #[serde(with = "NodeStateForm")]
    state: NodeState,
}

/// An action has another shape than in the contract: an object whose key `action` says which one it is.
#[derive(Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum ActionForm {
    Deploy {
        environment: String,
    },
    Observe {
        environment: String,
    },
    LoadTest {
        environment: String,
    },
    Notify {
        #[serde(with = "UrgencyForm")]
        urgency: Urgency,
        key: String,
        text: String,
    },
    Wait {
        seconds: u32,
    },
    Finish {
        #[serde(with = "ConclusionForm")]
        conclusion: Conclusion,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Event")]
pub struct EventForm {
    at: u64,
    #[serde(with = "HappeningForm")]
    happening: Happening,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Happening", rename_all = "kebab-case")]
pub enum HappeningForm {
    Deployed(#[serde(with = "DeploymentForm")] Deployment),
    Observed(#[serde(with = "RoundForm")] Round),
    LoadTested(#[serde(with = "LoadTestForm")] LoadTest),
    Notified(#[serde(with = "NotificationForm")] Notification),
    Waited(u32),
    Overtaken(#[serde(with = "RivalForm")] Rival),
    Unplaced(#[serde(with = "RivalForm")] Rival),
    Occupied(#[serde(with = "OccupantForm")] Occupant),
    Intervened(#[serde(with = "InterventionForm")] Intervention),
    Contains(#[serde(with = "StoppedCommitForm")] StoppedCommit),
    Waived(String),
    Accompanied(#[serde(with = "UnreleasedLabelForm")] UnreleasedLabel),
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
#[serde(remote = "LoadTest")]
pub struct LoadTestForm {
    environment: String,
    #[serde(with = "LoadTestResultForm")]
    result: LoadTestResult,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "LoadTestResult", rename_all = "kebab-case")]
pub enum LoadTestResultForm {
    Measured(#[serde(with = "MeasurementForm")] Measurement),
    Judged(#[serde(with = "VerdictForm")] Verdict),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Measurement")]
pub struct MeasurementForm {
    requests: u64,
    failures: u64,
    exceptions: u64,
    duration: u64,
    p95: Option<u64>,
    #[serde(default)]
    broken_thresholds: Vec<String>,
    exit_status: Option<i32>,
    complete: bool,
    versions: Vec<String>,
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
#[serde(remote = "Rival")]
pub struct RivalForm {
    environment: String,
    commit: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Occupant")]
pub struct OccupantForm {
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

#[derive(Serialize, Deserialize)]
#[serde(remote = "Point")]
pub struct PointForm {
    at: u64,
    users: u64,
    requests_per_second: f64,
    failures_per_second: f64,
    p50: Option<f64>,
    p95: Option<f64>,
    requests: u64,
    failures: u64,
}

/// Writes as much of a text as the policy can take.
pub fn clipped<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text[..text.floor_char_boundary(LONGEST_TEXT)])
}

impl ActionForm {
    pub fn serialize<S: Serializer>(action: &Action, serializer: S) -> Result<S::Ok, S::Error> {
        let action = action.clone();
        let form = match action {
            Action::Deploy(environment) => Self::Deploy { environment },
            Action::Observe(environment) => Self::Observe { environment },
            Action::LoadTest(environment) => Self::LoadTest { environment },
            Action::Notify(Notice { urgency, key, text }) => Self::Notify { urgency, key, text },
            Action::Wait(seconds) => Self::Wait { seconds },
            Action::Finish(conclusion) => Self::Finish { conclusion },
        };
        Serialize::serialize(&form, serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Action, D::Error> {
        let form: Self = Deserialize::deserialize(deserializer)?;
        Ok(match form {
            Self::Deploy { environment } => Action::Deploy(environment),
            Self::Observe { environment } => Action::Observe(environment),
            Self::LoadTest { environment } => Action::LoadTest(environment),
            Self::Notify { urgency, key, text } => Action::Notify(Notice { urgency, key, text }),
            Self::Wait { seconds } => Action::Wait(seconds),
            Self::Finish { conclusion } => Action::Finish(conclusion),
        })
    }
}
