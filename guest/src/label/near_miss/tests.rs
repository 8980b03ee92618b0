//! The search for near misses in whole messages.

use super::near_misses;
use crate::label::grammar::labels;

fn found(text: &str) -> Vec<(String, &str, Option<String>)> {
    near_misses(text, &labels(text), false)
        .into_iter()
        .map(|found| {
            let span = found.span.expect("a place");
            let place = &text[span.start as usize..span.end as usize];
            (found.code, place, found.help)
        })
        .collect()
}

fn silent(texts: &[&str]) {
    for text in texts {
        assert_eq!(found(text), [], "{text}");
        assert_eq!(
            found(&format!("feat: é {text}\n\n- {text}\n")),
            [],
            "{text}"
        );
    }
}

#[test]
fn brackets_round_other_brackets_are_taken_in() {
    let help = Some("[load test: skip]".into());
    let whole = "[(load test: skip)]";
    assert_eq!(found(whole), [("near-miss".into(), whole, help)]);
}

#[test]
fn a_missing_bracket_amid_text_is_corrected() {
    let label = |place| [("near-miss".into(), place, Some("[load test: skip]".into()))];
    assert_eq!(
        found("[load test: skip because of docs"),
        label("[load test: skip")
    );
    assert_eq!(
        found("[load test: skip [JIRA-1]"),
        label("[load test: skip")
    );
    assert_eq!(found("docs load test: skip] x"), label("load test: skip]"));
}

#[test]
fn a_label_in_another_order_or_without_brackets_is_corrected() {
    for (text, place, action) in [
        ("docs: x [skip load test] (#12)", "[skip load test]", "skip"),
        ("docs: x\n\n[no load test]", "[no load test]", "skip"),
        ("x [Abort: Load Test] y", "[Abort: Load Test]", "abort"),
        ("[load test] skip\n", "[load test] skip", "skip"),
        ("x\n\nLoad-Test: abort\nA: b", "Load-Test: abort", "abort"),
        ("load test: wran \r\nx", "load test: wran", "warn"),
        ("x\nlоad test: skip", "lоad test: skip", "skip"),
    ] {
        let help = Some(format!("[load test: {action}]"));
        assert_eq!(found(text), [("near-miss".into(), place, help)], "{text}");
    }
    // The text inside its brackets decides.
    assert_eq!(
        found("[skip load test: abort]")
            .first()
            .map(|found| found.1),
        Some("load test: abort]")
    );
    assert_eq!(found("Load-Test: [load test: skip]"), []);
}

#[test]
fn unknown_actions_are_reported() {
    for text in [
        "[load test: run]",
        "[load test: foo]",
        "[load test: stop]",
        "[load test:]",
        "[load test: ]",
        "[Load tests: none]",
        "[load-test: dry-run]",
        "[load test: (yes)]",
        "[load test: skip|warn]",
        "[load test: skip please]",
        "[load test: no abort]",
        "[load test: überspringen]",
        "【load test: run】",
    ] {
        let all = found(text);
        assert_eq!(all.len(), 1, "{text}");
        assert_eq!((all[0].0.as_str(), all[0].1), ("unknown-action", text));
    }
}

#[test]
fn an_action_with_more_words_in_its_bracket_is_reported() {
    for text in [
        "[load test: abort on failure]",
        "[load test: abort, risky change]",
        "[load test: skip (docs)]",
        "[load test:skip this time]",
        "[Load-Test: abort - risky]",
        "[load test: skip the warm-up phase]",
    ] {
        let found = found(text);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!((found[0].0.as_str(), found[0].1), ("unknown-action", text));
    }
    silent(&[
        "[load test: abort|skip|warn]",
        "[load test: skip the docs](https://example.org)",
    ]);
}

#[test]
fn ordinary_text_is_not_reported() {
    silent(&[
        "fix(load-tests): raise rate",
        "perf(load test): lower p95",
        "Load test numbers look good",
        "[load-tests] tune locust",
        "[load test](https://example.org)",
        "(load test: see dashboard)",
        "(load tests: 500 req/s)",
        "[load testing: notes]",
        "feat(loadtest): skip warmup",
        "chore(load-test): warn on slow",
        "[load]",
        "[test: skip]",
        "[skip ci]",
        "docs [the load test section]",
        "{load: test}",
        "(see load test: aborted at 14:00)",
        "the load test (skip it)",
        "[load test: see the dashboard for details]",
        "- [Load test: skip](#load-test-skip)",
        "[Load tests](#load-tests) .... 12",
        "[load test: abort|skip|warn]",
        "[load test: (abort|skip|warn)]",
        "[load test: <action>]",
        "[load test: ...]",
        "[load test: …]",
        "[load test: 500]",
        "[load test: see dashboard]",
        "(load test: skipped)",
        "(load test skip)",
        "[load tests skipped]",
        "{\"load_test\": \"skip\"}",
        "[load test] skip warm-up",
        "[load test]: https://example.org",
        "feat(load-test-skip): x",
        "- Load test: skip",
        "load test: skip the warmup",
        "load test: skipped",
        "fix [load test] skip",
        "[skip ci]",
        "[skip the load test]",
        "[no load test data]",
        "(no load test)",
        "foo [bar load test: aborted]",
        "if (loadtest.skip) {",
        "loads[test: skip]",
        "deploy(load_test: skip)",
        "env (LOAD_TEST=skip)",
        "if (loadTest == skip) {",
    ]);
}

#[test]
fn exact_labels_are_no_near_misses() {
    silent(&[
        "[load test: skip]",
        "[[load test: warn]]",
        "([load test: abort])",
    ]);
    assert_eq!(found("[load test: [load test: abort]"), []);
    assert_eq!(
        found("[load test:skip][load test: skip](load test: warn)").len(),
        2
    );
}

#[test]
fn no_misspelled_key_is_ruled_out_early() {
    for key in [
        "laod test",
        "olad test",
        "oad test",
        "lad test",
        "xload test",
        "xoad test",
        "lxoad test",
        "LAOD TEST",
        "0load test",
    ] {
        assert_eq!(found(&format!("[{key}: skip]")).len(), 1, "{key}");
    }
}

#[test]
fn pull_request_numbers_are_no_links() {
    assert_eq!(found("[load test:skip](#12)").len(), 1);
}

#[test]
fn deviations_are_named() {
    let text = "[Load-Tests:(Skip)]";
    assert_eq!(
        near_misses(text, &[], false)[0].message,
        "this looks like a label but is not one: \
         capital letters, a plural, a hyphen, wrong spacing, parentheses"
    );
}

#[test]
fn the_rest_is_counted() {
    let codes = |count: usize| {
        let found = near_misses(&"[load test:skip] ".repeat(count), &[], false);
        found.last().map(|last| (found.len(), last.message.clone()))
    };
    assert_eq!(codes(50).map(|(count, _)| count), Some(50));
    assert_eq!(
        codes(51),
        Some((51, "1 more near miss is not listed".into()))
    );
    assert_eq!(
        codes(60),
        Some((51, "10 more near misses are not listed".into()))
    );
}

#[test]
fn the_end_of_a_truncated_text_proves_nothing() {
    for text in [
        "[load test: skip",
        "[load test: skip because",
        "[load test]: skip",
        "[load test] skip",
        "load test: skip",
    ] {
        assert_eq!(near_misses(text, &[], false).len(), 1, "{text}");
        assert_eq!(near_misses(text, &[], true).len(), 0, "{text}");
    }
}
