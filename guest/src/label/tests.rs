//! Whole messages, and properties that hold for every message.

use proptest::prelude::*;

use super::*;
use crate::bindings::types::Severity;
use grammar::{decisive, labels};

fn read(text: &str) -> Labels {
    let message = Message {
        text: text.into(),
        truncated: false,
    };
    parse(&message, LoadTestAction::Warn).expect("a whole message has an answer")
}

fn codes(labels: &Labels) -> Vec<&str> {
    let codes = labels.diagnostics.iter().map(|found| found.code.as_str());
    codes.collect()
}

#[test]
fn without_a_label_the_default_applies() {
    for action in grammar::PRECEDENCE {
        let message = Message {
            text: "fix: x [load test: abrot]".into(),
            truncated: false,
        };
        let labels = parse(&message, action).expect("a whole message has an answer");
        assert_eq!((labels.action, labels.source), (action, None));
        assert_eq!(codes(&labels), ["near-miss"]);
    }
}

#[test]
fn diagnostics_are_in_the_order_of_their_places() {
    let labels = read("Revert \"x [load test: warn]\" [load test:skip]\n\n[load test: abort]");
    assert_eq!(labels.action, LoadTestAction::Abort);
    assert_eq!(
        codes(&labels),
        ["inherited-label", "conflicting-labels", "near-miss"]
    );
}

#[test]
fn a_truncated_abort_has_an_answer() {
    let mut message = Message {
        text: "fix: x [load test: abort]\n\n[load test: skip".into(),
        truncated: true,
    };
    let labels = parse(&message, LoadTestAction::Warn).expect("abort is settled");
    assert_eq!(labels.action, LoadTestAction::Abort);
    assert_eq!(codes(&labels), Vec::<&str>::new());
    message.text = "fix: x".into();
    let reasons = parse(&message, LoadTestAction::Abort);
    assert!(reasons.is_err_and(|reasons| reasons.len() == 1));
}

#[test]
fn every_code_is_known() {
    let mut text = String::from("Revert \"[load test: skip]\" [load test: warn] [load test: skip]");
    text.push_str(" [load test: foo] <!-- [load test: abort] -->");
    text.push_str(&" [load test:skip]".repeat(60));
    let labels = read(&text);
    let mut found = codes(&labels);
    found.sort_unstable();
    found.dedup();
    assert_eq!(
        found,
        [
            "conflicting-labels",
            "hidden-label",
            "inherited-label",
            "more-near-misses",
            "near-miss",
            "repeated-label",
            "unknown-action",
        ]
    );
    let notes = labels.diagnostics.iter();
    let notes = notes.filter(|found| found.severity == Severity::Note);
    assert_eq!(notes.count(), 2);
    let endless = read(&"[load test: ".repeat(60_000));
    assert_eq!(codes(&endless).last(), Some(&"search-ended"));
}

#[test]
fn a_label_is_found_in_a_mebibyte() {
    let filler = "perf: the load test numbers look good; the rest is in the table\n".repeat(10_000);
    let labels = read(&format!("{filler}{filler}[load test: abort]{filler}"));
    assert_eq!(labels.action, LoadTestAction::Abort);
    assert_eq!(codes(&labels), Vec::<&str>::new());
}

#[test]
fn hostile_texts_take_linear_time_and_give_bounded_answers() {
    for unit in [
        "[",
        "]",
        "[load test: ",
        "[load test: (",
        "load test: ",
        "[load test: skip ",
        "[load test:skip]",
        "[load test: skip]",
        "Revert \"",
        "Revert \"[load test: skip]\"\n",
        "[\u{200b}",
        "[load \u{200b}\u{200b}\u{200b}",
        "l ",
        "【",
        "\r",
        "[load test: [load test: abort]",
        "[skip load test]",
        "[skip load test",
        "[load test] skip ",
        "[load test] skip\n",
        "load test: skip\n",
        "load test: x\n",
        "\nload test:",
        "\nload test: \u{2003}",
        "<!-- [load test: skip] ",
        "<!-- [load test: skip] -->",
        "\u{1b}[8m[load test: skip]",
        "<!--",
        "<!-->",
        "\u{1b}",
    ] {
        let text = unit.repeat((1 << 18) / unit.len());
        for text in [
            &text,
            &format!("Revert \"{text}"),
            &format!("[load test: {text}]"),
        ] {
            let labels = read(text);
            assert!(labels.diagnostics.len() < 60, "{unit}");
        }
    }
}

fn refused(text: &str, truncated: bool) -> Option<usize> {
    let labels = labels(text);
    refusal(truncated, decisive(&labels)).map(|reason| reason.evidence.len())
}

#[test]
fn a_whole_message_is_never_refused() {
    assert_eq!(refused("", false), None);
    assert_eq!(refused("[load test: skip]", false), None);
}

#[test]
fn only_abort_survives_truncation() {
    assert_eq!(refused("fix: x", true), Some(0));
    assert_eq!(refused("[load test: skip]", true), Some(1));
    assert_eq!(refused("[load test: warn]", true), Some(1));
    assert_eq!(refused("[load test: warn] [load test: abort]", true), None);
}

/// Pieces that labels, near misses and prose are made of.
fn piece() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(vec![
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "<",
        "【",
        "」",
        "［",
        "load",
        "Load",
        "lоad",
        "laod",
        "test",
        "tests",
        " ",
        "  ",
        "\n",
        "\t",
        "\u{a0}",
        "\u{200b}",
        "-",
        "_",
        ":",
        "=",
        "：",
        ", ",
        "\"",
        "abort",
        "skip",
        "warn",
        "Skip",
        "abrot",
        "skipped",
        "run",
        "Revert \"",
        "[load test: skip]",
        "[load test: warn]",
        "[load test:skip]",
        "[load test: ",
        "[skip load test]",
        "no",
        "\nload test: ",
        "é",
        "…",
        ".",
        "(#12)",
    ]);
    prop_oneof![4 => known.prop_map(String::from), 1 => "\\PC{0,3}"]
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

fn action() -> impl Strategy<Value = LoadTestAction> {
    proptest::sample::select(grammar::PRECEDENCE.to_vec())
}

/// What must not depend on how lines end.
fn essence(labels: &Labels) -> (LoadTestAction, Vec<[String; 3]>) {
    let diagnostics = labels.diagnostics.iter().cloned();
    let diagnostics =
        diagnostics.map(|found| [found.code, found.help.unwrap_or_default(), found.message]);
    (labels.action, diagnostics.collect())
}

#[test]
fn a_message_can_forbid_to_roll_back() {
    let forbids = |text: &str| {
        let extra = read(text).extra;
        let names = extra.iter().map(|it| (it.name.as_str(), it.value.as_str()));
        names.eq([("rollback", "\"never\"")])
    };
    assert!(forbids(
        "Drop a column\n\n[rollback: never] [load test: skip]"
    ));
    for text in [
        "",
        "[rollback:never]",
        "[Rollback: never]",
        "rollback: never",
    ] {
        assert_eq!(read(text).extra, [], "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_label_is_found_anywhere_in_a_message(
        before in text(), action in action(), after in text(),
    ) {
        let label = grammar::written(action);
        let around = read(&format!("{before}\u{0}{after}")).source;
        let text = format!("{before}{label}{after}");
        let place = grammar::span(before.len(), before.len() + label.len());
        prop_assert!(labels(&text).iter().any(|found| found.span() == place));
        if around.is_none() {
            let labels = read(&text);
            prop_assert_eq!((labels.action, labels.source), (action, Some(place)));
        }
    }

    #[test]
    fn without_a_bracket_only_a_whole_line_is_a_near_miss(text in text()) {
        let bare: String = text
            .chars()
            .filter(|raw| !near_miss::is_bracket(*raw))
            .collect();
        let labels = read(&bare);
        prop_assert_eq!(labels.action, LoadTestAction::Warn);
        prop_assert_eq!(labels.source, None);
        for found in &labels.diagnostics {
            prop_assert_eq!(&found.code, "near-miss");
            let span = found.span.expect("every finding has a place");
            let line = &bare[span.start as usize..span.end as usize];
            prop_assert!(bare.split(['\n', '\r']).any(|whole| whole.trim_end() == line));
        }
    }

    #[test]
    fn the_order_of_labels_is_irrelevant(
        (sorted, shuffled) in proptest::collection::vec(action(), 1..6)
            .prop_flat_map(|actions| (Just(actions.clone()), Just(actions).prop_shuffle())),
        between in "[a-z \n]{0,9}",
    ) {
        let message = |actions: &[LoadTestAction]| {
            let labels: Vec<_> = actions.iter().copied().map(grammar::written).collect();
            read(&labels.join(&between)).action
        };
        prop_assert_eq!(message(&sorted), message(&shuffled));
    }

    #[test]
    fn line_ends_are_irrelevant(text in text()) {
        let unix = text.replace('\r', "");
        let dos = unix.replace('\n', "\r\n");
        let (unix, dos) = (read(&unix), read(&dos));
        prop_assert_eq!(essence(&unix), essence(&dos));
    }

    #[test]
    fn spans_lie_on_characters_of_the_text(text in text(), truncated: bool) {
        let message = Message { text, truncated };
        let Ok(labels) = parse(&message, LoadTestAction::Warn) else {
            prop_assert!(truncated);
            return Ok(());
        };
        let mut last = 0;
        for found in &labels.diagnostics {
            let span = found.span.expect("every finding has a place");
            prop_assert!(span.start < span.end && span.start >= last);
            prop_assert!(message.text.get(span.start as usize..span.end as usize).is_some());
            last = span.start;
        }
        if let Some(source) = labels.source {
            prop_assert_eq!(
                &message.text[source.start as usize..source.end as usize],
                grammar::written(labels.action)
            );
        }
    }

    #[test]
    fn corrections_are_labels_and_their_spans_are_not(text in text()) {
        let labels = read(&text);
        for found in labels.diagnostics.iter().filter(|found| found.code == "near-miss") {
            let span = found.span.expect("every finding has a place");
            let (start, end) = (span.start as usize, span.end as usize);
            prop_assert!(grammar::labels(&text[start..end]).is_empty());
            let help = found.help.clone().unwrap_or_default();
            let corrected = format!("{}{help}{}", &text[..start], &text[end..]);
            prop_assert!(grammar::labels(&corrected).iter().any(|label| label.start == start));
        }
    }

    #[test]
    fn any_text_at_all_has_an_answer(text in any::<String>()) {
        read(&text);
    }
}
