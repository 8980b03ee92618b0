//! Lines out of a stream of bytes.

use super::LINE_LIMIT;

/// Cuts a stream into lines. A line that is longer than [`LINE_LIMIT`] is handed over as soon as it is;
/// the rest of it is passed over.
#[derive(Default)]
pub struct Lines {
    line: Vec<u8>,
    /// The line was handed over already, and its end is still to come.
    cut: bool,
}

impl Lines {
    /// Takes the next bytes.
    pub fn take(&mut self, bytes: &[u8], hand: &mut dyn FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (piece, whole) = match piece.strip_suffix(b"\n") {
                Some(piece) => (piece, true),
                None => (piece, false),
            };
            if !self.cut {
                let room = LINE_LIMIT - self.line.len();
                self.line.extend_from_slice(&piece[..piece.len().min(room)]);
                if piece.len() > room {
                    hand(&String::from_utf8_lossy(without_torn(&self.line)));
                    self.cut = true;
                }
            }
            if whole {
                self.end(hand);
            }
        }
    }

    /// Takes the end of the stream: a last line may lack its line feed.
    pub fn finish(&mut self, hand: &mut dyn FnMut(&str)) {
        if !self.line.is_empty() {
            self.end(hand);
        }
    }

    fn end(&mut self, hand: &mut dyn FnMut(&str)) {
        if !self.cut {
            let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
            hand(&String::from_utf8_lossy(line));
        }
        self.line.clear();
        self.cut = false;
    }
}

/// Leaves out a character that the limit cut in two.
fn without_torn(line: &[u8]) -> &[u8] {
    match str::from_utf8(line) {
        Err(error) if error.error_len().is_none() => &line[..error.valid_up_to()],
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut found = Vec::new();
        let mut lines = Lines::default();
        for chunk in chunks {
            lines.take(chunk, &mut |line| found.push(line.to_owned()));
        }
        lines.finish(&mut |line| found.push(line.to_owned()));
        found
    }

    #[test]
    fn lines_end_with_a_line_feed_or_the_stream() {
        assert_eq!(lines(&[]), [""; 0]);
        assert_eq!(
            lines(&[b"a\nb", b"c\r\n", b"\n", b"d"]),
            ["a", "bc", "", "d"]
        );
        assert_eq!(lines(&[b"\xff\xc3", b"\xa4\n"]), ["\u{fffd}ä"]);
    }

    #[test]
    fn a_long_line_is_cut_once() {
        let full = "x".repeat(LINE_LIMIT);
        let text = format!("{full}\n{full}y\n{full}yyy");
        assert_eq!(
            lines(&[text.as_bytes(), b"z\nend"]),
            [&full, &full, &full, "end"]
        );
        let torn = format!("{}ää", "x".repeat(LINE_LIMIT - 1));
        assert_eq!(lines(&[torn.as_bytes()]), ["x".repeat(LINE_LIMIT - 1)]);
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(text in any::<Vec<u8>>(), size in 1_usize..9) {
            let chunks: Vec<_> = text.chunks(size).collect();
            prop_assert_eq!(lines(&chunks), lines(&[&text]));
        }
    }
}
