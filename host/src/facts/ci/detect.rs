//! Finds out which CI system this is.

use super::super::Error;
use super::{System, Variables};

/// The variable that settles which system it is: one of their words, or `none`.
pub const CHOICE: &str = "GREENLIGHT_CI";

/// What `GREENLIGHT_CI` says where no system is to be asked.
const NONE: &str = "none";

/// Finds the system, with the variable that gives it away; none outside of all.
///
/// Several at once are an error: a runner that was started from a job of another system inherits its
/// variables, and nothing in them says which of the two is the inner one.
///
/// # Errors
///
/// If the variables are those of several systems, or `GREENLIGHT_CI` names none that is known.
pub fn detect(variables: &Variables) -> Result<Option<(System, &'static str)>, Error> {
    if let Some(choice) = variables.text(CHOICE) {
        if choice == NONE {
            return Ok(None);
        }
        let known = System::ALL.iter().find(|(_, word)| *word == choice);
        return match known {
            Some((system, _)) => Ok(Some((*system, CHOICE))),
            None => Err(Error::new(
                format!("`{CHOICE}` is `{choice}`, an unknown CI system"),
                format!(
                    "expected one of {}, {NONE}",
                    System::ALL.map(|(_, word)| word).join(", ")
                ),
            )),
        };
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

/// The variable that shows a system; the rooms of the systems have the sources.
///
/// `CI` alone shows nothing: most set it. GitLab and Woodpecker share the names of `CI_*`, but not these.
fn sign(system: System, variables: &Variables) -> Option<&'static str> {
    let woodpecker = variables.is("CI", "woodpecker");
    let is_true = |name: &'static str| variables.is(name, "true").then_some(name);
    match system {
        System::CircleCi => is_true("CIRCLECI"),
        System::Jenkins if variables.has("JENKINS_URL") => Some("JENKINS_URL"),
        // Jenkins has a URL only where its own settings name one.
        System::Jenkins => {
            let tag = variables.text("BUILD_TAG")?;
            tag.starts_with("jenkins-").then_some("BUILD_TAG")
        }
        System::GitHub => is_true("GITHUB_ACTIONS"),
        System::GitLab => is_true("GITLAB_CI"),
        System::Buildkite => is_true("BUILDKITE"),
        System::Woodpecker => woodpecker.then_some("CI"),
        // Early releases of Woodpecker set the variables of Drone, too.
        System::Drone if woodpecker => None,
        System::Drone => is_true("DRONE"),
    }
}
