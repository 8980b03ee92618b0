//! A history as JSON: what happened to a release so far, for `decide --history`.
//!
//! `{"schema": "greenlight.history/1", "events": [{"at": 0, "happening": {…}}]}`. A happening is an
//! object with one key, its kind. Unknown keys are refused: a misspelt key would be a fact without effect.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;

use super::Error;
use crate::contract::history::Event;
use crate::contract::promotion;

/// The longest history that is read, in bytes.
const LONGEST: u64 = 4 << 20;

/// What the document says that it is.
const SCHEMA: &str = "greenlight.history/1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: String,
    events: Vec<Event>,
}

/// Reads a history from a file.
///
/// # Errors
///
/// If the file can't be read, or is not a history of this version.
pub fn from_file(path: &Path) -> Result<Vec<promotion::Event>, Error> {
    let name = path.display();
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text))
        .map_err(|error| {
            Error::new(
                format!("failed to read the history from `{name}`: {error}"),
                "name a file that holds a history as JSON",
            )
        })?;
    if text.len() as u64 > LONGEST {
        return Err(Error::new(
            format!(
                "the history in `{name}` is longer than {} MiB",
                LONGEST >> 20
            ),
            "a release has a few hundred events; leave out the events of other releases",
        ));
    }
    parse(&text).map_err(|why| {
        Error::new(
            format!("failed to read the history from `{name}`: {why}"),
            format!("write it as `{SCHEMA}`; see `greenlight schema history`"),
        )
    })
}

fn parse(text: &str) -> Result<Vec<promotion::Event>, String> {
    let document: Document = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if document.schema != SCHEMA {
        return Err(format!("its schema is `{}`", document.schema));
    }
    Ok(document.events.into_iter().map(Into::into).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(events: &str) -> String {
        parse(&format!(
            r#"{{"schema": "{SCHEMA}", "events": [{events}]}}"#
        ))
        .expect_err("wrong")
    }

    #[test]
    fn every_kind_of_happening() {
        let events = include_str!("../../../tests/cases/history.json");
        let events = parse(events).expect("a history");
        let kinds: Vec<_> = events
            .iter()
            .map(|event| std::mem::discriminant(&event.happening))
            .collect();
        assert_eq!(kinds.len(), 12);
        for (place, kind) in kinds.iter().enumerate().take(9) {
            assert!(
                !kinds[..place].contains(kind),
                "event {place} repeats a kind"
            );
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let events = include_str!("../../../tests/cases/history.json");
        for event in parse(events).expect("a history") {
            let text = serde_json::to_string(&Event::from(&event)).expect("JSON");
            let read: Event = serde_json::from_str(&text).expect(&text);
            assert_eq!(
                format!("{:?}", promotion::Event::from(read)),
                format!("{event:?}")
            );
        }
    }

    #[test]
    fn unknown_keys_and_values_are_named() {
        for (events, said) in [
            (r#"{"at": 0, "happened": {}}"#, "unknown field `happened`"),
            (
                r#"{"at": 0, "happening": {"exploded": 1}}"#,
                "unknown variant `exploded`",
            ),
            (r#"{"at": -1, "happening": {"waited": 1}}"#, "invalid value"),
            (
                r#"{"at": 0, "happening": {"intervened": "maybe"}}"#,
                "`maybe` is none of `approved`",
            ),
            (
                r#"{"at": 0, "happening": {"overtaken": {"environment": "prod"}}}"#,
                "missing field `commit`",
            ),
        ] {
            let message = wrong(events);
            assert!(message.contains(said), "{message}");
        }
    }

    #[test]
    fn other_documents_are_not_histories() {
        assert!(
            parse(r#"{"schema": "greenlight.history/2", "events": []}"#)
                .is_err_and(|why| why.contains("greenlight.history/2"))
        );
        assert!(parse("[]").is_err());
        assert!(parse("").is_err());
    }
}
