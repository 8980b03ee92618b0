//! The person for whom a build runs, as the CI system names them.
//!
//! Sources: <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>,
//! <https://docs.gitlab.com/ci/variables/predefined_variables/>, <https://plugins.jenkins.io/build-user-vars-plugin/>,
//! <https://circleci.com/docs/variables/>.

use super::{Fact, System, Variables, detect};
use crate::error::Error;

/// The name that the CI system of this process proves, if it proves one.
///
/// # Errors
///
/// If several systems are recognized, or `GREENLIGHT_CI` names an unknown one.
pub fn person(variables: &Variables<'_>) -> Result<Option<Fact>, Error> {
    let variable = match detect(variables)?.map(|(system, _)| system) {
        Some(System::GitHub) => "GITHUB_ACTOR",
        Some(System::GitLab) => "GITLAB_USER_LOGIN",
        Some(System::Jenkins) => "BUILD_USER_ID",
        Some(System::CircleCi) => "CIRCLE_USERNAME",
        // They name no person, or the author of the commit, whom the commit names without a proof.
        Some(System::Buildkite | System::Woodpecker | System::Drone) | None => return Ok(None),
    };
    let fact = variables.fact(variable);
    Ok(fact.filter(|it| !it.value.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn of(set: &[(&str, &str)]) -> Option<String> {
        let look_up = |name: &str| -> Option<OsString> {
            let mut set = set.iter();
            set.find(|(known, _)| *known == name)
                .map(|(_, it)| it.into())
        };
        let found = person(&Variables::new(&look_up)).expect("at most one system");
        found.map(|it| it.value)
    }

    #[test]
    fn each_system_names_the_person_in_its_own_variable() {
        for (system, variable) in [
            (("GITHUB_ACTIONS", "true"), "GITHUB_ACTOR"),
            (("GITLAB_CI", "true"), "GITLAB_USER_LOGIN"),
            (("JENKINS_URL", "http://jenkins"), "BUILD_USER_ID"),
            (("CIRCLECI", "true"), "CIRCLE_USERNAME"),
        ] {
            assert_eq!(
                of(&[system, (variable, "ada")]).as_deref(),
                Some("ada"),
                "{variable}"
            );
            assert_eq!(of(&[system, (variable, " ")]), None);
            assert_eq!(
                of(&[(variable, "ada")]),
                None,
                "outside of CI, any person can set it"
            );
        }
        let other = [("GITHUB_ACTIONS", "true"), ("GITLAB_USER_LOGIN", "ada")];
        assert_eq!(of(&other), None, "another system's variable");
    }
}
