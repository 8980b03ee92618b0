//! The link to the next page of a list: <https://www.rfc-editor.org/rfc/rfc8288>.

/// The address in a `Link` header that names the next page.
pub(super) fn target(header: &str) -> Option<&str> {
    let (target, parameters) = header.trim().strip_prefix('<')?.split_once('>')?;
    let mut parameters = parameters.split(';').map(str::trim);
    let next = parameters.any(|it| {
        it.split_once('=').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"') == "next"
        })
    });
    next.then_some(target)
}

/// The address as a URL, where it is one of the same registry: it is asked with the same authorization.
pub(super) fn resolved(base: &str, target: &str) -> Option<String> {
    let path = target.strip_prefix(base).unwrap_or(target);
    let whole = path.starts_with("/v2/") && path.bytes().all(|it| it.is_ascii_graphic());
    whole.then(|| format!("{base}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found() {
        for (header, found) in [
            (
                r#"</v2/a/tags/list?last=x&n=2>; rel="next""#,
                Some("/v2/a/tags/list?last=x&n=2"),
            ),
            ("<x>;title=y;REL = next", Some("x")),
            (r#"<x>; rel="prev""#, None),
            ("<x>", None),
            ("x; rel=next", None),
            ("", None),
        ] {
            assert_eq!(target(header), found, "{header}");
        }
    }

    #[test]
    fn it_is_asked_for_at_the_same_registry_only() {
        let base = "https://registry.example";
        let next = "https://registry.example/v2/a/tags/list?n=2";
        for (target, url) in [
            ("/v2/a/tags/list?n=2", Some(next)),
            (next, Some(next)),
            ("https://other.example/v2/a/tags/list", None),
            ("https://registry.example.other/v2/a", None),
            ("//other.example/v2/a", None),
            ("@other.example/v2/a", None),
            ("/login", None),
            ("tags/list", None),
            ("/v2/a b", None),
            ("", None),
        ] {
            assert_eq!(resolved(base, target).as_deref(), url, "{target}");
        }
    }
}
