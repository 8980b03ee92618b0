//! Drone.
//!
//! Source: <https://docs.drone.io/pipeline/environment/reference/>.

use super::woodpecker::{is_of_a_change, state};
use super::{Change, CiEnvironment, Standing, System, Variables};

/// Reads its variables.
///
/// `DRONE_BRANCH` is "the target branch for the push or pull request"; the branch of a pull request is
/// `DRONE_SOURCE_BRANCH`. The `DRONE_COMMIT_MESSAGE` of a pull request depends on the forge.
pub fn read(variables: &Variables) -> CiEnvironment {
    let number = variables.fact("DRONE_PULL_REQUEST");
    let proposed = number.is_some()
        || variables.is("DRONE_BUILD_EVENT", "pull_request")
        || variables
            .text("DRONE_COMMIT_REF")
            .is_some_and(|reference| is_of_a_change(&reference));
    let standing = if variables.is("DRONE_BUILD_EVENT", "push") && !proposed {
        Standing::Whole
    } else {
        Standing::Unsure("it is the commit's message only in a build of a push")
    };
    let tag = variables.fact("DRONE_TAG");
    let branch = if proposed {
        variables.fact("DRONE_SOURCE_BRANCH")
    } else if tag.is_some() {
        None
    } else {
        variables.first(&["DRONE_BRANCH", "DRONE_COMMIT_BRANCH"])
    };
    CiEnvironment {
        commit: variables.first(&["DRONE_COMMIT_SHA", "DRONE_COMMIT"]),
        branch,
        tag,
        message: variables.said("DRONE_COMMIT_MESSAGE", standing),
        build_url: variables.fact("DRONE_BUILD_LINK"),
        change: proposed.then(|| Change {
            number,
            target: variables.fact("DRONE_TARGET_BRANCH"),
        }),
        jobs: Ok(state(variables, "DRONE_BUILD_STATUS", "build")
            .into_iter()
            .collect()),
        ..CiEnvironment::of(System::Drone)
    }
}
