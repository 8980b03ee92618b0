//! Properties of both parsers.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const RECORDED: [&str; 2] = [
    include_str!("../../../../tests/facts/registry/push.json"),
    include_str!("../../../../tests/facts/registry/dockerhub-push.json"),
];

const CONTENT_TYPES: [Option<&str>; 3] = [
    None,
    Some("application/json"),
    Some("application/vnd.docker.distribution.events.v1+json"),
];

/// What no parser lets through, whatever it reads.
fn holds(read: &Result<Notification, Malformed>) {
    let Ok(read) = read else { return };
    assert!(read.pushes.len() <= MOST_PUSHES);
    for (at, push) in read.pushes.iter().enumerate() {
        assert!(is_repository(&push.repository) && is_tag(&push.tag));
        assert!(push.digest.as_deref().is_none_or(is_digest));
        assert!(!read.pushes[..at].contains(push));
    }
}

/// A JSON value of any kind, with a text in it that no reason may hold.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "SECRET.{0,9}".prop_map(Value::from),
        Just(json!(", expected SECRET at line 1")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("SECRET|tag|events", inner, 0..3)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(key, value)| places(value, &format!("{at}/{key}"), found)),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(key, value)| places(value, &format!("{at}/{key}"), found)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..200), which in 0_usize..3) {
        holds(&parse(&body, CONTENT_TYPES[which]));
    }

    #[test]
    fn any_legal_names_are_read_back(
        repository in "[a-z0-9]{1,9}([._-][a-z0-9]{1,9}){0,2}(/[a-z0-9]{1,9}){0,3}",
        tag in "[A-Za-z0-9_][A-Za-z0-9._-]{0,127}",
    ) {
        let mut hub: Value = serde_json::from_str(RECORDED[1]).expect("JSON");
        hub["push_data"]["tag"] = json!(tag);
        hub["repository"]["repo_name"] = json!(repository);
        let mut events: Value = serde_json::from_str(RECORDED[0]).expect("JSON");
        events["events"][0]["target"]["tag"] = json!(tag);
        events["events"][0]["target"]["repository"] = json!(repository);
        for body in [hub, events] {
            let read = parse(body.to_string().as_bytes(), None).expect("a notification");
            prop_assert_eq!(&read.pushes[0].repository, &repository);
            prop_assert_eq!(&read.pushes[0].tag, &tag);
        }
    }

    #[test]
    fn anything_in_any_place(which in 0_usize..2, at in any::<prop::sample::Index>(), to in value()) {
        let mut body: Value = serde_json::from_str(RECORDED[which]).expect("JSON");
        let mut found = Vec::new();
        places(&body, "", &mut found);
        *body.pointer_mut(&found[at.index(found.len())]).expect("a place") = to;
        for content_type in CONTENT_TYPES {
            let read = parse(body.to_string().as_bytes(), content_type);
            holds(&read);
            if let Err(why) = read {
                let why = why.to_string();
                prop_assert!(!why.contains("SECRET"), "{}", why);
                prop_assert!(why.chars().all(|it| !it.is_control()), "{}", why);
            }
        }
    }

    #[test]
    fn a_truncated_body_is_refused(which in 0_usize..2, at in any::<prop::sample::Index>()) {
        let body = RECORDED[which].trim_end().as_bytes();
        let cut = &body[..at.index(body.len())];
        prop_assert!(parse(cut, None).is_err());
    }
}
