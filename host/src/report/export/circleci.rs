//! Parameters for a continued pipeline of `CircleCI`: the JSON object that the continuation orb's `parameters`
//! takes a file of.
//!
//! Source: <https://circleci.com/developer/orbs/orb/circleci/continuation>, and for types
//! <https://circleci.com/docs/reference/configuration-reference/#parameters>.

use serde_json::{Map, Value as Json};

use super::{Name, Value};

/// Writes the values into what the file holds: other parameters stay, those of the same names are replaced.
///
/// All are strings but `label`, which is a boolean. A boolean can't be empty: without a value it is taken
/// out.
///
/// # Errors
///
/// If the file holds something else than an object.
pub fn merged(file: &str, values: &[Value]) -> Result<String, String> {
    let mut parameters: Map<String, Json> = if file.trim().is_empty() {
        Map::new()
    } else {
        serde_json::from_str(file).map_err(|error| format!("it holds no JSON object: {error}"))?
    };
    for value in values {
        let typed = match value.name {
            Name::Label => value.text.parse().ok().map(Json::Bool),
            _ => Some(Json::String(value.text.clone())),
        };
        match typed {
            Some(typed) => parameters.insert(value.name.output().to_owned(), typed),
            None => parameters.remove(value.name.output()),
        };
    }
    let mut text = Json::Object(parameters).to_string();
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn value(name: Name, text: &str) -> Value {
        Value {
            name,
            text: text.to_owned(),
        }
    }

    #[test]
    fn typed_and_merged() {
        let values = [
            value(Name::Label, "true"),
            value(Name::LoadTest, "abort"),
            value(Name::Reason, ""),
        ];
        let text = merged("{\"mine\": 1, \"reason\": \"old\"}", &values).expect("an object");
        let read: Json = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            read,
            json!({"mine": 1, "label": true, "load-test": "abort", "reason": ""})
        );
        let text = merged(&text, &[value(Name::Label, "")]).expect("an object");
        assert!(!text.contains("label"), "{text}");
    }

    #[test]
    fn what_is_no_object_is_left_alone() {
        for file in ["[]", "null", "{", "x"] {
            merged(file, &[]).expect_err(file);
        }
        assert_eq!(merged(" \n", &[]).expect("nothing"), "{}\n");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            let json = merged("", &[value(Name::Tags, &text)]).expect("an object");
            let read: Json = serde_json::from_str(&json).expect("JSON");
            prop_assert_eq!(read, json!({"tags": text}));
        }
    }
}
