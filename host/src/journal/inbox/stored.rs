//! How states are stored: as a word, and columns of which each state uses some.

use std::time::Duration;

use super::{Hint, HintState, StartState};
use crate::journal::lease::milliseconds;
use crate::journal::{Error, Holder, Result};

/// The words of states in which a start is not over.
pub const OPEN: &str = "('wanted', 'waiting', 'starting', 'retrying')";

/// The columns of a start's state.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// The state's word.
    pub word: String,
    /// Why it is so.
    pub why: Option<String>,
    /// The attempt that is being made.
    pub attempt: Option<u32>,
    /// When to go on, in milliseconds since 1970.
    pub again_at: u64,
    /// What was started.
    pub reference: Option<String>,
    /// How it ended.
    pub finished: Option<String>,
}

impl From<&StartState> for Columns {
    fn from(state: &StartState) -> Self {
        let columns = |word: &str, why: Option<&String>, again_at: &u64| Self {
            word: word.to_owned(),
            why: why.cloned(),
            again_at: *again_at,
            ..Self::default()
        };
        match state {
            StartState::Wanted => columns("wanted", None, &0),
            StartState::Waiting { why, again_at } => columns("waiting", Some(why), again_at),
            StartState::Starting {
                attempt,
                why,
                again_at,
            } => Self {
                attempt: Some(*attempt),
                ..columns("starting", why.as_ref(), again_at)
            },
            StartState::Retrying { why, again_at } => columns("retrying", Some(why), again_at),
            StartState::Started {
                reference,
                finished,
            } => Self {
                reference: Some(reference.clone()),
                finished: finished.clone(),
                ..columns("started", None, &0)
            },
            StartState::Stopped { why } => columns("stopped", Some(why), &0),
            StartState::Unknown { why } => columns("unknown", Some(why), &0),
        }
    }
}

impl Columns {
    /// Reads the state that was stored.
    pub fn state(self) -> Result<StartState> {
        let again_at = self.again_at;
        match (self.word.as_str(), self.why, self.reference) {
            ("wanted", ..) => Ok(StartState::Wanted),
            ("waiting", Some(why), _) => Ok(StartState::Waiting { why, again_at }),
            ("starting", why, _) => Ok(StartState::Starting {
                attempt: self.attempt.unwrap_or_default(),
                why,
                again_at,
            }),
            ("retrying", Some(why), _) => Ok(StartState::Retrying { why, again_at }),
            ("started", _, Some(reference)) => Ok(StartState::Started {
                reference,
                finished: self.finished,
            }),
            ("stopped", Some(why), _) => Ok(StartState::Stopped { why }),
            ("unknown", Some(why), _) => Ok(StartState::Unknown { why }),
            (word, ..) => Err(strange(word)),
        }
    }
}

/// Reads the state of a hint that was stored.
pub fn hint_state(
    word: &str,
    why: Option<String>,
    again_at: u64,
    start: Option<u64>,
) -> Result<HintState> {
    match (word, why, start) {
        ("pending", why, _) => Ok(HintState::Pending { why, again_at }),
        ("ignored", Some(why), _) => Ok(HintState::Ignored { why }),
        ("wanted", _, Some(start)) => Ok(HintState::Wanted { start }),
        _ => Err(strange(word)),
    }
}

/// What a word is that no state has.
pub fn strange(word: &str) -> Error {
    Error::Wrong(format!("its inbox has a state `{word}` that can't be read"))
}

/// What a hint is told apart by: repository, tag, and a digest that is empty where there is none.
pub fn key(hint: &Hint) -> (&str, &str, &str) {
    (&hint.repository, &hint.tag, or_empty(hint.digest.as_ref()))
}

/// No digest is stored as an empty one, so that it is told apart like any other.
pub fn or_empty(digest: Option<&String>) -> &str {
    digest.map_or("", String::as_str)
}

/// A digest that was stored.
pub fn digest(stored: String) -> Option<String> {
    Some(stored).filter(|digest| !digest.is_empty())
}

/// A number that a database can count to.
pub fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A number of attempts that was stored.
pub fn attempts(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(u32::MAX)
}

/// How long a claim lasts, in milliseconds.
pub fn span(time_to_live: Duration) -> i64 {
    milliseconds(time_to_live).cast_signed()
}

/// Those holders whose claims end at once.
pub fn dead(holders: Vec<String>) -> Vec<String> {
    let mut holders = holders;
    holders.retain(|holder| Holder::is_known_dead(holder));
    holders
}

/// Makes the key of a new start's request.
pub fn request() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// Refuses what one of the databases can't store, in both.
pub fn without_nul<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<()> {
    if texts.into_iter().any(|text| text.contains('\0')) {
        return Err(Error::Wrong(
            "a text for the inbox has a NUL character".to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_comes_back() {
        let why = || "a reason".to_owned();
        for state in [
            StartState::Wanted,
            StartState::Waiting {
                why: why(),
                again_at: 7,
            },
            StartState::Starting {
                attempt: 2,
                why: Some(why()),
                again_at: 8,
            },
            StartState::Starting {
                attempt: 1,
                why: None,
                again_at: 0,
            },
            StartState::Retrying {
                why: why(),
                again_at: 9,
            },
            StartState::Started {
                reference: "42".to_owned(),
                finished: None,
            },
            StartState::Started {
                reference: "42".to_owned(),
                finished: Some("promoted".to_owned()),
            },
            StartState::Stopped { why: why() },
            StartState::Unknown { why: why() },
        ] {
            assert_eq!(Columns::from(&state).state(), Ok(state));
        }
    }

    #[test]
    fn what_was_never_stored_is_refused() {
        for word in ["", "waiting", "started", "stopped", "elsewhere"] {
            let columns = Columns {
                word: word.to_owned(),
                ..Columns::default()
            };
            assert!(matches!(columns.state(), Err(Error::Wrong(_))), "{word}");
        }
        for word in ["", "ignored", "wanted"] {
            let state = hint_state(word, None, 0, None);
            assert!(matches!(state, Err(Error::Wrong(_))), "{word}");
        }
    }
}
