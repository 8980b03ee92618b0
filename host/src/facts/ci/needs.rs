//! Job results in GitHub's `needs` format.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::Error;
use super::{Fact, Variables};
use crate::contract::environments::{Job, JobStatus};

/// The variable with the results.
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
/// If it has another form or an unknown result, which must not count as passed; or if it has no job, because a
/// workflow that passes `needs` intends to wait for jobs.
pub fn read(variables: &Variables) -> Result<Vec<Fact<Job>>, Error> {
    let Some(bytes) = variables.bytes(NEEDS) else {
        return Ok(Vec::new());
    };
    let needs: BTreeMap<String, Need> =
        serde_json::from_slice(bytes.as_encoded_bytes()).map_err(|error| {
            Error::new(
                format!("failed to read job results from `{NEEDS}`: {error}"),
                format!(
                    "set it with `{NEEDS}: ${{{{ toJSON(needs) }}}}`, or name the jobs with `--job`"
                ),
            )
        })?;
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
