//! Errors of a configuration file, with the next thing to do.

/// Says what is wrong, and what to do about it.
///
/// A key that is not known comes with the nearest one that is. The names stand in
/// backticks in serde's own words: unknown field "x", expected one of "a", "b".
pub fn explained(error: &toml::de::Error) -> (String, String) {
    let text = error.to_string();
    let help = nearest(error.message()).map_or_else(
        || "see `greenlight schema config` for what it can say".to_owned(),
        |name| format!("did you mean `{name}`?"),
    );
    // The parser's own picture of the place has several lines; the first says where.
    let place = text.lines().next().unwrap_or_default();
    let place = place.strip_prefix("TOML parse error ").unwrap_or(place);
    (
        format!("{} ({place})", error.message().replace('\n', ", ")),
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
