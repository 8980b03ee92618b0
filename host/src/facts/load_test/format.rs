//! The tools whose results are understood.

use serde::Deserialize;

/// Which tool's files are read. Written as [`Format::word`] in configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Locust: `--json-file` or `--json`, and the files of `--csv`.
    Locust,
    /// k6: the data of `handleSummary` as JSON, or the file of `--summary-export`.
    K6,
}

impl Format {
    /// Every format, in the order in which they are documented.
    pub const ALL: [Self; 2] = [Self::Locust, Self::K6];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Locust => "locust",
            Self::K6 => "k6",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_from_its_word() {
        for format in Format::ALL {
            let word = format!("\"{}\"", format.name());
            assert_eq!(
                serde_json::from_str::<Format>(&word).expect("a format"),
                format
            );
        }
        assert!(serde_json::from_str::<Format>("\"Locust\"").is_err());
    }
}
