//! The load tests in a summary.

use super::{Page, code, inert};
use crate::deployment::timeline::Timeline;
use crate::text::number::{grouped, share, short};
use crate::text::time;

/// Adds the numbers of each load test, and the numbers that a threshold limits.
pub(super) fn add(page: &mut Page, timeline: &Timeline) {
    let tests = &timeline.load_tests;
    if tests.is_empty() {
        return;
    }
    page.line("");
    page.line("### Load tests");
    page.line("");
    page.line("| environment | requests | failures | exceptions | p95 | duration | versions |");
    page.line("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
    for test in tests {
        let share = share(test.failures, test.requests).map(|share| format!(" ({share})"));
        let versions: Vec<_> = test
            .versions
            .iter()
            .map(|commit| code(&short(commit)))
            .collect();
        page.line(&format!(
            "| {} | {} | {}{} | {} | {} | {} | {} |",
            inert(&timeline.place_of(test)),
            grouped(test.requests),
            grouped(test.failures),
            share.unwrap_or_default(),
            grouped(test.exceptions),
            test.p95
                .map_or_else(|| "none".to_owned(), |p95| format!("{} ms", grouped(p95))),
            time::span(test.duration),
            versions.join(", "),
        ));
    }
    if tests.iter().all(|it| it.limits.is_empty()) {
        return;
    }
    page.line("");
    page.line("| environment | threshold | measured | limit |");
    page.line("| --- | --- | ---: | ---: |");
    for test in tests {
        for limit in &test.limits {
            page.line(&format!(
                "| {} | {} | {} | {} |",
                inert(&timeline.place_of(test)),
                inert(&limit.what()),
                limit.measured(),
                limit.limit(),
            ));
        }
    }
}
