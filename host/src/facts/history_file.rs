//! Reads the history of a release from a JSON file, for `decide --history`.
//!
//! `{"schema": "greenlight.history/3", "events": [{"at": 0, "kind": {…}}]}`. A kind is an object with
//! one key, which names the kind of event. Unknown keys are refused, because a misspelled key would hide a fact.

use std::path::Path;

use serde::Deserialize;

use crate::contract::history::History;
use crate::contract::promotion;
use crate::error::{Error, Explain as _};
use crate::limits::{self, file};

/// The part of a document that every version has.
#[derive(Deserialize)]
struct Version {
    schema: String,
}

/// Reads a history from a file.
///
/// # Errors
///
/// If the file can't be read, or is not a history of this version.
pub fn from_file(path: &Path) -> Result<Vec<promotion::Event>, Error> {
    let name = path.display();
    let text = file::read_text(path, &limits::HISTORY).explain(
        format_args!("failed to read the history from `{name}`"),
        "name a file that holds a history as JSON",
    )?;
    parse(&text)
        .map_err(|error| error.within(format_args!("failed to read the history from `{name}`")))
}

/// Parses a history.
pub(super) fn parse(text: &str) -> Result<Vec<promotion::Event>, Error> {
    let schema = History::SCHEMA;
    let help = format!("expected a `{schema}` document; see `greenlight schema history`");
    let wrong = |error: serde_json::Error| {
        // Serde's word for a key.
        let message = error.to_string();
        let message = message.replacen("unknown field `", "unknown key `", 1);
        Error::new(message, &help).because(error)
    };
    let version: Version = serde_json::from_str(text).map_err(wrong)?;
    if matches!(
        &*version.schema,
        "greenlight.history/1" | "greenlight.history/2"
    ) {
        return Err(Error::new(
            format!(
                "its version is `{}`, and this program reads `{schema}`",
                version.schema
            ),
            format!(
                "convert it: set `schema` to `{schema}`, rename `happening` to `kind`, `overtaken` to `superseded`, \
                 `unplaced` to `diverged` and `occupied` to `locked`, and see `greenlight schema history` for the other \
                 events"
            ),
        ));
    }
    if version.schema != schema {
        return Err(Error::new(
            format!("its schema is `{}`, not `{schema}`", version.schema),
            help,
        ));
    }
    let history: History = serde_json::from_str(text).map_err(wrong)?;
    Ok(history.events.into_iter().map(Into::into).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(events: &str) -> String {
        parse(&format!(
            r#"{{"schema": "{}", "events": [{events}]}}"#,
            History::SCHEMA
        ))
        .expect_err("wrong")
        .message
    }

    #[test]
    fn every_kind_of_event() {
        let events = include_str!("../../../tests/cases/history.json");
        let events = parse(events).expect("a history");
        let kinds: Vec<_> = events
            .iter()
            .map(|event| std::mem::discriminant(&event.kind))
            .collect();
        assert_eq!(kinds.len(), 21);
        for (place, kind) in kinds.iter().enumerate().take(18) {
            assert!(
                !kinds[..place].contains(kind),
                "event {place} repeats a kind"
            );
        }
    }

    #[test]
    fn an_older_version_is_refused_with_a_way_to_convert_it() {
        let newest = r#"{"schema": "greenlight.history/3", "events": [{"at": 0, "kind":
            {"superseded": {"environment": "prod", "commit": "8f94139338f9404f26296befa88755fc2598c289"}}}]}"#;
        parse(newest).expect("a history");
        for version in ["greenlight.history/1", "greenlight.history/2"] {
            let older = newest
                .replace("greenlight.history/3", version)
                .replace("kind", "happening")
                .replace("superseded", "overtaken");
            let Error {
                message: why, help, ..
            } = parse(&older).expect_err("an old one");
            assert!(why.contains(version) && why.contains("history/3`"), "{why}");
            let mut converted = older.replace(version, "greenlight.history/3");
            for (old, new) in [
                ("happening", "kind"),
                ("overtaken", "superseded"),
                ("unplaced", "diverged"),
                ("occupied", "locked"),
            ] {
                assert!(help.contains(&format!("`{old}` to `{new}`")), "{help}");
                converted = converted.replace(old, new);
            }
            parse(&converted).expect("as the help says");
        }
    }

    #[test]
    fn unknown_keys_and_values_are_named() {
        for (events, said) in [
            (r#"{"at": 0, "happened": {}}"#, "unknown key `happened`"),
            (
                r#"{"at": 0, "kind": {"exploded": 1}}"#,
                "unknown variant `exploded`",
            ),
            (r#"{"at": -1, "kind": {"waited": 1}}"#, "invalid value"),
            (
                r#"{"at": 0, "kind": {"intervened": {"kind": "maybe", "by": "Ada", "why": ""}}}"#,
                "`maybe` is not one of `approved`",
            ),
            (
                r#"{"at": 0, "kind": {"superseded": {"environment": "prod"}}}"#,
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
            parse(r#"{"schema": "greenlight.history/4", "events": []}"#)
                .is_err_and(|error| error.message.contains("greenlight.history/4"))
        );
        assert!(parse("[]").is_err());
        assert!(parse("").is_err());
    }
}
