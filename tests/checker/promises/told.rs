//! A message is not sent twice.
//!
//! Slack accepts each text at most once for each deployment of the tag that the text names, even if the process is killed
//! after it sent the message and before it receives the answer.

use std::collections::BTreeMap;

use crate::effects::Effect;
use crate::history::{History, Violations};

const PROMISE: &str = "a message is not sent twice";

pub fn check(history: &History) -> Violations {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found = Violations::of(PROMISE);
    for (at, effect) in history.effects.iter().enumerate() {
        let Effect::Told { text } = effect else {
            continue;
        };
        let times = times.entry(text).or_default();
        *times += 1;
        let about = history.deployments.iter();
        let about = about.filter(|(_, it)| text.contains(&it.header.tag));
        let about: Vec<_> = about.map(|(number, _)| *number).collect();
        if *times > about.len() {
            found.add(
                format!(
                    "Slack accepted a message {times} times, about {} deployments: {text}",
                    about.len()
                ),
                &about,
                Some(at),
            );
        }
    }
    found
}
