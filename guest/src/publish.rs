//! Decides whether a build is published, and under which tags.

use crate::bindings::environments::{Build, Job, JobStatus};
use crate::bindings::types::{Evidence, Reason, Settings};
use crate::tag;
use crate::validate::{is_commit, problems};

/// Names the tags to push for a build: one for each environment, in order, and `latest`. The first one
/// carries the load test action.
///
/// # Errors
///
/// Every reason against publishing, so that all of them can be fixed at once.
pub fn tags(build: &Build, settings: &Settings) -> Result<Vec<String>, Vec<Reason>> {
    let mut refusals = problems(settings);
    refusals.extend(commit(&build.commit));
    refusals.extend(branch(build.branch.as_deref(), settings));
    refusals.extend(build.jobs.iter().filter_map(job));
    refusals.extend(
        settings
            .required_jobs
            .iter()
            .filter_map(|name| missing(name, &build.jobs)),
    );
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let action = |place| (place == 0).then_some(build.action);
    let mut tags: Vec<_> = settings
        .environments
        .iter()
        .enumerate()
        .map(|(place, environment)| tag::write(&environment.name, action(place), &build.commit))
        .collect();
    tags.push(tag::LATEST.to_owned());
    Ok(tags)
}

fn commit(commit: &str) -> Option<Reason> {
    (!is_commit(commit)).then(|| {
        let shown: String = commit.chars().take(64).collect();
        Reason::new(
            "commit-malformed",
            format!("`{shown}` is not a full commit hash"),
        )
        .on(Evidence::Commit(shown))
        .help("give all 40 (or 64) lowercase hexadecimal digits, as `git rev-parse` prints them")
    })
}

fn branch(branch: Option<&str>, settings: &Settings) -> Option<Reason> {
    let publish = &settings.publish_branch;
    match branch {
        Some(branch) if branch == publish => None,
        Some(branch) => {
            let shown: String = branch.chars().take(200).collect();
            Some(
                Reason::new(
                    "branch-not-published",
                    format!(
                        "only builds of `{publish}` are published; this is a build of `{shown}`"
                    ),
                )
                .on(Evidence::Branch(shown))
                .on(Evidence::Setting("publish-branch".to_owned())),
            )
        }
        None => Some(
            Reason::new(
                "branch-unknown",
                format!(
                    "only builds of `{publish}` are published; the branch of this build is unknown"
                ),
            )
            .on(Evidence::Setting("publish-branch".to_owned()))
            .help("give the branch that was built with `--branch`"),
        ),
    }
}

fn job(job: &Job) -> Option<Reason> {
    let (code, how) = match job.status {
        JobStatus::Passed => return None,
        JobStatus::Failed => ("job-failed", "failed"),
        JobStatus::Canceled => ("job-canceled", "was canceled"),
        JobStatus::Skipped => ("job-skipped", "was skipped"),
        JobStatus::Running => ("job-running", "has not ended"),
    };
    Some(
        Reason::new(code, format!("the required job `{}` {how}", job.name))
            .on(Evidence::Job(job.name.clone())),
    )
}

fn missing(name: &str, jobs: &[Job]) -> Option<Reason> {
    (!jobs.iter().any(|job| job.name == name)).then(|| {
        Reason::new(
            "job-missing",
            format!("no status was given for the required job `{name}`"),
        )
        .on(Evidence::Job(name.to_owned()))
        .on(Evidence::Setting("required-jobs".to_owned()))
        .help(format!("give its status with `--job {name}=STATUS`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::types::LoadTestAction;
    use crate::fixtures::{SHA, settings};

    fn build(action: LoadTestAction) -> Build {
        Build {
            commit: SHA.to_owned(),
            branch: Some("main".to_owned()),
            action,
            jobs: Vec::new(),
            extra: Vec::new(),
            facts: Vec::new(),
        }
    }

    fn with_job(status: JobStatus) -> Build {
        let job = Job {
            name: "test".to_owned(),
            status,
        };
        Build {
            jobs: vec![job],
            ..build(LoadTestAction::Warn)
        }
    }

    fn codes(build: &Build, settings: &Settings) -> Vec<String> {
        let reasons = tags(build, settings).expect_err("refused");
        reasons.into_iter().map(|reason| reason.code).collect()
    }

    #[test]
    fn the_documented_tags() {
        for (action, first) in [
            (LoadTestAction::Abort, format!("stage-loadtest-abort-{SHA}")),
            (LoadTestAction::Warn, format!("stage-loadtest-warn-{SHA}")),
            (LoadTestAction::Skip, format!("stage-{SHA}")),
        ] {
            let expected = [first, format!("prod-{SHA}"), "latest".to_owned()];
            assert_eq!(
                tags(&build(action), &settings()).expect("published"),
                expected
            );
        }
    }

    #[test]
    fn only_the_publish_branch() {
        let other = Build {
            branch: Some("maintenance".to_owned()),
            ..build(LoadTestAction::Warn)
        };
        assert_eq!(codes(&other, &settings()), ["branch-not-published"]);
        let unknown = Build {
            branch: None,
            ..build(LoadTestAction::Warn)
        };
        assert_eq!(codes(&unknown, &settings()), ["branch-unknown"]);
        let set = Settings {
            publish_branch: "maintenance".to_owned(),
            ..settings()
        };
        assert!(tags(&other, &set).is_ok());
    }

    #[test]
    fn only_when_every_required_job_passed() {
        assert!(tags(&with_job(JobStatus::Passed), &settings()).is_ok());
        for (status, code) in [
            (JobStatus::Failed, "job-failed"),
            (JobStatus::Canceled, "job-canceled"),
            (JobStatus::Skipped, "job-skipped"),
            (JobStatus::Running, "job-running"),
        ] {
            let reasons = tags(&with_job(status), &settings()).expect_err("refused");
            assert_eq!(reasons[0].code, code);
            assert!(
                reasons[0].message.contains("`test`"),
                "{}",
                reasons[0].message
            );
        }
    }

    #[test]
    fn a_required_job_without_a_status() {
        let set = Settings {
            required_jobs: vec!["lint".to_owned()],
            ..settings()
        };
        assert_eq!(codes(&with_job(JobStatus::Passed), &set), ["job-missing"]);
    }

    #[test]
    fn every_reason_at_once() {
        let mut wrong = with_job(JobStatus::Failed);
        wrong.commit = "HEAD".to_owned();
        wrong.branch = None;
        assert_eq!(
            codes(&wrong, &settings()),
            ["commit-malformed", "branch-unknown", "job-failed"]
        );
    }
}
