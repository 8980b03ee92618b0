//! A page of a list of tags. Its tags are counted while the page is read, because a page can have a million tags.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::contract::validate::is_tag;

/// The contents of a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// The valid tags, and the number of all tags, including the invalid ones.
    Tags(Vec<String>, usize),
    /// The page has more tags than the limit.
    TooMany,
}

impl Page {
    /// Reads a page with at most `most` tags. Returns `None` if the text is not a page of tags.
    pub(super) fn read(text: &str, most: usize) -> Option<Self> {
        let mut list = List {
            most,
            tags: Vec::new(),
            count: 0,
        };
        let mut document = serde_json::Deserializer::from_str(text);
        let read = document
            .deserialize_map(&mut list)
            .and_then(|()| document.end());
        if list.count > most {
            return Some(Self::TooMany);
        }
        read.ok().map(|()| Self::Tags(list.tags, list.count))
    }
}

/// The list of tags that has been read so far.
struct List {
    most: usize,
    tags: Vec<String>,
    count: usize,
}

impl<'de> Visitor<'de> for &mut List {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list of tags")
    }

    /// Reads the document.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "tags" {
                map.next_value_seed(&mut *self)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    /// Reads `null`, which some registries send for an empty list.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    /// Reads the list.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(tag) = list.next_element::<String>()? {
            self.count += 1;
            if self.count > self.most {
                return Err(serde::de::Error::custom("too many tags"));
            }
            // The registry cannot be queried for an invalid tag.
            if is_tag(&tag) {
                self.tags.push(tag);
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for &mut List {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_counted_while_it_is_read() {
        let tags = |list: &[&str], count| {
            let list = list.iter().map(|it| (*it).to_owned()).collect();
            Some(Page::Tags(list, count))
        };
        for (text, page) in [
            (
                r#"{"name": "a", "tags": ["a", "-", "b"], "x": {"tags": ["c"]}}"#,
                tags(&["a", "b"], 3),
            ),
            (r#"{"tags": null}"#, tags(&[], 0)),
            ("{}", tags(&[], 0)),
            (r#"{"tags": ["a", "b", "c", "d"]}"#, Some(Page::TooMany)),
            (
                r#"{"tags": ["a", "b", "c", "d", broken"#,
                Some(Page::TooMany),
            ),
            (
                r#"{"tags": ["a"], "tags": ["b", "c", "d"]}"#,
                Some(Page::TooMany),
            ),
            (r#"{"tags": 7}"#, None),
            (r#"{"tags": [7]}"#, None),
            (r#"{"tags": ["a"]} x"#, None),
            (r#"["a"]"#, None),
            ("", None),
        ] {
            assert_eq!(Page::read(text, 3), page, "{text}");
        }
    }
}
