//! Histories as the JSON document that `greenlight decide --history` reads.

use super::super::contract::promotion::{
    Convergence, Event, EventKind, LoadTestResult, Measurement, Node, NodeVersion, Window,
};

/// The whole document.
pub fn history(history: &[Event]) -> String {
    let events: Vec<String> = history
        .iter()
        .map(|event| {
            let what = kind(&event.kind);
            format!("  {{\"at\": {}, \"kind\": {{{what}}}}}", event.at)
        })
        .collect();
    format!(
        "{{\"schema\": \"greenlight.history/3\", \"events\": [\n{}\n]}}",
        events.join(",\n")
    )
}

/// Writes the name of a case as the contract does: `Outcome::TimedOut` is `timed-out`.
pub fn word(name: &str) -> String {
    let mut word = String::new();
    let name = name.rsplit("::").next().unwrap_or(name);
    for (place, character) in name.char_indices() {
        if character.is_ascii_uppercase() && place > 0 {
            word.push('-');
        }
        word.push(character.to_ascii_lowercase());
    }
    word
}

fn kind(kind: &EventKind) -> String {
    match kind {
        EventKind::Deployed(it) => format!(
            "\"deployed\": {{\"environment\": {:?}, \"commit\": {:?}, \"digest\": {}, \"outcome\": \"{}\"}}",
            it.environment,
            it.commit,
            optional(it.digest.as_ref().map(|it| format!("{it:?}"))),
            word(&format!("{:?}", it.outcome))
        ),
        EventKind::Observed(it) => format!(
            "\"observed\": {{\"environment\": {:?}, \"convergence\": {{{}}}, \"times\": {}}}",
            it.environment,
            convergence(&it.convergence),
            it.times
        ),
        EventKind::LoadTested(it) => format!(
            "\"load-tested\": {{\"environment\": {:?}, \"name\": {:?}, \"result\": {{{}}}}}",
            it.environment,
            it.name,
            match &it.result {
                LoadTestResult::Judged(verdict) =>
                    format!("\"judged\": \"{}\"", word(&format!("{verdict:?}"))),
                LoadTestResult::Measured(it) => format!("\"measured\": {}", measurement(it)),
            }
        ),
        EventKind::Notified(it) => format!(
            "\"notified\": {{\"key\": {:?}, \"outcome\": \"{}\"}}",
            it.key,
            word(&format!("{:?}", it.outcome))
        ),
        EventKind::Waited(seconds) => format!("\"waited\": {seconds}"),
        EventKind::Superseded(it) => {
            format!(
                "\"superseded\": {}",
                competing_release(&it.environment, &it.commit)
            )
        }
        EventKind::Diverged(it) => format!(
            "\"diverged\": {}",
            competing_release(&it.environment, &it.commit)
        ),
        EventKind::Locked(it) => format!(
            "\"locked\": {{\"environment\": {:?}, \"commit\": {:?}, \"load-test\": {}}}",
            it.environment,
            it.commit,
            optional(it.load_test.as_ref().map(|it| {
                format!(
                    "{{\"left\": {}}}",
                    optional(it.left.map(|it| it.to_string()))
                )
            }))
        ),
        EventKind::Intervened(it) => format!(
            "\"intervened\": {{\"kind\": \"{}\", \"by\": {:?}, \"why\": {:?}, \"environment\": {}, \"digest\": {}}}",
            word(&format!("{:?}", it.kind)),
            it.by,
            it.why,
            optional(it.environment.as_ref().map(|it| format!("{it:?}"))),
            optional(it.digest.as_ref().map(|it| format!("{it:?}")))
        ),
        EventKind::Asked(it) => format!(
            "\"asked\": {{\"key\": {:?}, \"environment\": {:?}, \"text\": {:?}}}",
            it.key, it.environment, it.text
        ),
        EventKind::Performed(it) => format!(
            "\"performed\": {{\"step\": {{\"name\": {:?}, \"environment\": {:?}, \"arguments\": []}}, \
             \"outcome\": \"{}\", \"exit-status\": null, \"answer\": null}}",
            it.step.name,
            it.step.environment,
            word(&format!("{:?}", it.outcome))
        ),
        EventKind::Excused(it) => format!(
            "\"excused\": {{\"window\": {:?}, \"by\": {:?}, \"proven\": {}, \"why\": {:?}}}",
            it.window, it.by, it.proven, it.why
        ),
        EventKind::Scheduled(it) => {
            let windows: Vec<String> = it.windows.iter().map(window).collect();
            format!(
                "\"scheduled\": {{\"windows\": [{}], \"known-until\": {}}}",
                windows.join(", "),
                it.known_until
            )
        }
        EventKind::Contains(it) => format!(
            "\"contains\": {{\"commit\": {:?}, \"deployment\": {}, \"cause\": \"{}\", \"certain\": {}}}",
            it.commit,
            it.deployment,
            word(&format!("{:?}", it.cause)),
            it.certain
        ),
        EventKind::Waived(it) => format!(
            "\"waived\": {{\"commit\": {:?}, \"by\": {:?}, \"proven\": {}, \"why\": {:?}}}",
            it.commit, it.by, it.proven, it.why
        ),
        EventKind::Accompanied(it) => format!(
            "\"accompanied\": {{\"commit\": {:?}, \"action\": \"{}\"}}",
            it.commit,
            word(&format!("{:?}", it.action))
        ),
        other => panic!("the histories have no such event: {other:?}"),
    }
}

fn window(it: &Window) -> String {
    let periods: Vec<String> = it
        .periods
        .iter()
        .map(|it| format!("{{\"start\": {}, \"end\": {}}}", it.start, it.end))
        .collect();
    format!(
        "{{\"name\": {:?}, \"kind\": \"{}\", \"environments\": {:?}, \"periods\": [{}], \"outside\": \"{}\", \
         \"why\": null, \"zone\": {:?}}}",
        it.name,
        word(&format!("{:?}", it.kind)),
        it.environments,
        periods.join(", "),
        word(&format!("{:?}", it.outside)),
        it.zone
    )
}

fn competing_release(environment: &str, commit: &str) -> String {
    format!("{{\"environment\": {environment:?}, \"commit\": {commit:?}}}")
}

fn convergence(convergence: &Convergence) -> String {
    match convergence {
        Convergence::Judged(judged) => format!("\"judged\": {judged}"),
        Convergence::Observed(nodes) => {
            let nodes: Vec<String> = nodes.iter().map(node).collect();
            format!("\"observed\": [{}]", nodes.join(", "))
        }
    }
}

fn node(node: &Node) -> String {
    let version = match &node.version {
        NodeVersion::Serves(commit) => format!("\"serves\": {commit:?}"),
        NodeVersion::Unreachable(cause) => format!("\"unreachable\": {cause:?}"),
    };
    format!("{{\"name\": {:?}, \"version\": {{{version}}}}}", node.name)
}

fn measurement(it: &Measurement) -> String {
    let total = format!(
        "{{\"requests\": {}, \"failures\": {}, \"mean\": {}, \"p50\": {}, \"p95\": {}, \"p99\": {}}}",
        it.total.requests,
        it.total.failures,
        optional(it.total.mean.map(|it| it.to_string())),
        optional(it.total.p50.map(|it| it.to_string())),
        optional(it.total.p95.map(|it| it.to_string())),
        optional(it.total.p99.map(|it| it.to_string()))
    );
    format!(
        "{{\"total\": {total}, \"exceptions\": {}, \"duration\": {}, \"broken-thresholds\": {:?}, \
         \"exit-status\": {}, \"complete\": {}, \"versions\": {:?}}}",
        it.exceptions,
        it.duration,
        it.broken_thresholds,
        optional(it.exit_status.map(|it| it.to_string())),
        it.complete,
        it.versions
    )
}

fn optional(text: Option<String>) -> String {
    text.unwrap_or_else(|| "null".to_owned())
}
