//! The HTML report, in a real browser.

use std::collections::BTreeMap;
use std::path::Path;

use greenlight::deployment::timeline;
use greenlight::journal;

use crate::chromium;
use crate::pipeline::Pipeline;

type Element = BTreeMap<String, String>;

/// Loads a report in Chromium, and compares the page with the journal.
#[track_caller]
pub fn shows_what_the_journal_says(pipeline: &Pipeline, page: &Path, number: u64) {
    let mut store = journal::open(&pipeline.location()).expect("the journal");
    let header = store.deployment(number).expect("read").expect("there");
    let timeline = timeline::project(&header, &pipeline.entries(number));
    let dom = chromium::dump_dom(page);
    let header = &elements(&dom, "header", "data-conclusion")[0];
    let conclusion = timeline.conclusion.expect("it has ended");
    assert_eq!(header["data-conclusion"], conclusion.to_string());
    assert_eq!(header["data-tag"], timeline.tag);
    assert_eq!(header["data-commit"], timeline.commit);
    assert_eq!(header["data-policy"], timeline.policy);

    let steps: Vec<_> = elements(&dom, "tr", "data-step")
        .into_iter()
        .map(|it| (it["data-step"].clone(), it["data-state"].clone()))
        .collect();
    let expected: Vec<_> = timeline
        .steps
        .iter()
        .map(|it| (it.kind.to_string(), it.state.to_string()))
        .collect();
    assert_eq!(steps, expected);

    let decisions: Vec<_> = elements(&dom, "article", "data-decision")
        .into_iter()
        .map(|it| {
            (
                it["data-permission"].clone(),
                it["data-code"].clone(),
                it["data-times"].clone(),
            )
        })
        .collect();
    let expected: Vec<_> = timeline
        .decisions
        .iter()
        .map(|it| {
            (
                it.permission.to_string(),
                it.reasons[0].code.clone(),
                it.times.to_string(),
            )
        })
        .collect();
    assert_eq!(decisions, expected);

    let answers: u64 = elements(&dom, "svg", "data-answers")
        .iter()
        .map(|it| it["data-answers"].parse::<u64>().expect("a number"))
        .sum();
    let rounds = timeline.rounds.iter();
    let expected: u64 = rounds.map(|it| it.nodes.len() as u64 * it.times).sum();
    assert_eq!(answers, expected);
    let drawn = elements(&dom, "g", "data-node").len();
    let nodes = pipeline.stage.nodes().len() + pipeline.prod.nodes().len();
    assert_eq!(drawn, nodes);

    let tests = elements(&dom, "section", "data-load-test");
    assert_eq!(tests.len(), timeline.load_tests.len());
    for (shown, test) in tests.iter().zip(&timeline.load_tests) {
        assert_eq!(shown["data-requests"], test.requests.to_string());
        assert_eq!(shown["data-failures"], test.failures.to_string());
        assert!(!test.curve.is_empty(), "its curves were read");
    }
    assert!(!elements(&dom, "figure", "data-curve").is_empty());
    assert!(
        elements(&dom, "script", "").is_empty(),
        "nothing runs in it"
    );
    for from_outside in ["src=\"http", "href=\"http", "url(http"] {
        assert!(!dom.contains(from_outside), "{from_outside}");
    }
}

/// The attributes of each element of a name that has an attribute, in the order of the page. Chromium
/// writes every attribute as `name="value"`.
fn elements(dom: &str, name: &str, attribute: &str) -> Vec<Element> {
    let tags = dom.split('<').filter_map(|it| {
        let rest = it.strip_prefix(name)?;
        rest.starts_with([' ', '>']).then_some(rest)
    });
    let mut found = Vec::new();
    for tag in tags {
        let mut attributes = Element::new();
        let mut rest = tag;
        while let Some((before, after)) = rest.split_once("=\"") {
            if before.contains('>') {
                break;
            }
            let key = before.rsplit([' ', '\n']).next().unwrap_or_default();
            let Some((value, next)) = after.split_once('"') else {
                break;
            };
            attributes.insert(key.to_owned(), value.to_owned());
            rest = next;
        }
        let bare = tag.split('>').next().unwrap_or_default();
        if attributes.contains_key(attribute)
            || attribute.is_empty()
            || bare.split_whitespace().any(|it| it == attribute)
        {
            found.push(attributes);
        }
    }
    found
}
