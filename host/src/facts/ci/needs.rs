//! Job results in GitHub's `needs` format.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Fact, Variables};
use crate::contract::environments::{Job, JobStatus};
use crate::error::{Error, Explain as _};

/// The variable that holds the results.
pub const NEEDS: &str = "GREENLIGHT_NEEDS";

/// One job. GitHub's `outputs` are not read.
#[derive(Deserialize)]
struct Need {
    result: Outcome,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Success,
    Failure,
    Cancelled,
    Skipped,
}

impl Outcome {
    fn status(self) -> JobStatus {
        match self {
            Self::Success => JobStatus::Passed,
            Self::Failure => JobStatus::Failed,
            Self::Cancelled => JobStatus::Canceled,
            Self::Skipped => JobStatus::Skipped,
        }
    }
}

/// Reads what `${{ toJSON(needs) }}` wrote: `{"JOB": {"result": "success", …}, …}`, with the results
/// `success`, `failure`, `cancelled` and `skipped`.
///
/// Source: <https://docs.github.com/actions/reference/workflows-and-actions/contexts#needs-context>.
///
/// # Errors
///
/// If the variable has another form or an unknown result, which must not count as passed. Also if it has no job: a
/// workflow that passes `needs` intends to wait for jobs.
pub fn read(variables: &Variables) -> Result<Vec<Fact<Job>>, Error> {
    let Some(bytes) = variables.bytes(NEEDS) else {
        return Ok(Vec::new());
    };
    let needs: BTreeMap<String, Need> = serde_json::from_slice(bytes.as_encoded_bytes()).explain(
        format_args!("failed to read job results from `{NEEDS}`"),
        format!("set it with `{NEEDS}: ${{{{ toJSON(needs) }}}}`, or name the jobs with `--job`"),
    )?;
    if needs.is_empty() {
        return Err(Error::new(
            format!("`{NEEDS}` is empty: this job waited for no other job"),
            "add `needs: [JOB, …]` to this job, so that a build is published only after them; or unset the \
             variable",
        ));
    }
    let job = |(name, need): (String, Need)| Fact {
        value: Job {
            name,
            status: need.result.status(),
        },
        source: NEEDS,
    };
    Ok(needs.into_iter().map(job).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{GITHUB, changed, read};
    use super::{JobStatus, NEEDS};

    #[test]
    fn needs_without_a_job_are_refused() {
        let error = read(&changed(GITHUB, &[(NEEDS, "{}")])).jobs;
        let error = error.expect_err("no job");
        assert!(error.message.contains("is empty") && error.help.contains("needs:"));
    }

    #[test]
    fn results_of_jobs_are_read() {
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
}
