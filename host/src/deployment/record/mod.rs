//! How an entry is stored: one JSON object with a format version, independent of what commands print.
//!
//! - Format 1 has no key `format`. Its decisions repeat `schema`, `tag` and `digest` of the command's output, and
//!   call the permission `verdict`.
//! - Format 2 has every list in every entry.
//! - Format 3: an entry may refer to the lists of an earlier entry; see [`repeats`].
//! - Format 4: one entry can stand for many repetitions of earlier entries, and an event can count several rounds.
//! - This version writes format 5: the events, settings and decisions of version 0.2 of the contract. [`upgrade`]
//!   converts entries of the formats before it.
//!
//! Every shape is written here, in snake case with values in kebab case, so that a journal stays readable when
//! the output of a command or a name of the contract changes. A change of a shape takes the next format, and
//! `read` keeps reading the ones before it.

pub(super) mod action_form;
pub(super) mod forms;
pub(super) mod load_test_forms;
pub(super) mod people_forms;
pub(super) mod repeats;
mod round_forms;
pub(super) mod settings_forms;
mod upgrade;
mod watch_forms;
mod window_forms;

use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::entry::Entry;

/// The format that is written.
const FORMAT: u32 = 5;

/// The keys of an entry that name its format, and the entry that has its lists.
#[derive(Deserialize)]
struct Version {
    #[serde(default = "first")]
    format: u32,
    #[serde(default)]
    same_as: Option<u64>,
}

fn first() -> u32 {
    1
}

/// Writes an entry in the newest format. `same_as` is the position of the entry that has its lists.
///
/// # Errors
///
/// If it can't be written as JSON.
pub fn write(entry: &Entry, same_as: Option<u64>) -> serde_json::Result<String> {
    // An entry is an object that is never empty: it has the key `entry`.
    let object = serde_json::to_string(entry)?;
    let same_as = same_as.map_or_else(String::new, |it| format!("\"same_as\":{it},"));
    Ok(object.replacen('{', &format!("{{\"format\":{FORMAT},{same_as}"), 1))
}

/// Reads an entry of any format up to the newest. Also returns the position of the entry that has its lists, if it
/// refers to another entry.
///
/// # Errors
///
/// If the entry has a later format, or the text is not an entry.
pub fn read(body: &str) -> Result<(Entry, Option<u64>), serde_json::Error> {
    let Version { format, same_as } = serde_json::from_str(body)?;
    if !(1..=FORMAT).contains(&format) {
        return Err(de::Error::custom(format!(
            "it has format {format}, and this version reads formats up to {FORMAT}"
        )));
    }
    let entry = if format < FORMAT {
        serde_json::from_value(upgrade::upgrade(serde_json::from_str(body)?))?
    } else {
        serde_json::from_str(body)?
    };
    Ok((entry, same_as))
}

/// A shape in which a value of the contract is stored.
pub(super) trait Form<T> {
    /// Writes a value in this shape.
    fn write<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads a value of this shape.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>;
}

/// Makes shapes usable in [`Many`] and [`Maybe`].
macro_rules! forms_of {
    ($($form:ident of $value:ident),* $(,)?) => { $(
        impl Form<$value> for $form {
            fn write<S: Serializer>(value: &$value, serializer: S) -> Result<S::Ok, S::Error> {
                $form::serialize(value, serializer)
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$value, D::Error> {
                $form::deserialize(deserializer)
            }
        }
    )* };
}

use forms_of;

/// A value that is written in a shape.
struct Written<'a, T, F>(&'a T, PhantomData<F>);

impl<T, F: Form<T>> Serialize for Written<'_, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        F::write(self.0, serializer)
    }
}

/// A value that is read from a shape.
struct Read<T, F>(T, PhantomData<F>);

impl<'de, T, F: Form<T>> Deserialize<'de> for Read<T, F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        F::read(deserializer).map(|value| Self(value, PhantomData))
    }
}

/// A list of values in a shape.
pub(super) struct Many<F>(PhantomData<F>);

impl<F> Many<F> {
    pub(super) fn serialize<T, S: Serializer>(values: &[T], to: S) -> Result<S::Ok, S::Error>
    where
        F: Form<T>,
    {
        to.collect_seq(values.iter().map(|it| Written::<T, F>(it, PhantomData)))
    }

    pub(super) fn deserialize<'de, T, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error>
    where
        F: Form<T>,
    {
        let values: Vec<Read<T, F>> = Vec::deserialize(from)?;
        Ok(values.into_iter().map(|it| it.0).collect())
    }
}

/// A value in a shape, or null.
pub(super) struct Maybe<F>(PhantomData<F>);

impl<F> Maybe<F> {
    #[expect(clippy::ref_option, reason = "serde hands over the field")]
    pub(super) fn serialize<T, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error>
    where
        F: Form<T>,
    {
        let written = value.as_ref().map(|it| Written::<T, F>(it, PhantomData));
        written.serialize(to)
    }

    pub(super) fn deserialize<'de, T, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error>
    where
        F: Form<T>,
    {
        let read: Option<Read<T, F>> = Option::deserialize(from)?;
        Ok(read.map(|it| it.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::promotion::{
        Action, Conclusion, Decision, EnvironmentStatus, Event, EventKind, InterventionKind,
        LoadTestRun, LoadTestStatus, NodeState, NodeStatus, Notice, Permission, Progress, Urgency,
    };
    use crate::contract::types::{Attribute, Evidence, Fact, Reason, Span, Verdict};
    use crate::deployment::entry::{Began, Details, Person};

    fn entries() -> Vec<Entry> {
        let actions = [
            Action::Deploy("stage".to_owned()),
            Action::Observe("stage".to_owned()),
            Action::LoadTest(LoadTestRun {
                environment: "stage".to_owned(),
                name: "smoke".to_owned(),
            }),
            Action::Notify(Notice {
                urgency: Urgency::Failure,
                key: "stopped".to_owned(),
                text: "it was stopped".to_owned(),
            }),
            Action::Wait(7),
            Action::Finish(Conclusion::Superseded),
        ];
        let decision = Decision {
            permission: Permission::PromoteWithWarning,
            next: Action::Wait(1),
            reasons: vec![Reason {
                code: "load-test-failed".to_owned(),
                message: "it failed".to_owned(),
                evidence: vec![
                    Evidence::Label(Span { start: 1, end: 2 }),
                    Evidence::Event(3),
                ],
                help: None,
            }],
            environments: vec![EnvironmentStatus {
                environment: "stage".to_owned(),
                progress: Progress::Converged,
                approved_by: vec!["Ada".to_owned()],
                load_tests: vec![LoadTestStatus {
                    name: "smoke".to_owned(),
                    verdict: Verdict::Failed,
                }],
                watch: Some(Verdict::Passed),
                nodes: vec![NodeStatus {
                    name: "http://10.0.0.1".to_owned(),
                    state: NodeState::Current,
                }],
            }],
        };
        let ada = Person {
            name: "Ada".to_owned(),
            reason: Some("late".to_owned()),
            proven: false,
        };
        let mut entries = vec![
            Entry::Began(Began {
                greenlight: "0.1.0".to_owned(),
                policy: "sha256:0".to_owned(),
                tag: "stage-1".to_owned(),
                digest: None,
                instruction: None,
                commit: "1".to_owned(),
                subject: Some("Fix the cart".to_owned()),
                author: None,
                settings: crate::contract::settings::defaults(),
                urgent: None,
                authors: vec!["ada@example.org".to_owned()],
                facts: vec![Fact {
                    attribute: Attribute {
                        name: "paths".to_owned(),
                        value: "[]".to_owned(),
                    },
                    source: "git".to_owned(),
                }],
            }),
            Entry::Decided { now: 9, decision },
            Entry::Happened {
                event: Event {
                    at: 9,
                    kind: EventKind::Intervened(ada.intervention(InterventionKind::Approved)),
                },
                details: Details::Person(ada.clone()),
            },
            Entry::Interrupted,
            Entry::Concluded {
                conclusion: Conclusion::PromotedWithWarning,
            },
        ];
        entries.extend(actions.clone().map(|effect| Entry::Started { effect }));
        entries.extend(actions.map(|effect| Entry::Resumed {
            interrupted: Some(effect),
            repeated: true,
        }));
        entries
    }

    #[test]
    fn what_is_written_is_read_back() {
        for entry in entries() {
            let body = write(&entry, None).expect("JSON");
            assert!(body.starts_with("{\"format\":5,\"entry\":"), "{body}");
            assert_eq!(
                read(&body).expect("an entry"),
                (entry.clone(), None),
                "{body}"
            );
            let body = write(&entry, Some(7)).expect("JSON");
            assert_eq!(read(&body).expect("an entry"), (entry, Some(7)), "{body}");
        }
    }

    #[test]
    fn the_first_format_is_read() {
        let body = r#"{"entry":"decided","now":5,"decision":{"schema":"greenlight.decision/1",
            "tag":"stage-1","digest":null,"verdict":"hold","next":{"action":"wait","seconds":3},
            "reasons":[],"environments":[]}}"#;
        let decision = Decision {
            permission: Permission::Hold,
            next: Action::Wait(3),
            reasons: Vec::new(),
            environments: Vec::new(),
        };
        let entry = Entry::Decided { now: 5, decision };
        assert_eq!(read(body).expect("an entry"), (entry, None));
    }

    #[test]
    fn what_a_person_allows_keeps_whether_the_name_is_proven() {
        for (said, claimed) in [
            (
                r#"{"waived":{"commit":"1","by":"Ada","proven":true,"why":"late"}}"#,
                r#"{"waived":{"commit":"1","by":"Ada","why":"late"}}"#,
            ),
            (
                r#"{"excused":{"window":"hours","by":"Ada","proven":true,"why":"late"}}"#,
                r#"{"excused":{"window":"hours","by":"Ada","why":"late"}}"#,
            ),
        ] {
            let body = |kind: &str| {
                format!(
                    r#"{{"format":5,"entry":"happened","event":{{"at":9,"kind":{kind}}},"details":{{"of":"nothing"}}}}"#
                )
            };
            let read = |kind: &str| read(&body(kind)).expect("an entry").0;
            assert_eq!(write(&read(said), None).expect("JSON"), body(said));
            // Entries from before the field.
            let unsaid = write(&read(claimed), None).expect("JSON");
            assert_eq!(unsaid, body(said).replace("true", "false"));
        }
    }

    #[test]
    fn a_later_format_is_refused_by_its_number() {
        for (format, is_known) in [(0, false), (1, true), (2, true), (5, true), (6, false)] {
            let body = format!("{{\"format\":{format},\"entry\":\"interrupted\"}}");
            let read = read(&body);
            assert_eq!(read.is_ok(), is_known, "{read:?}");
            if let Err(error) = read {
                assert!(error.to_string().contains(&format!("format {format}")));
            }
        }
    }
}
