//! `[[serve.approver]]`: a person with a token of their own.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::values::{self, Wrong};
use crate::secret::Source;

/// A person with a token of their own, which proves their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// The name.
    pub name: String,
    /// Where the token is stored.
    pub token: Source,
}

/// A person whose own token permits approvals over HTTP, and proves their name.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(
    test,
    schemars(extend("oneOf" = [{"required": ["token-variable"]}, {"required": ["token-file"]}]))
)]
pub(super) struct ApproverTable {
    /// The name, as reports show it. To exclude authors from approvals, it must be the name or the address of git.
    name: String,
    /// The variable that holds the token.
    token_variable: Option<String>,
    /// The file that holds the token.
    token_file: Option<PathBuf>,
}

/// Checks the people, with paths from a folder. Upper and lower case are the same in names.
pub(super) fn checked(tables: Vec<ApproverTable>, folder: &Path) -> Result<Vec<Approver>, Wrong> {
    let mut list: Vec<Approver> = Vec::new();
    for (place, table) in tables.into_iter().enumerate() {
        let name = table.name;
        let key = format!("serve.approver.{place}");
        if name.trim() != name || name.is_empty() || name.chars().any(char::is_control) {
            return Err(Wrong::new(
                format!("{key}.name"),
                "is not a name on one line, without blanks around it",
                "write the name of the person as reports should show it: `Ada Lovelace`",
            ));
        }
        if list.iter().any(|it| it.name.eq_ignore_ascii_case(&name)) {
            return Err(Wrong::new(
                format!("{key}.name"),
                "is the name of an earlier person",
                "keep one of them: upper and lower case are the same in names",
            ));
        }
        let token = values::secret(
            &key,
            "token",
            (table.token_variable, table.token_file),
            folder,
        )?;
        if let Some(same) = list.iter().find(|it| it.token == token) {
            return Err(Wrong::new(
                key,
                format!("has the token of `{}`", same.name),
                "give each person a token of their own",
            ));
        }
        list.push(Approver { name, token });
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct People {
        approver: Vec<ApproverTable>,
    }

    fn parse(people: &[(&str, &str)]) -> Result<Vec<Approver>, Wrong> {
        let tables = people
            .iter()
            .map(|(name, token)| format!("[[approver]]\nname = {name}\n{token}\n"));
        let text: String = tables.collect();
        let people: People = toml::from_str(&text).expect("tables");
        checked(people.approver, Path::new("/srv"))
    }

    #[test]
    fn each_person_has_a_token() {
        let people = parse(&[
            ("\"Ada\"", "token-variable = \"ADA_TOKEN\""),
            ("\"Bob B.\"", "token-file = \"bob\""),
        ]);
        let expected = [
            ("Ada", Source::Variable("ADA_TOKEN".to_owned())),
            ("Bob B.", Source::File(PathBuf::from("/srv/bob"))),
        ];
        let expected = expected.map(|(name, token)| Approver {
            name: name.to_owned(),
            token,
        });
        assert_eq!(people.expect("people"), expected);
    }

    #[test]
    fn invalid_people_are_refused() {
        const A: &str = "token-variable = \"A\"";
        const B: &str = "token-variable = \"B\"";
        for (people, said) in [
            (
                &[("\" Ada\"", A)][..],
                "`serve.approver.0.name` is not a name",
            ),
            (&[("\"\"", A)], "`serve.approver.0.name` is not a name"),
            (&[("\"A\\nB\"", A)], "`serve.approver.0.name` is not a name"),
            (
                &[("\"Ada\"", "")],
                "`serve.approver.0` needs either `token-variable`",
            ),
            (
                &[("\"Ada\"", A), ("\"Bob\"", A)],
                "`serve.approver.1` has the token of `Ada`",
            ),
            (
                &[("\"Ada\"", A), ("\"ada\"", B)],
                "`serve.approver.1.name` is the name of an earlier person",
            ),
        ] {
            let wrong = parse(people).expect_err(said);
            let why = format!("`{}` {}", wrong.key, wrong.why);
            assert!(why.contains(said), "{why}");
            assert!(!wrong.help.is_empty());
        }
    }
}
