//! Interventions that people sent after the process of a deployment had ended. The process that resumes the deployment
//! records them.

use super::entry::{Details, Entry, Person};
use super::intervention;
use super::log::Dated;
use super::message::Message;
use super::timeline::{Note, Timeline};
use crate::journal::{self, Store};

/// Marks the timeline of a deployment that no process drives as interrupted, and adds the interventions that
/// people have sent since.
///
/// # Errors
///
/// Those of the store.
pub fn interrupt(
    timeline: &mut Timeline,
    store: &mut dyn Store,
    entries: &[Dated],
) -> journal::Result<()> {
    timeline.interrupt();
    let last = entries.iter().map(|it| match &it.entry {
        Entry::Happened {
            details: Details::Message { id },
            ..
        } => *id,
        _ => 0,
    });
    let sent = store.messages(timeline.number, last.max().unwrap_or_default())?;
    let is_canceled = entries.iter().any(|it| it.entry.is_cancellation());
    let said = sent.into_iter().filter_map(|it| {
        let text = match Message::read(&it.body) {
            Message::Intervene { intervention } => intervention::in_words(&intervention),
            Message::Cancel { by, reason, proven } if !is_canceled => {
                let person = Person {
                    name: by,
                    reason,
                    proven,
                };
                format!("canceled: {}", person.in_words())
            }
            Message::Cancel { .. } | Message::Supersede { .. } | Message::Unknown => return None,
        };
        Some(Note { at: it.at, text })
    });
    timeline.stored = said.collect();
    Ok(())
}
