//! Diagnostics `near-miss` and `unknown-action`: texts that were probably meant as labels.
//!
//! A near miss changes nothing. This file searches the message; each family of rules has a file: `bracketed`,
//! `missing_brackets` and `action_first`.

mod action_first;
mod bracketed;
mod characters;
mod cursor;
mod deviation;
mod likeness;
mod missing_brackets;
mod parts;
#[cfg(test)]
mod tests;

use core::cell::Cell;

use crate::bindings::types::{Diagnostic, Severity};

use super::grammar::{Label, span, written};
use action_first::{action_first, may_be_action};
use bracketed::at_bracket;
use characters::{fold, invisible, opening};
use cursor::{begins_line, quote};
use missing_brackets::{at_key, may_be_trailer, trailer};
use parts::NearMiss;

/// The largest number of near misses that are listed; the others are counted.
const LISTED: usize = 50;

/// The largest number of places that are tried. It bounds the time that a hostile message takes.
const TRIED: usize = 20_000;

/// Finds texts that look like a label, outside the exact `labels`. Nothing is concluded from the end of a
/// truncated text.
pub(super) fn near_misses(text: &str, labels: &[Label], truncated: bool) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut first_unlisted = None;
    let mut unlisted = 0_usize;
    let tries = Cell::new(0);
    for found in search(text, labels, truncated, &tries) {
        if diagnostics.len() < LISTED {
            diagnostics.push(diagnostic(&found));
        } else {
            first_unlisted.get_or_insert(span(found.start, found.end));
            unlisted += 1;
        }
    }
    if unlisted > 0 {
        let what = if unlisted == 1 {
            "near miss is"
        } else {
            "near misses are"
        };
        diagnostics.push(Diagnostic {
            severity: Severity::Note,
            code: "more-near-misses".into(),
            message: format!("{unlisted} more {what} not listed"),
            span: first_unlisted,
            help: None,
        });
    }
    if tries.get() > TRIED {
        diagnostics.push(Diagnostic {
            severity: Severity::Warning,
            code: "search-ended".into(),
            message: format!(
                "more than {TRIED} places look like the start of a label; the rest of the message was \
                 not searched for near misses"
            ),
            span: None,
            help: None,
        });
    }
    diagnostics
}

fn diagnostic(found: &NearMiss) -> Diagnostic {
    let (code, message, help) = match found.meant {
        Some(action) => (
            "near-miss",
            format!(
                "this looks like a label but is not one: {}",
                found.deviations.words()
            ),
            written(action),
        ),
        None => (
            "unknown-action",
            "this looks like a label, but its action is unknown".into(),
            "write `[load test: abort]`, `[load test: skip]` or `[load test: warn]`".into(),
        ),
    };
    Diagnostic {
        severity: Severity::Warning,
        code: code.into(),
        message,
        span: Some(span(found.start, found.end)),
        help: Some(help),
    }
}

/// Walks through the text once and tries the rules wherever a near miss can begin.
fn search<'a>(
    text: &'a str,
    labels: &'a [Label],
    truncated: bool,
    tries: &'a Cell<usize>,
) -> impl Iterator<Item = NearMiss> + 'a {
    let mut at = 0;
    let mut labels = labels.iter().peekable();
    std::iter::from_fn(move || {
        while let Some(raw) = next_start(text, &mut at) {
            while labels.next_if(|label| label.end <= at).is_some() {}
            let label = labels.peek();
            if let Some(label) = label.filter(|label| label.start <= at) {
                at = label.end;
                continue;
            }
            tries.set(tries.get() + 1);
            if tries.get() > TRIED {
                return None;
            }
            let found = if opening(fold(raw).0).is_some() {
                at_bracket(text, at, truncated).or_else(|| action_first(text, at))
            } else {
                at_key(text, at).or_else(|| trailer(text, at, truncated))
            };
            let free = found.filter(|found| label.is_none_or(|label| found.end <= label.start));
            if let Some(found) = free {
                at = found.end;
                return Some(found);
            }
            at += raw.len_utf8();
        }
        None
    })
}

/// Moves to the next opening bracket, or to the next `l` that begins a word.
fn next_start(text: &str, at: &mut usize) -> Option<char> {
    let bytes = text.as_bytes();
    loop {
        let byte = *bytes.get(*at)?;
        let hit = match byte {
            b'[' | b'(' | b'{' | b'<' => may_hold_key(byte, &bytes[*at + 1..]),
            b'l' | b'L' => {
                may_be_key(&bytes[*at..], begins_line(text, *at)) && begins_word(text, *at)
            }
            0x80.. => {
                let raw = text.get(*at..)?.chars().next()?;
                let folded = fold(raw).0;
                if opening(folded).is_some() || (folded == 'l' && begins_word(text, *at)) {
                    return Some(raw);
                }
                *at += raw.len_utf8();
                continue;
            }
            _ => false,
        };
        if hit {
            return Some(char::from(byte));
        }
        *at += 1;
    }
}

/// Rules out most words of ordinary text: without a bracket before it, a key is spelled `load`, `test` comes
/// soon, and then a closing bracket, or else the line has nothing but a label. What is not ASCII may look
/// like anything.
fn may_be_key(word: &[u8], begins_line: bool) -> bool {
    /// More than the longest near miss, in bytes of ASCII.
    const REACH: usize = 160;

    let ahead = word.get(..word.len().min(REACH)).unwrap_or_default();
    let Some((load, rest)) = ahead.split_at_checked(4) else {
        return false;
    };
    if load.is_ascii() && !load.eq_ignore_ascii_case(b"load") {
        return false;
    }
    let mut next = rest
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    // `loads test` goes on with another letter.
    let test = !load.is_ascii()
        || next
            .next()
            .is_some_and(|byte| !byte.is_ascii() || matches!(byte, b't' | b'T' | b's' | b'S'));
    let closed = || rest.iter().any(|byte| *byte == b']' || !byte.is_ascii());
    test && (closed() || (begins_line && may_be_trailer(rest)))
}

/// Rules out most brackets of ordinary text by the two bytes behind them. Of `load` one letter may be
/// wrong, and behind a square bracket only, so an `l` or an `o` is among the first two. An action comes
/// first behind a square bracket only.
fn may_hold_key(bracket: u8, inside: &[u8]) -> bool {
    let byte = |at| inside.get(at).copied().unwrap_or_default();
    let known = |byte: u8| !byte.is_ascii() || matches!(byte, b'l' | b'L');
    let first = byte(0);
    if !first.is_ascii_alphanumeric() {
        return !first.is_ascii() || first.is_ascii_whitespace() || quote(char::from(first));
    }
    let near = |byte: u8| known(byte) || matches!(byte, b'o' | b'O');
    known(first)
        || (bracket == b'[' && (near(first) || near(byte(1)) || may_be_action(first, byte(1))))
}

/// Tells whether a key may begin here. After a bracket it belongs to the near miss of that bracket, and
/// `pre-load` or `ci/load` is a different word.
fn begins_word(text: &str, at: usize) -> bool {
    text.get(..at)
        .and_then(|before| before.chars().next_back())
        .is_none_or(|previous| {
            previous.is_whitespace()
                || invisible(previous)
                || quote(previous)
                || matches!(previous, ',' | ';' | ':' | '!' | '|')
        })
}

/// Tells whether a character is a bracket or looks like one.
#[cfg(test)]
pub(super) fn is_bracket(raw: char) -> bool {
    let folded = fold(raw).0;
    opening(folded)
        .or_else(|| characters::closing(folded))
        .is_some()
}
