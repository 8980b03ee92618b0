//! A text of whole lines that stays below a limit.

/// What is written where lines had to be left out.
const REST: &str = "\nThe rest is left out: there is more than a summary holds.\n";

/// Lines, as many as fit.
#[derive(Debug)]
pub struct Page {
    text: String,
    limit: usize,
    full: bool,
}

impl Page {
    /// An empty page of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            text: String::new(),
            limit: limit.saturating_sub(REST.len()),
            full: false,
        }
    }

    /// Adds a line; from the first one that does not fit, none is added any more.
    pub fn line(&mut self, line: &str) {
        self.full |= self.text.len() + line.len() + 1 > self.limit;
        if !self.full {
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    /// The text.
    pub fn finish(mut self) -> String {
        if self.full {
            self.text.push_str(REST);
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_or_none() {
        let mut page = Page::new(REST.len() + 4);
        page.line("abc");
        page.line("d");
        page.line("");
        assert_eq!(page.finish(), format!("abc\n{REST}"));
    }
}
