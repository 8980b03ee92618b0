//! The CI systems that are known.

/// A CI system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// `CircleCI`.
    CircleCi,
    /// Jenkins.
    Jenkins,
    /// GitHub Actions, and what calls itself that: Gitea's and Forgejo's runners.
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

impl System {
    /// All of them, with the word that programs know them by.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::CircleCi, "circleci"),
        (Self::Jenkins, "jenkins"),
        (Self::GitHub, "github"),
        (Self::GitLab, "gitlab"),
        (Self::Buildkite, "buildkite"),
        (Self::Woodpecker, "woodpecker"),
        (Self::Drone, "drone"),
    ];

    /// The word that programs know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::CircleCi => "circleci",
            Self::Jenkins => "jenkins",
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Buildkite => "buildkite",
            Self::Woodpecker => "woodpecker",
            Self::Drone => "drone",
        }
    }

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

    /// Says how git gets the commit that is built there.
    pub fn how_to_fetch(self, change: bool) -> &'static str {
        match (self, change) {
            (Self::CircleCi, _) => {
                "have a `checkout` step before this one, or attach a workspace that holds `.git`"
            }
            (Self::Jenkins, _) => {
                "have `checkout scm` before this step, and no shallow clone that is too short (`CloneOption`)"
            }
            (Self::GitHub, true) => {
                "give `actions/checkout` what was pushed: `ref: ${{ github.event.pull_request.head.sha }}`"
            }
            (Self::GitHub, false) => {
                "have `actions/checkout` before this step, with `fetch-depth: 0` if it checks out something else"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_listed_under_its_word() {
        for (system, word) in System::ALL {
            assert_eq!(system.name(), word);
            assert!(!system.how_to_fetch(true).is_empty() && !system.title().is_empty());
        }
    }
}
