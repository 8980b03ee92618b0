//! The results of jobs that a system reports.

use super::*;

#[test]
fn woodpecker_and_drone_report_the_state_of_the_pipeline() {
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
fn needs_without_a_job_is_an_error() {
    let error = read(&changed(GITHUB, &[(NEEDS, "{}")])).jobs;
    let error = error.expect_err("no job");
    assert!(error.message.contains("is empty") && error.help.contains("needs:"));
}

#[test]
fn results_of_jobs_are_read_from_needs() {
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
