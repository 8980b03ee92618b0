//! JSON that is safe to print, because logs show it.
//!
//! The characters that [`super::escape`] escapes are written as JSON escapes, so a reader gets the original text.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use super::escape::is_active;

/// Writes a value as a document of several lines.
///
/// # Errors
///
/// If the value has a key that is not a string, which no value of this program has.
pub fn pretty(value: &impl Serialize) -> io::Result<String> {
    written(value, Escaped(PrettyFormatter::new()))
}

/// Writes a value in one line, for JSON Lines.
///
/// # Errors
///
/// As [`pretty`].
pub fn line(value: &impl Serialize) -> io::Result<String> {
    written(value, Escaped(CompactFormatter))
}

fn written(value: &impl Serialize, formatter: impl Formatter) -> io::Result<String> {
    let mut bytes = Vec::with_capacity(512);
    value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter))?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(io::Error::other)
}

struct Escaped<F>(F);

macro_rules! pass_on {
    ($($name:ident($($argument:ident: $ty:ty),*);)*) => {
        $(fn $name<W: ?Sized + io::Write>(&mut self, writer: &mut W $(, $argument: $ty)*) -> io::Result<()> {
            self.0.$name(writer $(, $argument)*)
        })*
    };
}

impl<F: Formatter> Formatter for Escaped<F> {
    pass_on! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        begin_object_value();
        end_object_value();
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, wide)) = next_active(rest) {
            writer.write_all(&rest.as_bytes()[..at])?;
            let mut units = [0; 2];
            let mut chars = rest[at..].chars();
            for unit in chars
                .next()
                .into_iter()
                .flat_map(|c| c.encode_utf16(&mut units).to_vec())
            {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + wide..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Finds the next character to escape: its place, and its width in bytes.
fn next_active(text: &str) -> Option<(usize, usize)> {
    // Most text is plain, and a replay writes much of it, so this check has no branch for each byte.
    let plain = |byte: &u8| matches!(byte, b' '..=b'"' | b'$'..=b'~');
    if text
        .as_bytes()
        .iter()
        .fold(true, |all, byte| all & plain(byte))
    {
        return None;
    }
    let mut before = '\0';
    for (at, c) in text.char_indices() {
        if is_active(c) || (c == '#' && before == '#') {
            return Some((at, c.len_utf8()));
        }
        before = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_reader_gets_the_text_back_and_a_log_gets_nothing_active(text in any::<String>()) {
            let json = line(&text).expect("a string");
            prop_assert_eq!(&serde_json::from_str::<String>(&json).expect("JSON"), &text);
            prop_assert!(!json.trim_end_matches('\n').contains(is_active));
            prop_assert!(!json.contains("##"));
        }
    }

    #[test]
    fn runner_commands_are_broken_up() {
        assert_eq!(line(&"##[error]").expect("JSON"), "\"#\\u0023[error]\"\n");
        assert_eq!(line(&"###vso[").expect("JSON"), "\"#\\u0023#vso[\"\n");
    }
}
