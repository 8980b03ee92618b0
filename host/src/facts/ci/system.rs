//! The CI systems that greenlight knows, and how each is recognized.

use super::Variables;
use crate::contract::names::{Named as _, names};
use crate::error::Error;

/// A CI system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// `CircleCI`.
    CircleCi,
    /// Jenkins.
    Jenkins,
    /// GitHub Actions, and runners that imitate it: those of Gitea and Forgejo.
    GitHub,
    /// GitLab CI/CD.
    GitLab,
    /// Buildkite.
    Buildkite,
    /// Woodpecker.
    Woodpecker,
    /// Drone.
    Drone,
}

// The names in JSON and in `GREENLIGHT_CI`.
names! {
    System {
        CircleCi = "circleci",
        Jenkins = "jenkins",
        GitHub = "github",
        GitLab = "gitlab",
        Buildkite = "buildkite",
        Woodpecker = "woodpecker",
        Drone = "drone",
    }
}

impl System {
    /// Its name in prose.
    pub fn title(self) -> &'static str {
        match self {
            Self::CircleCi => "CircleCI",
            Self::Jenkins => "Jenkins",
            Self::GitHub => "GitHub Actions",
            Self::GitLab => "GitLab CI/CD",
            Self::Buildkite => "Buildkite",
            Self::Woodpecker => "Woodpecker",
            Self::Drone => "Drone",
        }
    }

    /// How to make the commit that is built available to git.
    pub fn how_to_fetch(self, change: bool) -> &'static str {
        match (self, change) {
            (Self::CircleCi, _) => {
                "add a `checkout` step before this one, or attach a workspace that holds `.git`"
            }
            (Self::Jenkins, _) => {
                "run `checkout scm` before this step, and fetch enough history (`CloneOption`)"
            }
            (Self::GitHub, true) => {
                "let `actions/checkout` fetch the pushed commit: `ref: ${{ github.event.pull_request.head.sha }}`"
            }
            (Self::GitHub, false) => {
                "run `actions/checkout` before this step, with `fetch-depth: 0` if it checks out another commit"
            }
            (Self::GitLab, _) => {
                "let the job fetch: `GIT_STRATEGY: fetch`, and `GIT_DEPTH: 0` in its `variables`"
            }
            (Self::Buildkite, _) => {
                "leave `skip_checkout` out, and `--depth` out of `BUILDKITE_GIT_CLONE_FLAGS` and `BUILDKITE_GIT_FETCH_FLAGS`"
            }
            (Self::Woodpecker, _) => {
                "leave `skip_clone` out, and set `partial: false` and no `depth` in the `settings` of the clone step"
            }
            (Self::Drone, _) => "leave `disable` and `depth` out of `clone`",
        }
    }
}

/// The variable that selects the system: the name of one, or `none`.
pub const CHOICE: &str = "GREENLIGHT_CI";

/// The value of `GREENLIGHT_CI` that selects no system.
const NONE: &str = "none";

/// Finds the system and the variable that it was recognized by; `None` outside of CI.
///
/// # Errors
///
/// If the variables of several systems are set, or `GREENLIGHT_CI` names an unknown system. A runner that a job of
/// another system started inherits that job's variables, and they don't show which of the two systems is the inner
/// one.
pub fn detect(variables: &Variables) -> Result<Option<(System, &'static str)>, Error> {
    if let Some(choice) = variables.text(CHOICE) {
        if choice == NONE {
            return Ok(None);
        }
        let system = System::from_name(&choice).ok_or_else(|| {
            let known: Vec<_> = System::ALL.iter().map(|(_, name)| *name).collect();
            Error::new(
                format!("`{CHOICE}` is `{choice}`, an unknown CI system"),
                format!("expected one of {}, {NONE}", known.join(", ")),
            )
        })?;
        return Ok(Some((system, CHOICE)));
    }
    let mut found = System::ALL
        .iter()
        .filter_map(|(system, _)| Some((*system, sign(*system, variables)?)));
    let Some(first) = found.next() else {
        return Ok(None);
    };
    let Some(second) = found.next() else {
        return Ok(Some(first));
    };
    let name = |(system, sign): (System, &str)| format!("{} (`{sign}`)", system.title());
    Err(Error::new(
        format!(
            "the variables of two CI systems are set: {} and {}",
            name(first),
            name(second)
        ),
        format!(
            "set `{CHOICE}={}` or `{CHOICE}={}`",
            first.0.name(),
            second.0.name()
        ),
    ))
}

/// The variable that identifies a system. The sources are in the file of each system.
///
/// `CI` alone identifies none, because most systems set it. GitLab and Woodpecker share most names of the form
/// `CI_*`, but not these.
fn sign(system: System, variables: &Variables) -> Option<&'static str> {
    let woodpecker = variables.is("CI", "woodpecker");
    let is_true = |name: &'static str| variables.is(name, "true").then_some(name);
    match system {
        System::CircleCi => is_true("CIRCLECI"),
        System::Jenkins if variables.has("JENKINS_URL") => Some("JENKINS_URL"),
        // Jenkins sets `JENKINS_URL` only if its URL is configured.
        System::Jenkins => {
            let tag = variables.text("BUILD_TAG")?;
            tag.starts_with("jenkins-").then_some("BUILD_TAG")
        }
        System::GitHub => is_true("GITHUB_ACTIONS"),
        System::GitLab => is_true("GITLAB_CI"),
        System::Buildkite => is_true("BUILDKITE"),
        System::Woodpecker => woodpecker.then_some("CI"),
        // Early releases of Woodpecker also set the variables of Drone.
        System::Drone if woodpecker => None,
        System::Drone => is_true("DRONE"),
    }
}
