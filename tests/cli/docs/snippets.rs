//! Blocks that another test runs: the snippets for CI systems, which `tests/ci` runs as the systems do.

/// The page and the first line of each.
pub const CI: [(&str, &str); 6] = [
    ("host/docs/ci/circleci.md", "# .circleci/config.yml"),
    ("host/docs/ci/github.md", "# .github/workflows/label.yml"),
    ("host/docs/ci/github.md", "# .github/workflows/release.yml"),
    ("host/docs/ci/gitlab.md", "# .gitlab-ci.yml"),
    ("host/docs/ci/jenkins.md", "library identifier"),
    ("host/docs/ci/woodpecker.md", "# .woodpecker/release.yml"),
];
