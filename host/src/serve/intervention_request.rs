//! The body of a request that intervenes: JSON of a program, or the fields of a form.

use axum::http::{HeaderMap, header};
use serde::Deserialize;

/// The fields of a request. Blank ones are missing.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fields {
    /// The environment; all of them if missing.
    pub environment: Option<String>,
    /// The name of the person.
    pub by: Option<String>,
    pub reason: Option<String>,
    /// The digest of the image that the person has in mind.
    pub digest: Option<String>,
    /// The token of a form, which can't set a header.
    #[serde(skip)]
    pub token: String,
}

impl Fields {
    /// Reads a body.
    ///
    /// # Errors
    ///
    /// If the body is not a JSON object with these fields, or a field has several lines.
    pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, String> {
        let fields = if is_json(headers) {
            let read = serde_json::from_slice(body);
            read.map_err(|error| format!("the body can't be read: {error}"))?
        } else {
            Self::of_form(body)
        };
        fields.checked()
    }

    /// Reads the body of a form. Unknown fields are ignored.
    ///
    /// Source: <https://url.spec.whatwg.org/#urlencoded-parsing>.
    fn of_form(body: &[u8]) -> Self {
        let mut fields = Self::default();
        for field in body.split(|byte| *byte == b'&') {
            let mut parts = field.splitn(2, |byte| *byte == b'=');
            let (name, value) = (parts.next(), parts.next().unwrap_or_default());
            let value = decoded(value);
            match name {
                Some(b"environment") => fields.environment = Some(value),
                Some(b"by") => fields.by = Some(value),
                Some(b"reason") => fields.reason = Some(value),
                Some(b"digest") => fields.digest = Some(value),
                Some(b"token") => fields.token = value,
                _ => {}
            }
        }
        fields
    }

    fn checked(self) -> Result<Self, String> {
        let checked = |name: &str, value: Option<String>| match value.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) if text.chars().any(char::is_control) => {
                Err(format!("`{name}` must be on one line"))
            }
            Some(text) => Ok(Some(text.to_owned())),
        };
        Ok(Self {
            environment: checked("environment", self.environment)?,
            by: checked("by", self.by)?,
            reason: checked("reason", self.reason)?,
            digest: checked("digest", self.digest)?,
            token: self.token,
        })
    }
}

/// Whether the body is JSON.
pub fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

/// Whether the answer should be a page: a browser asks for one, and a program that sends a form does not.
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT);
    let accepted = accepted.and_then(|it| it.to_str().ok()).unwrap_or_default();
    !is_json(headers) && accepted.contains("text/html")
}

/// A value with `+` and `%XX` replaced.
fn decoded(value: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut at = 0;
    while let Some(byte) = value.get(at) {
        let digits = value
            .get(at + 1..at + 3)
            .and_then(|it| str::from_utf8(it).ok());
        let code = digits.and_then(|it| u8::from_str_radix(it, 16).ok());
        match (byte, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                at += 2;
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, body: &str) -> Result<Fields, String> {
        let kind = kind.parse().expect("a value");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, kind)]);
        Fields::read(&headers, body.as_bytes())
    }

    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "Application/JSON; charset=utf-8";

    #[test]
    fn a_form_is_read() {
        let body = "by=Ada+L%C3%BC&reason=100+%25%21&token=a%2Bb&more=1&environment=&digest=+";
        let expected = Fields {
            by: Some("Ada L\u{fc}".to_owned()),
            reason: Some("100 %!".to_owned()),
            token: "a+b".to_owned(),
            ..Fields::default()
        };
        assert_eq!(read(FORM, body), Ok(expected));
        for body in ["", "&&=&by", "by=+", "token"] {
            assert_eq!(read(FORM, body), Ok(Fields::default()), "{body:?}");
        }
    }

    #[test]
    fn a_damaged_value_is_kept_as_it_is() {
        for (value, text) in [
            ("%", "%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(decoded(value.as_bytes()), text);
        }
    }

    #[test]
    fn json_is_read() {
        let expected = Fields {
            environment: Some("prod".to_owned()),
            by: Some("Ada".to_owned()),
            digest: Some("sha256:1".to_owned()),
            ..Fields::default()
        };
        let body = r#"{"environment":" prod ","by":"Ada","reason":null,"digest":"sha256:1"}"#;
        assert_eq!(read(JSON, body), Ok(expected));
        assert_eq!(read(JSON, "{}"), Ok(Fields::default()));
    }

    #[test]
    fn invalid_bodies_are_refused() {
        for (kind, body, said) in [
            (JSON, "", "the body can't be read: EOF"),
            (JSON, "[1]", "the body can't be read"),
            (JSON, r#"{"name":"Ada"}"#, "unknown field `name`"),
            (JSON, r#"{"token":"x"}"#, "unknown field `token`"),
            (JSON, r#"{"by":"A\nB"}"#, "`by` must be on one line"),
            (FORM, "reason=a%0Ab", "`reason` must be on one line"),
        ] {
            let why = read(kind, body).expect_err(said);
            assert!(why.contains(said), "{why}");
        }
    }
}
