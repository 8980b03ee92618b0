//! Errors of the parser, with the place and the next thing to do.

use super::places::{Places, shown};

/// Says what is wrong and where, and what to do about it.
///
/// An unknown key comes with the nearest known one. The names are in backticks in serde's own words:
/// unknown field "x", expected one of "a", "b".
pub fn explained(error: &toml::de::Error, text: &str) -> (String, String) {
    let help = nearest(error.message()).map_or_else(
        || "see `greenlight schema config` for the keys and their values".to_owned(),
        |name| format!("did you mean `{name}`?"),
    );
    let places = Places::of(text);
    let place = error.span().map_or_else(String::new, |span| {
        let line = places.line_at(span.start);
        match places.key_at(&span) {
            Some(key) => format!("line {line}: `{}`: ", shown(&key)),
            None => format!("line {line}: "),
        }
    });
    (
        format!("{place}{}", error.message().replace('\n', ", ")),
        help,
    )
}

fn nearest(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("unknown field `")?;
    let (wrong, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2);
    known
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_if_one_is_near() {
        let said =
            |wrong: &str| format!("unknown field `{wrong}`, expected one of `deploy`, `nodes`");
        assert_eq!(nearest(&said("deplyo")), Some("deploy"));
        assert_eq!(nearest(&said("node")), Some("nodes"));
        assert_eq!(nearest(&said("color")), None);
        assert_eq!(nearest("missing field `name`"), None);
    }
}
