//! A window as text for `greenlight.toml`.

/// Writes the table of a window. Without a zone, a comment takes its place, so that the configuration is refused until
/// it has one.
pub(super) fn table(allow: &[String], zone: Option<&str>) -> String {
    let allow: Vec<_> = allow.iter().map(|it| format!("\"{it}\"")).collect();
    let zone = match zone {
        Some(zone) => format!("zone = \"{zone}\""),
        None => "# zone: missing; run the command again with `--zone ZONE`".to_owned(),
    };
    format!(
        "[[window]]\nname = \"merge-hours\"\nallow = [{}]\n{zone}\n",
        allow.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_toml() {
        let allow = ["Mon-Thu 09:00-16:00", "Fri 09:00-13:00"].map(str::to_owned);
        let read = |zone| -> toml::Table { table(&allow, zone).parse().expect("TOML") };
        let with = read(Some("Europe/Berlin"));
        let window = with["window"][0].as_table().expect("a table");
        assert_eq!(window["name"].as_str(), Some("merge-hours"));
        assert_eq!(window["zone"].as_str(), Some("Europe/Berlin"));
        assert_eq!(window["allow"].as_array().expect("a list").len(), 2);
        assert!(
            !read(None)["window"][0]
                .as_table()
                .expect("a table")
                .contains_key("zone")
        );
    }
}
