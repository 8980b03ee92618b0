//! Histories as the JSON document that `greenlight decide --history` reads.

use super::super::contract::promotion::{
    Convergence, Event, Happening, LoadTestResult, Measurement, Node, NodeVersion,
};

/// The whole document.
pub fn history(history: &[Event]) -> String {
    let events: Vec<String> = history
        .iter()
        .map(|event| {
            let what = happening(&event.happening);
            format!("  {{\"at\": {}, \"happening\": {{{what}}}}}", event.at)
        })
        .collect();
    format!(
        "{{\"schema\": \"greenlight.history/2\", \"events\": [\n{}\n]}}",
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

fn happening(happening: &Happening) -> String {
    match happening {
        Happening::Deployed(it) => format!(
            "\"deployed\": {{\"environment\": {:?}, \"commit\": {:?}, \"digest\": {}, \"outcome\": \"{}\"}}",
            it.environment,
            it.commit,
            optional(it.digest.as_ref().map(|it| format!("{it:?}"))),
            word(&format!("{:?}", it.outcome))
        ),
        Happening::Observed(it) => format!(
            "\"observed\": {{\"environment\": {:?}, \"convergence\": {{{}}}, \"times\": {}}}",
            it.environment,
            convergence(&it.convergence),
            it.times
        ),
        Happening::LoadTested(it) => format!(
            "\"load-tested\": {{\"environment\": {:?}, \"result\": {{{}}}}}",
            it.environment,
            match &it.result {
                LoadTestResult::Judged(verdict) =>
                    format!("\"judged\": \"{}\"", word(&format!("{verdict:?}"))),
                LoadTestResult::Measured(it) => format!("\"measured\": {}", measurement(it)),
            }
        ),
        Happening::Notified(it) => format!(
            "\"notified\": {{\"key\": {:?}, \"outcome\": \"{}\"}}",
            it.key,
            word(&format!("{:?}", it.outcome))
        ),
        Happening::Waited(seconds) => format!("\"waited\": {seconds}"),
        Happening::Overtaken(it) => {
            format!("\"overtaken\": {}", rival(&it.environment, &it.commit))
        }
        Happening::Unplaced(it) => format!("\"unplaced\": {}", rival(&it.environment, &it.commit)),
        Happening::Occupied(it) => format!(
            "\"occupied\": {{\"environment\": {:?}, \"commit\": {:?}, \"load-test\": {}}}",
            it.environment,
            it.commit,
            optional(it.load_test.as_ref().map(|it| {
                format!(
                    "{{\"left\": {}}}",
                    optional(it.left.map(|it| it.to_string()))
                )
            }))
        ),
        Happening::Intervened(it) => {
            format!("\"intervened\": \"{}\"", word(&format!("{it:?}")))
        }
        Happening::Contains(it) => format!(
            "\"contains\": {{\"commit\": {:?}, \"deployment\": {}, \"cause\": \"{}\", \"certain\": {}}}",
            it.commit,
            it.deployment,
            word(&format!("{:?}", it.cause)),
            it.certain
        ),
        Happening::Waived(commit) => format!("\"waived\": {commit:?}"),
        Happening::Accompanied(it) => format!(
            "\"accompanied\": {{\"commit\": {:?}, \"action\": \"{}\"}}",
            it.commit,
            word(&format!("{:?}", it.action))
        ),
    }
}

fn rival(environment: &str, commit: &str) -> String {
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
    format!(
        "{{\"requests\": {}, \"failures\": {}, \"exceptions\": {}, \"duration\": {}, \"p95\": {}, \
         \"broken-thresholds\": {:?}, \"exit-status\": {}, \"complete\": {}, \"versions\": {:?}}}",
        it.requests,
        it.failures,
        it.exceptions,
        it.duration,
        optional(it.p95.map(|it| it.to_string())),
        it.broken_thresholds,
        optional(it.exit_status.map(|it| it.to_string())),
        it.complete,
        it.versions
    )
}

fn optional(text: Option<String>) -> String {
    text.unwrap_or_else(|| "null".to_owned())
}
