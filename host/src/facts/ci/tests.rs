//! What each system says, as tables of variables and facts.

use std::ffi::OsString;
use std::fs;

use super::*;
use crate::sandbox::contract::environments::JobStatus;

const SHA: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const MERGE: &str = "8f94139338f9404f26296befa88755fc2598c289";

type Set<'a> = &'a [(&'a str, &'a str)];

fn with<T>(set: Set<'_>, read: impl FnOnce(&Variables<'_>) -> T) -> T {
    let look_up = |name: &str| {
        let found = set.iter().rev().find(|(known, _)| *known == name);
        found.map(|(_, value)| OsString::from(value))
    };
    read(&Variables::new(&look_up))
}

#[track_caller]
fn read(set: Set<'_>) -> Surroundings {
    with(set, |variables| {
        let (system, _) = detect(variables).expect("one").expect("a system");
        Surroundings::read(system, variables)
    })
}

/// A fact as text: the value, and where it comes from.
fn shown(fact: Option<&Fact>) -> String {
    fact.map_or_else(
        || "-".to_owned(),
        |fact| format!("{} ({})", fact.value, fact.source),
    )
}

/// The base, with changes: a variable that is set to nothing is not set.
fn changed<'a>(base: Set<'a>, changes: Set<'a>) -> Vec<(&'a str, &'a str)> {
    [base, changes].concat()
}

const CIRCLECI: Set<'_> = &[
    ("CI", "true"),
    ("CIRCLECI", "true"),
    ("CIRCLE_SHA1", SHA),
    ("CIRCLE_BRANCH", "main"),
    ("CIRCLE_BUILD_URL", "https://ci.example.org/1"),
];
const JENKINS: Set<'_> = &[
    ("CI", "true"),
    ("JENKINS_URL", "https://ci.example.org/"),
    ("GIT_COMMIT", SHA),
    ("BUILD_URL", "https://ci.example.org/job/1/"),
];
const GITLAB: Set<'_> = &[
    ("CI", "true"),
    ("GITLAB_CI", "true"),
    ("CI_COMMIT_SHA", SHA),
    ("CI_COMMIT_BRANCH", "main"),
    ("CI_COMMIT_MESSAGE", "Größe\n\n[load test: abort]\n"),
    ("CI_COMMIT_MESSAGE_IS_TRUNCATED", "false"),
    ("CI_PIPELINE_URL", "https://git.example.org/-/pipelines/1"),
    ("CI_JOB_URL", "https://git.example.org/-/jobs/1"),
];
const BUILDKITE: Set<'_> = &[
    ("CI", "true"),
    ("BUILDKITE", "true"),
    ("BUILDKITE_COMMIT", SHA),
    ("BUILDKITE_BRANCH", "main"),
    ("BUILDKITE_MESSAGE", "Say it"),
    ("BUILDKITE_PULL_REQUEST", "false"),
    ("BUILDKITE_SOURCE", "webhook"),
    ("BUILDKITE_BUILD_URL", "https://ci.example.org/builds/1"),
];
const WOODPECKER: Set<'_> = &[
    ("CI", "woodpecker"),
    ("CI_COMMIT_SHA", SHA),
    ("CI_COMMIT_REF", "refs/heads/main"),
    ("CI_COMMIT_BRANCH", "main"),
    ("CI_COMMIT_MESSAGE", "Say it"),
    ("CI_PIPELINE_EVENT", "push"),
    ("CI_PIPELINE_URL", "https://ci.example.org/1"),
    ("CI_COMMIT_TAG", ""),
    ("CI_COMMIT_PULL_REQUEST", ""),
];
const DRONE: Set<'_> = &[
    ("CI", "true"),
    ("DRONE", "true"),
    ("DRONE_COMMIT_SHA", SHA),
    ("DRONE_COMMIT_REF", "refs/heads/main"),
    ("DRONE_BRANCH", "main"),
    ("DRONE_COMMIT_MESSAGE", "Say it"),
    ("DRONE_BUILD_EVENT", "push"),
    ("DRONE_BUILD_LINK", "https://ci.example.org/1"),
];
const GITHUB: Set<'_> = &[
    ("CI", "true"),
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_EVENT_NAME", "push"),
    ("GITHUB_SHA", SHA),
    ("GITHUB_REF", "refs/heads/main"),
    ("GITHUB_REF_TYPE", "branch"),
    ("GITHUB_REF_NAME", "main"),
    ("GITHUB_SERVER_URL", "https://git.example.org"),
    ("GITHUB_REPOSITORY", "shop/cart"),
    ("GITHUB_RUN_ID", "1"),
];

#[test]
fn each_system_is_found_and_says_what_a_push_to_main_is() {
    for (system, set, sign, commit, branch, message) in [
        (
            System::CircleCi,
            CIRCLECI,
            "CIRCLECI",
            "CIRCLE_SHA1",
            "CIRCLE_BRANCH",
            None,
        ),
        (
            System::GitHub,
            GITHUB,
            "GITHUB_ACTIONS",
            "GITHUB_SHA",
            "GITHUB_REF_NAME",
            None,
        ),
        (
            System::GitLab,
            GITLAB,
            "GITLAB_CI",
            "CI_COMMIT_SHA",
            "CI_COMMIT_BRANCH",
            Some("whole"),
        ),
        (
            System::Buildkite,
            BUILDKITE,
            "BUILDKITE",
            "BUILDKITE_COMMIT",
            "BUILDKITE_BRANCH",
            Some("unsure"),
        ),
        (
            System::Woodpecker,
            WOODPECKER,
            "CI",
            "CI_COMMIT_SHA",
            "CI_COMMIT_BRANCH",
            Some("whole"),
        ),
        (
            System::Drone,
            DRONE,
            "DRONE",
            "DRONE_COMMIT_SHA",
            "DRONE_BRANCH",
            Some("whole"),
        ),
        (
            System::Jenkins,
            &changed(JENKINS, &[("BRANCH_NAME", "main")]),
            "JENKINS_URL",
            "GIT_COMMIT",
            "BRANCH_NAME",
            None,
        ),
    ] {
        assert_eq!(with(set, detect), Ok(Some((system, sign))), "{set:?}");
        let read = read(set);
        assert_eq!(read.system, system);
        assert_eq!(shown(read.commit.as_ref()), format!("{SHA} ({commit})"));
        assert_eq!(shown(read.branch.as_ref()), format!("main ({branch})"));
        assert_eq!(read.built_branch().as_deref(), Some("main"));
        let standing = read.message.as_ref().map(|said| said.standing.word());
        assert_eq!(standing, message, "{system:?}");
        assert!(
            read.build_url
                .is_some_and(|url| url.value.starts_with("https://"))
        );
        assert_eq!((read.change, read.tag), (None, None), "{system:?}");
        assert_eq!(read.jobs, Ok(Vec::new()));
        assert!(read.problems.is_empty(), "{:?}", read.problems);
    }
}

#[test]
fn a_build_of_a_tag_has_no_branch() {
    for (set, changes) in [
        (CIRCLECI, &[("CIRCLE_TAG", "v1"), ("CIRCLE_BRANCH", "")][..]),
        (
            GITHUB,
            &[("GITHUB_REF_TYPE", "tag"), ("GITHUB_REF_NAME", "v1")],
        ),
        (GITLAB, &[("CI_COMMIT_TAG", "v1"), ("CI_COMMIT_BRANCH", "")]),
        (BUILDKITE, &[("BUILDKITE_TAG", "v1")]),
        (
            WOODPECKER,
            &[("CI_COMMIT_TAG", "v1"), ("CI_PIPELINE_EVENT", "tag")],
        ),
        (DRONE, &[("DRONE_TAG", "v1"), ("DRONE_BUILD_EVENT", "tag")]),
        (
            JENKINS,
            &[
                ("TAG_NAME", "v1"),
                ("BRANCH_NAME", "v1"),
                ("GIT_BRANCH", "v1"),
            ],
        ),
    ] {
        let read = read(&changed(set, changes));
        assert_eq!(read.tag.map(|tag| tag.value).as_deref(), Some("v1"));
        assert_eq!(read.branch, None, "{changes:?}");
    }
}

/// A fork's branch may be called as the one that is published. Nothing of it may be.
#[track_caller]
fn is_never_published(set: Set<'_>, changes: Set<'_>) -> Surroundings {
    let read = read(&changed(set, changes));
    let built = read.built_branch();
    assert_eq!(
        built.as_deref(),
        Some("main (pull request 7)"),
        "{changes:?}"
    );
    let commit = read.commit.as_ref().map(|it| it.value.as_str());
    assert_eq!(commit, Some(SHA), "{changes:?}");
    let target = read.change.as_ref().and_then(|it| it.target.as_ref());
    assert_eq!(
        target.map(|it| it.value.as_str()),
        Some("main"),
        "{changes:?}"
    );
    read
}

/// Whether a variable has the message.
fn has_message(read: &Surroundings) -> bool {
    let said = read.message.as_ref();
    said.is_some_and(|said| said.standing == Standing::Whole)
}

#[test]
fn a_pull_request_of_github_is_never_a_build_of_a_branch() {
    let pull_request = format!(
        "{{\"pull_request\": {{\"number\": 7, \"head\": {{\"ref\": \"main\", \"sha\": \"{SHA}\"}}, \
         \"base\": {{\"ref\": \"main\", \"sha\": \"{MERGE}\"}}}}}}"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let event = folder.path().join("event.json");
    fs::write(&event, pull_request).expect("written");
    let event = event.to_str().expect("UTF-8");
    let of = |name, more: Set<'static>| {
        let set = [
            ("GITHUB_EVENT_NAME", name),
            ("GITHUB_EVENT_PATH", event),
            ("GITHUB_SHA", MERGE),
            ("GITHUB_REF", "refs/pull/7/merge"),
            ("GITHUB_REF_NAME", "7/merge"),
            ("GITHUB_HEAD_REF", "main"),
            ("GITHUB_BASE_REF", "main"),
        ];
        is_never_published(GITHUB, &changed(&set, more))
    };
    // Here the references are the default branch's own.
    let default = &[
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_REF_NAME", "main"),
    ];
    // Only two events have these variables.
    let without = &[("GITHUB_HEAD_REF", ""), ("GITHUB_BASE_REF", "")];
    for read in [
        of("pull_request", &[]),
        of("pull_request_target", default),
        of("pull_request_review", without),
    ] {
        assert!(!has_message(&read));
    }
}

#[test]
fn a_merge_request_of_gitlab_is_never_a_build_of_a_branch() {
    let of = |kind, more: Set<'static>| {
        let set = [
            ("CI_COMMIT_BRANCH", ""),
            ("CI_PIPELINE_SOURCE", "merge_request_event"),
            ("CI_MERGE_REQUEST_IID", "7"),
            ("CI_MERGE_REQUEST_EVENT_TYPE", kind),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "main"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ];
        is_never_published(GITLAB, &changed(&set, more))
    };
    // The message is the one of the commit that GitLab made.
    let made = &[
        ("CI_COMMIT_SHA", MERGE),
        ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", SHA),
    ];
    assert!(!has_message(&of("merged_result", made)));
    assert!(!has_message(&of("merge_train", made)));
    assert!(has_message(&of("detached", &[])));
    let external = [
        ("CI_EXTERNAL_PULL_REQUEST_IID", "7"),
        ("CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME", "main"),
        ("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME", "main"),
    ];
    is_never_published(GITLAB, &external);
}

#[test]
fn a_pull_request_elsewhere_is_never_a_build_of_a_branch() {
    for (set, changes) in [
        (
            BUILDKITE,
            &[
                ("BUILDKITE_PULL_REQUEST", "7"),
                ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "main"),
            ][..],
        ),
        (
            WOODPECKER,
            &[
                ("CI_PIPELINE_EVENT", "pull_request"),
                ("CI_COMMIT_PULL_REQUEST", "7"),
                ("CI_COMMIT_SOURCE_BRANCH", "main"),
                ("CI_COMMIT_TARGET_BRANCH", "main"),
            ],
        ),
        (
            DRONE,
            &[
                ("DRONE_BUILD_EVENT", "pull_request"),
                ("DRONE_PULL_REQUEST", "7"),
                ("DRONE_SOURCE_BRANCH", "main"),
                ("DRONE_TARGET_BRANCH", "main"),
            ],
        ),
        (
            JENKINS,
            &[
                ("BRANCH_NAME", "PR-7"),
                ("GIT_BRANCH", "PR-7"),
                ("CHANGE_ID", "7"),
                ("CHANGE_BRANCH", "main"),
                ("CHANGE_TARGET", "main"),
                ("CHANGE_FORK", "somebody"),
            ],
        ),
    ] {
        assert!(
            !has_message(&is_never_published(set, changes)),
            "{changes:?}"
        );
    }
}

#[test]
fn circleci_builds_branches_with_open_pull_requests_and_forks() {
    let address = "https://git.example.org/shop/cart/pull/7";
    let open = [
        ("CIRCLE_PULL_REQUEST", address),
        ("CIRCLE_PULL_REQUESTS", address),
    ];
    let ours = read(&changed(CIRCLECI, &open));
    assert_eq!(ours.built_branch().as_deref(), Some("main"));
    for more in [
        &[("CIRCLE_BRANCH", "pull/7")][..],
        &[("CIRCLE_PR_NUMBER", "7")],
        &[("CIRCLE_PR_USERNAME", "somebody")],
        &[("CIRCLE_PR_REPONAME", "cart")],
        // A project that has no variables for forks.
        &[("CIRCLE_PULL_REQUESTS", "")],
    ] {
        let forked = read(&changed(&changed(CIRCLECI, &open), more));
        let built = forked.built_branch().expect("a name");
        assert!(built.ends_with(" (pull request 7)"), "{built}");
    }
}

#[test]
fn references_of_changes_show_where_nothing_else_does() {
    for reference in [
        "refs/pull/7/merge",
        "refs/merge-requests/7/head",
        "refs/pull-requests/7/from",
    ] {
        let woodpecker = read(&changed(WOODPECKER, &[("CI_COMMIT_REF", reference)]));
        assert_eq!(
            woodpecker.built_branch().as_deref(),
            Some("? (pull request)"),
            "{reference}"
        );
        let drone = read(&changed(DRONE, &[("DRONE_COMMIT_REF", reference)]));
        assert_eq!(
            drone.built_branch().as_deref(),
            Some("? (pull request)"),
            "{reference}"
        );
    }
}

#[test]
fn github_without_its_event_does_not_take_the_merge_for_what_was_pushed() {
    for (event, path) in [
        ("pull_request", ""),
        ("pull_request_target", "/no/such"),
        ("workflow_run", ""),
    ] {
        let changes = [("GITHUB_EVENT_NAME", event), ("GITHUB_EVENT_PATH", path)];
        let read = read(&changed(GITHUB, &changes));
        assert_eq!(read.commit, None, "{event}");
        assert_eq!(read.problems[0].code, "event-unreadable", "{event}");
        assert_ne!(read.built_branch().as_deref(), Some("main"), "{event}");
    }
}

#[test]
fn github_says_the_message_of_a_push() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("event.json");
    let path = file.to_str().expect("UTF-8");
    for (id, message) in [(SHA, Some("a\n\n[load test: skip]")), (MERGE, None)] {
        let event = format!(
            "{{\"ref\": \"refs/heads/main\", \"head_commit\": {{\"id\": \"{id}\", \"message\": \
             \"a\\n\\n[load test: skip]\", \"author\": {{}}}}}}"
        );
        fs::write(&file, event).expect("written");
        let read = read(&changed(GITHUB, &[("GITHUB_EVENT_PATH", path)]));
        let said = read
            .message
            .map(|said| said.text.into_string().expect("UTF-8"));
        assert_eq!(said.as_deref(), message);
    }
    for broken in ["", "[", "{\"pull_request\": 1}"] {
        fs::write(&file, broken).expect("written");
        let read = read(&changed(GITHUB, &[("GITHUB_EVENT_PATH", path)]));
        assert_eq!(read.problems[0].code, "event-unreadable", "{broken}");
        assert_eq!(shown(read.commit.as_ref()), format!("{SHA} (GITHUB_SHA)"));
    }
}

#[test]
fn github_runs_after_another_workflow_for_what_that_ran_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("event.json");
    let path = file.to_str().expect("UTF-8");
    for (event, from, branch) in [
        ("push", "shop/cart", "main"),
        ("push", "somebody/cart", "main (pull request)"),
        ("pull_request", "shop/cart", "main (pull request)"),
    ] {
        let event = format!(
            "{{\"workflow_run\": {{\"event\": \"{event}\", \"head_sha\": \"{MERGE}\", \"head_branch\": \
             \"main\", \"head_repository\": {{\"full_name\": \"{from}\"}}}}, \"repository\": \
             {{\"full_name\": \"shop/cart\"}}}}"
        );
        fs::write(&file, event).expect("written");
        let changes = [
            ("GITHUB_EVENT_NAME", "workflow_run"),
            ("GITHUB_EVENT_PATH", path),
        ];
        let read = read(&changed(GITHUB, &changes));
        assert_eq!(read.built_branch().as_deref(), Some(branch));
        assert_eq!(read.commit.map(|it| it.value).as_deref(), Some(MERGE));
    }
}

#[test]
fn github_counts_the_other_workflow_as_a_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("event.json");
    let path = file.to_str().expect("UTF-8");
    for (conclusion, status) in [
        ("\"success\"", JobStatus::Passed),
        ("\"failure\"", JobStatus::Failed),
        ("\"cancelled\"", JobStatus::Canceled),
        ("\"skipped\"", JobStatus::Skipped),
        ("\"stale\"", JobStatus::Failed),
        ("null", JobStatus::Running),
    ] {
        let event = format!(
            "{{\"workflow_run\": {{\"event\": \"push\", \"head_sha\": \"{MERGE}\", \"conclusion\": {conclusion}}}}}"
        );
        fs::write(&file, event).expect("written");
        let changes = [
            ("GITHUB_EVENT_NAME", "workflow_run"),
            ("GITHUB_EVENT_PATH", path),
        ];
        let jobs = read(&changed(GITHUB, &changes)).jobs.expect("jobs");
        assert_eq!(jobs[0].value.name, "workflow_run");
        assert_eq!(jobs[0].value.status, status, "{conclusion}");
    }
}

#[test]
fn gitlab_says_when_it_cut_the_message_off() {
    for (said, standing) in [
        ("true", Standing::Truncated),
        ("false", Standing::Whole),
        ("", Standing::Whole),
        ("1", Standing::Truncated),
    ] {
        let read = read(&changed(
            GITLAB,
            &[("CI_COMMIT_MESSAGE_IS_TRUNCATED", said)],
        ));
        assert_eq!(
            read.message.expect("a message").standing,
            standing,
            "{said}"
        );
    }
}

#[test]
fn gitlab_without_the_pushed_commit_has_none() {
    let read = read(&changed(
        GITLAB,
        &[("CI_MERGE_REQUEST_EVENT_TYPE", "merged_result")],
    ));
    assert_eq!(read.commit, None);
    assert_eq!(read.problems[0].code, "no-commit");
}

#[test]
fn jenkins_names_the_remote_with_the_branch() {
    for (said, branch) in [
        ("origin/main", Some("main")),
        ("refs/remotes/origin/main", Some("main")),
        ("refs/heads/main", Some("main")),
        ("main", Some("main")),
        ("feature/main", Some("feature/main")),
        ("upstream/main", Some("upstream/main")),
        ("detached", None),
        ("", None),
    ] {
        let read = read(&changed(JENKINS, &[("GIT_BRANCH", said)]));
        assert_eq!(read.branch.map(|it| it.value).as_deref(), branch, "{said}");
    }
}

/// The plugins check an unmerged commit out as the branch that it is for.
#[test]
fn a_change_that_a_plugin_of_jenkins_builds_is_never_a_build_of_a_branch() {
    let of_main = changed(JENKINS, &[("GIT_BRANCH", "origin/main")]);
    for (signs, built) in [
        (
            &[("GERRIT_CHANGE_NUMBER", "7"), ("GERRIT_BRANCH", "main")][..],
            "? (pull request 7)",
        ),
        (
            &[
                ("ghprbPullId", "7"),
                ("ghprbSourceBranch", "main"),
                ("ghprbTargetBranch", "main"),
            ],
            "main (pull request 7)",
        ),
        (
            &[
                ("gitlabMergeRequestIid", "7"),
                ("gitlabSourceBranch", "main"),
                ("gitlabTargetBranch", "main"),
            ],
            "main (pull request 7)",
        ),
        (
            &[
                ("BITBUCKET_PULL_REQUEST_ID", "7"),
                ("BITBUCKET_SOURCE_BRANCH", "main"),
                ("BITBUCKET_TARGET_BRANCH", "main"),
            ],
            "main (pull request 7)",
        ),
        (&[("CHANGE_ID", "7")], "? (pull request 7)"),
        (&[("CHANGE_BRANCH", "main")], "main (pull request)"),
    ] {
        let read = read(&changed(&of_main, signs));
        assert_eq!(read.built_branch().as_deref(), Some(built), "{signs:?}");
        let target = read.change.and_then(|it| it.target);
        let said = target.map(|it| (it.source, "main"));
        assert_eq!(said, signs[1..].last().copied(), "{signs:?}");
    }
}

/// They have no number, and what the GitLab plugin says of merge requests is empty.
#[test]
fn a_push_that_a_plugin_of_jenkins_builds_is_a_build_of_the_branch() {
    let of_main = changed(JENKINS, &[("GIT_BRANCH", "origin/main")]);
    for signs in [
        &[
            ("GERRIT_EVENT_TYPE", "ref-updated"),
            ("GERRIT_REFNAME", "refs/heads/main"),
            ("GERRIT_NEWREV", SHA),
        ][..],
        &[
            ("gitlabMergeRequestIid", ""),
            ("gitlabSourceBranch", "main"),
            ("gitlabTargetBranch", "main"),
        ],
        &[("BITBUCKET_SOURCE_BRANCH", "main")],
    ] {
        let read = read(&changed(&of_main, signs));
        assert_eq!(read.built_branch().as_deref(), Some("main"), "{signs:?}");
    }
}

#[test]
fn jenkins_without_a_url_of_its_own() {
    let set = [("BUILD_TAG", "jenkins-shop-1"), ("GIT_COMMIT", SHA)];
    assert_eq!(with(&set, detect), Ok(Some((System::Jenkins, "BUILD_TAG"))));
    assert_eq!(with(&[("BUILD_TAG", "shop-1")], detect), Ok(None));
}

#[test]
fn buildkite_trusts_the_branch_of_a_push_alone() {
    // An unmerged commit, with the default branch of the pipeline.
    for source in ["ui", "api", "trigger_job", "schedule", "new", ""] {
        let doubtful = read(&changed(BUILDKITE, &[("BUILDKITE_SOURCE", source)]));
        assert_eq!(
            (doubtful.branch, doubtful.problems[0].code),
            (None, "branch-unsure")
        );
        // Where the branch names the commit, it has it.
        let changes = [("BUILDKITE_SOURCE", source), ("BUILDKITE_COMMIT", "HEAD")];
        let read = read(&changed(BUILDKITE, &changes));
        assert_eq!(shown(read.commit.as_ref()), "HEAD (BUILDKITE_COMMIT)");
        assert_eq!(read.built_branch().as_deref(), Some("main"));
    }
}

#[test]
fn only_hashes_are_commits() {
    for (set, name) in [
        (CIRCLECI, "CIRCLE_SHA1"),
        (JENKINS, "GIT_COMMIT"),
        (GITHUB, "GITHUB_SHA"),
        (BUILDKITE, "BUILDKITE_COMMIT"),
    ] {
        for value in [
            "main",
            "4b825dc",
            "--help",
            "4B825DC642CB6EB9A060E54BF8D69288FBEE4904",
            "HEAD^1",
        ] {
            let read = read(&changed(set, &[(name, value)]));
            assert_eq!(
                (read.commit, read.problems[0].code),
                (None, "commit-not-a-hash")
            );
        }
    }
}

#[test]
fn woodpecker_and_drone_tell_how_it_went_so_far() {
    for (set, name) in [
        (WOODPECKER, "CI_PIPELINE_STATUS"),
        (DRONE, "DRONE_BUILD_STATUS"),
    ] {
        for (said, status) in [
            ("success", JobStatus::Passed),
            ("failure", JobStatus::Failed),
            ("killed", JobStatus::Running),
        ] {
            let jobs = read(&changed(set, &[(name, said)])).jobs.expect("jobs");
            assert_eq!(
                (jobs.len(), jobs[0].value.status, jobs[0].source),
                (1, status, name)
            );
        }
    }
}

#[test]
fn no_job_at_all_is_somebodys_mistake() {
    let error = read(&changed(GITHUB, &[(NEEDS, "{}")])).jobs;
    let error = error.expect_err("no job");
    assert!(error.message.contains("names no job") && error.help.contains("needs:"));
}

#[test]
fn results_of_jobs_are_handed_over() {
    let needs = "{\"test\": {\"result\": \"success\", \"outputs\": {\"a\": \"b\"}}, \"lint\": {\"result\": \
                 \"failure\"}, \"docs\": {\"result\": \"skipped\"}, \"e2e\": {\"result\": \"cancelled\"}}";
    let jobs = read(&changed(GITHUB, &[(NEEDS, needs)]))
        .jobs
        .expect("jobs");
    let said: Vec<_> = jobs
        .iter()
        .map(|job| (job.value.name.as_str(), job.value.status))
        .collect();
    assert_eq!(
        said,
        [
            ("docs", JobStatus::Skipped),
            ("e2e", JobStatus::Canceled),
            ("lint", JobStatus::Failed),
            ("test", JobStatus::Passed),
        ]
    );
    for broken in [
        "[]",
        "null",
        "{\"a\": {}}",
        "{\"a\": {\"result\": \"fine\"}}",
        "{",
        "success",
    ] {
        let error = read(&changed(GITHUB, &[(NEEDS, broken)]))
            .jobs
            .expect_err(broken);
        assert!(
            error.message.contains(NEEDS) && error.help.contains("toJSON(needs)"),
            "{error}"
        );
    }
}

#[test]
fn what_is_no_system_and_what_are_two() {
    for none in [
        &[][..],
        &[("CI", "true")],
        &[
            ("CIRCLECI", ""),
            ("GITHUB_ACTIONS", ""),
            ("JENKINS_URL", ""),
        ],
        &[("GITHUB_ACTIONS", "false")],
        // What GitLab and Woodpecker both set is neither's sign.
        &[("CI_COMMIT_SHA", SHA), ("CI_COMMIT_BRANCH", "main")],
    ] {
        assert_eq!(with(none, detect), Ok(None), "{none:?}");
    }
    let both = changed(JENKINS, GITHUB);
    let error = with(&both, detect).expect_err("two");
    assert!(error.message.contains("Jenkins (`JENKINS_URL`)"), "{error}");
    assert!(
        error.message.contains("GitHub Actions (`GITHUB_ACTIONS`)"),
        "{error}"
    );
    assert!(
        error.help.contains("`GREENLIGHT_CI=jenkins`"),
        "{}",
        error.help
    );
    for (system, word) in System::ALL {
        let choice = [(CHOICE, word)];
        let settled = changed(&both, &choice);
        assert_eq!(with(&settled, detect), Ok(Some((system, CHOICE))));
    }
    assert_eq!(with(&changed(&both, &[(CHOICE, "none")]), detect), Ok(None));
    with(&[(CHOICE, "travis")], detect).expect_err("unknown");
    // Early releases of Woodpecker are Drone to those who look for that.
    let woodpecker = changed(DRONE, WOODPECKER);
    assert_eq!(
        with(&woodpecker, detect),
        Ok(Some((System::Woodpecker, "CI")))
    );
}
