use super::*;
use proptest::prelude::*;

fn message(text: &str) -> Message {
    Message {
        urgency: "failure".to_owned(),
        text: text.to_owned(),
        ..Message::default()
    }
}

#[test]
fn a_message_in_blocks() {
    let message = Message {
        facts: vec![("tag".to_owned(), "<prod>".to_owned())],
        links: vec![(
            "Build".to_owned(),
            "https://ci.example/1?a=b&c=d".to_owned(),
        )],
        ..message("`stage` & <!channel>")
    };
    let text = ":x: `stage` &amp; &lt;!channel&gt;";
    let mrkdwn = |text| json!({"type": "mrkdwn", "text": text, "verbatim": true});
    assert_eq!(
        payload(&message),
        json!({
            "text": text,
            "blocks": [
                {"type": "section", "text": mrkdwn(text)},
                {"type": "section", "fields": [mrkdwn("*tag*\n&lt;prod&gt;")]},
                {"type": "section", "text": mrkdwn("<https://ci.example/1?a=b&amp;c=d|Build>")},
            ],
        })
    );
}

#[test]
fn urgency_is_an_emoji() {
    for (urgency, emoji) in [
        ("info", ":information_source:"),
        ("warning", ":warning:"),
        ("failure", ":x:"),
    ] {
        let message = Message {
            urgency: urgency.to_owned(),
            ..message("done")
        };
        assert_eq!(payload(&message)["text"], format!("{emoji} done"));
    }
}

#[test]
fn what_is_no_link_is_text() {
    for link in ["javascript:x", "https://a/|b", "https://a/<!here>"] {
        let message = Message {
            links: vec![("Build".to_owned(), link.to_owned())],
            ..message("")
        };
        let payload = payload(&message);
        let text = payload["blocks"][1]["text"]["text"].as_str();
        assert_eq!(text, Some(&*escaped(&format!("Build: {link}"), 99)));
    }
}

#[test]
fn ten_fields_and_no_more() {
    for (count, fields, last) in [(10, 10, "*9*\nv"), (11, 10, "… and 2 more")] {
        let facts = (0..count).map(|n| (n.to_string(), "v".to_owned()));
        let message = Message {
            facts: facts.collect(),
            ..message("")
        };
        let payload = payload(&message);
        let found = payload["blocks"][1]["fields"].as_array().expect("fields");
        assert_eq!(found.len(), fields);
        assert_eq!(found[fields - 1]["text"], last);
    }
}

proptest! {
    #[test]
    fn limits_hold_and_mentions_are_inert(
        text in "(<!channel>|@here|&|x|👍){0,9}",
        times in prop::sample::select(vec![1_usize, 400, 2000]),
        count in 0_usize..14,
    ) {
        let text = text.repeat(times);
        let message = Message {
            facts: vec![(text.clone(), text.clone()); count],
            links: vec![(text.clone(), format!("https://a/{text}")); count],
            release: Some(text.clone()),
            earlier: vec![text.clone(); count],
            to_do: vec![text.clone(); count],
            failure: Some(Failed {
                step: format!("deploy {text}"),
                lines: vec![text.clone(); count],
            }),
            ..message(&text)
        };
        let payload = payload(&message);
        prop_assert!(!payload.to_string().contains("<!"));
        prop_assert!(!payload.to_string().contains("@here"));
        for block in payload["blocks"].as_array().expect("blocks") {
            let fields = block["fields"].as_array();
            prop_assert!(fields.is_none_or(|fields| fields.len() <= FIELDS));
            for field in fields.into_iter().flatten() {
                prop_assert!(width(field["text"].as_str().expect("text")) <= FIELD);
            }
            let text = block["text"]["text"].as_str().unwrap_or("x");
            prop_assert!((1..=SECTION).contains(&width(text)));
        }
    }
}

#[test]
fn what_does_something_is_escaped() {
    assert_eq!(escaped("a & b < c > d", 99), "a &amp; b &lt; c &gt; d");
    assert_eq!(
        escaped("<!channel> <@U1> &lt;", 99),
        "&lt;!channel&gt; &lt;@U1&gt; &amp;lt;"
    );
    assert_eq!(
        escaped("@here @Channel a@b.c @heré", 99),
        "@\u{2060}here @\u{2060}Channel a@b.c @heré"
    );
}

#[test]
fn a_cut_leaves_whole_characters() {
    assert_eq!(escaped("abcdef", 6), "abcdef");
    assert_eq!(escaped("abcdefg", 6), "abcde…");
    assert_eq!(escaped("a<b", 6), "a&lt;b");
    assert_eq!(escaped("a<bc", 6), "a&lt;…");
    assert_eq!(escaped("ab<c", 6), "ab…");
    assert_eq!(escaped("👍👍👍", 5), "👍👍…");
}

proptest! {
    #[test]
    fn inert_and_never_too_long(
        text in "([a-z&<>@!👍]|<!channel>|@here|@everyone){0,60}",
        limit in 1_usize..80,
    ) {
        let safe = escaped(&text, limit);
        prop_assert!(width(&safe) <= limit);
        prop_assert!(!safe.contains(['<', '>']));
        let mention = |name: &&str| safe.contains(&["@", name].concat());
        prop_assert!(!MENTIONS.iter().any(mention));
        let rest = safe.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
        prop_assert!(!rest.contains('&'), "{}", safe);
    }
}

#[test]
fn a_failed_step_is_shown_with_its_last_lines() {
    let lines = ["uploading", "```quota exceeded``` <!here>"];
    let message = Message {
        failure: Some(Failed {
            step: "deploy to `prod`: exit status 3".to_owned(),
            lines: lines.map(str::to_owned).to_vec(),
        }),
        release: Some("feat: pool, by Ada".to_owned()),
        to_do: vec!["revert it".to_owned()],
        ..message("stopped")
    };
    let payload = payload(&message);
    let text = |place: usize| payload["blocks"][place]["text"]["text"].as_str();
    assert_eq!(text(1), Some("feat: pool, by Ada"));
    assert_eq!(
        text(2),
        Some(
            "deploy to `prod`: exit status 3\n```\nuploading\n'''quota exceeded''' &lt;!here&gt;\n```"
        )
    );
    assert_eq!(text(3), Some("• revert it"));
}

#[test]
fn the_last_lines_are_kept_if_not_all_fit() {
    let lines = (0..100).map(|n| format!("{n} {}", "x".repeat(200)));
    let message = Message {
        failure: Some(Failed {
            step: "deploy".to_owned(),
            lines: lines.collect(),
        }),
        ..message("stopped")
    };
    let payload = payload(&message);
    let text = payload["blocks"][1]["text"]["text"].as_str();
    let text = text.expect("text");
    assert!(text.contains("\n99 x") && !text.contains("\n1 x"), "{text}");
    assert!(width(text) <= SECTION);
}

#[test]
fn a_message_is_stored_and_read() {
    let whole = Message {
        facts: vec![("tag".to_owned(), "prod".to_owned())],
        failure: Some(Failed::default()),
        ..message("stopped")
    };
    let stored = serde_json::to_string(&whole).expect("written");
    assert_eq!(serde_json::from_str::<Message>(&stored).ok(), Some(whole));
    let least = r#"{"urgency":"failure","text":"stopped"}"#;
    assert_eq!(
        serde_json::from_str::<Message>(least).ok(),
        Some(message("stopped"))
    );
}
