//! Every request is answered.
//!
//! - A webhook gets 202 or 503, unless the server was killed or stopped in the meantime.
//! - A command ends with one of its documented exit statuses, unless it was killed. With an idempotency key and the
//!   exit status 0, the journal has the deployment, or the release was live already. A deployment with the same key is
//!   no reason to refuse the command. After `cancel` with status 0, the
//!   deployment is canceled.
//! - At rest every deployment has ended and has no records after its end, and the list of deployments agrees with them.

use greenlight::contract::promotion::Conclusion;
use greenlight::deployment::entry::Entry;

use crate::effects::{Answer, Effect};
use crate::history::{History, Violations};
use crate::rest;

const PROMISE: &str = "every request is answered";

/// The exit statuses of `run` and `cancel`.
const STATUSES: [i32; 6] = [0, 1, 2, 4, 74, 75];

pub fn check(history: &History) -> Violations {
    let mut found = Violations::of(PROMISE);
    for (at, effect) in history.effects.iter().enumerate() {
        match effect {
            Effect::Webhook {
                tag,
                status,
                excused,
                ..
            } => {
                let is_answer = matches!(status, Some(202 | 503)) || (status.is_none() && *excused);
                if !is_answer {
                    found.add(
                        format!("the webhook of {tag} got {status:?}"),
                        &[],
                        Some(at),
                    );
                }
            }
            Effect::Answered(answer) => {
                if let Some(why) = of_command(history, answer) {
                    found.add(why, &[], Some(at));
                }
            }
            _ => {}
        }
    }
    for (number, recorded) in &history.deployments {
        let ends: Vec<_> = recorded
            .entries
            .iter()
            .filter_map(|it| match &it.entry {
                Entry::Concluded { conclusion } => Some(*conclusion),
                _ => None,
            })
            .collect();
        let why = match (&ends[..], recorded.header.conclusion) {
            ([], Some(Conclusion::Canceled)) if recorded.entries.is_empty() => None,
            ([one], Some(other)) if *one == other => {
                let last = recorded.entries.last().map(|it| &it.entry);
                let is_last = matches!(last, Some(Entry::Concluded { .. }));
                (!is_last).then(|| "has records after its end".to_owned())
            }
            (ends, conclusion) => Some(format!("ended {ends:?}, and the list has {conclusion:?}")),
        };
        if let Some(why) = why {
            found.add(format!("deployment {number} {why}"), &[*number], None);
        }
    }
    for open in rest::open(history) {
        found.add(format!("at rest, {open}"), &[], None);
    }
    found
}

fn of_command(history: &History, answer: &Answer) -> Option<String> {
    let line = answer.arguments.join(" ");
    if answer.silent {
        return Some(format!("`{line}` did not end"));
    }
    if answer.killed {
        return None;
    }
    let status = answer.status.filter(|it| STATUSES.contains(it));
    let Some(status) = status else {
        return Some(format!(
            "`{line}` ended with {:?}: {}",
            answer.status, answer.said
        ));
    };
    let arguments: Vec<_> = answer.arguments.iter().map(String::as_str).collect();
    if let (2, ["run", "--tag", _, "--request", key, ..]) = (status, &arguments[..])
        && history.deployments.values().any(|it| {
            let refusal = format!("deployment {} of this tag has not ended", it.header.number);
            it.header.request.as_deref() == Some(key) && answer.said.contains(&refusal)
        })
    {
        return Some(format!(
            "`{line}` was refused because of its own deployment"
        ));
    }
    if status != 0 {
        return answer
            .said
            .trim()
            .is_empty()
            .then(|| format!("`{line}` ended with {status} and said nothing"));
    }
    match arguments[..] {
        ["cancel", number, ..] => {
            let number = number.parse().expect("a number");
            let header = history.deployments.get(&number).map(|it| &it.header);
            let is_canceled = header.is_some_and(|it| it.conclusion == Some(Conclusion::Canceled));
            (!is_canceled).then(|| format!("`{line}` said that it canceled: {}", answer.said))
        }
        ["run", "--tag", _, "--request", key, ..] => {
            let mut all = history.deployments.values();
            let is_begun = all.any(|it| it.header.request.as_deref() == Some(key));
            let is_live = answer.said.contains("is live already");
            (!is_begun && !is_live).then(|| format!("`{line}` began nothing: {}", answer.said))
        }
        _ => None,
    }
}
