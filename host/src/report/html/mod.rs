//! A deployment as one page of HTML.
//!
//! Nothing in it is fetched and nothing in it is run: it looks the same in ten years, in a CI system's
//! artifact viewer, and on a machine without a network. What programs may want to check is in `data-`
//! attributes.

mod answers;
mod curves;
mod legend;
mod load_test;
mod nodes;
mod scale;
mod segments;
mod timeline;
mod visible;

use askama::Template;

use self::nodes::Nodes;
use self::scale::{Scale, Tick};
use super::headline::{self, Headline, Tone};
use crate::deployment::timeline::{Place, Timeline};
use crate::text::time;

#[derive(Template)]
#[template(path = "deployment.html")]
struct Page<'a> {
    story: &'a Timeline,
    headline: Headline<'a>,
    action: &'a str,
    places: Vec<(&'a Place, Tone, String)>,
    ticks: Vec<Tick>,
    steps: Vec<timeline::Row<'a>>,
    nodes: Nodes<'a>,
    load_tests: Vec<load_test::Shown<'a>>,
}

/// Draws a deployment.
///
/// # Errors
///
/// If the template cannot be rendered, which no story is known to bring about.
pub fn page(story: &Timeline) -> Result<String, askama::Error> {
    let scale = scale(story);
    let page = Page {
        story,
        headline: Headline::of(story),
        action: match story.action.as_deref() {
            None => "not said",
            Some("abort") => "stops it (abort)",
            Some("warn") => "is reported (warn)",
            Some("skip") => "can't be: none runs (skip)",
            Some(other) => other,
        },
        places: story
            .environments
            .iter()
            .map(|place| (place, tone(place, story), headline::place(place)))
            .collect(),
        ticks: scale.ticks(),
        steps: timeline::rows(story, &scale),
        nodes: Nodes::of(story, &scale),
        load_tests: load_test::all(story),
    };
    Ok(visible::visible(page.render()?))
}

fn scale(story: &Timeline) -> Scale {
    let steps = story
        .steps
        .iter()
        .flat_map(|step| [Some(step.began), step.ended]);
    let rounds = story.rounds.iter().map(|round| Some(round.at));
    let ends = [Some(story.began), Some(story.last)];
    Scale::over(steps.chain(rounds).chain(ends).flatten())
}

/// The colour of an environment. A failed load test is as bad as what became of the release.
fn tone(place: &Place, story: &Timeline) -> Tone {
    match (place.progress.as_str(), place.load_test.as_deref()) {
        ("failed", _) => Tone::Bad,
        (_, Some("failed" | "errored")) => match story.conclusion.as_deref() {
            Some("promoted" | "promoted-with-warning") => Tone::Warned,
            _ if story.action.as_deref() == Some("warn") => Tone::Warned,
            _ => Tone::Bad,
        },
        ("unknown", _) | (_, Some("inconclusive")) => Tone::Warned,
        ("converged", _) => Tone::Good,
        ("deployed", _) => Tone::Busy,
        _ => Tone::Idle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    use crate::report::fixture::{BEFORE, COMMIT, HOSTILE};
    use crate::text::escape::is_active;

    fn count(page: &str, part: &str) -> usize {
        page.matches(part).count()
    }

    #[test]
    fn fetches_and_runs_nothing() {
        let page = page(&fixture::promoted_with_warning()).expect("a report");
        assert!(page.contains(
            r#"<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"#
        ));
        let (css, body) = page.split_once("</style>").expect("a part");
        assert!(!css.contains("url(h") && !css.contains("@import") && !css.contains("@font-face"));
        for tag in body
            .split('<')
            .map(|tag| tag.split('>').next().expect("a part"))
        {
            for name in ["script", "link", "img", "a ", "iframe", "style"] {
                assert!(!tag.starts_with(name), "{tag}");
            }
            for attribute in [" src=", " on", " href=\"h"] {
                assert!(!tag.contains(attribute), "{tag}");
            }
        }
    }

    #[test]
    fn programs_find_what_the_journal_says() {
        let story = fixture::stopped();
        let page = page(&story).expect("a report");
        assert!(
            page.contains(r#"<header class="bad" data-conclusion="stopped" data-deployment="41""#)
        );
        assert_eq!(count(&page, "<tr class=\"good\" data-step="), 3);
        assert!(
            page.contains(r#"data-step="load-test" data-environment="stage" data-state="failed""#)
        );
        assert_eq!(count(&page, "<article"), story.decisions.len());
        assert!(page.contains(r#"data-verdict="hold" data-code="not-converged" data-times="19""#));
        assert_eq!(count(&page, "<g data-node="), 4);
        let answers: usize = page
            .split("data-answers=\"")
            .skip(1)
            .map(|rest| {
                rest.split('"')
                    .next()
                    .expect("a part")
                    .parse::<usize>()
                    .expect("a number")
            })
            .sum();
        assert_eq!(
            answers,
            story
                .rounds
                .iter()
                .map(|round| round.nodes.len())
                .sum::<usize>()
        );
        assert_eq!(count(&page, "<figure data-curve="), 4);
        assert!(page.contains(r#"data-requests="28140" data-failures="212""#));
        assert_eq!(count(&page, "data-note="), 1);
    }

    #[test]
    fn the_head_says_what_is_waited_for() {
        let page = page(&fixture::running()).expect("a report");
        assert!(page.contains("<h1>Under way in stage</h1>"));
        assert!(
            page.contains("data-waits>waits for: <b>ask the nodes of `stage` for their version")
        );
        assert!(page.contains(r#"data-state="running""#) && page.contains("so far"));
    }

    #[test]
    fn what_has_not_happened_is_said() {
        let page = page(&fixture::empty()).expect("a report");
        for words in [
            "Nothing has been done yet.",
            "No node has been asked for its version yet.",
            "No load test has run.",
            "Nothing has been decided yet.",
        ] {
            assert!(page.contains(words), "{words}");
        }
        let mut story = fixture::stopped();
        story.load_tests[0].curve.clear();
        assert!(
            super::page(&story)
                .expect("a report")
                .contains("No curve was recorded.")
        );
    }

    #[test]
    fn a_warning_is_told_apart_from_success() {
        let page = page(&fixture::promoted_with_warning()).expect("a report");
        assert!(page.contains("<h1>Promoted with a warning to prod</h1>"));
        assert!(page.contains(r#"<li class="warned" data-place="stage" data-progress="converged" data-load-test="failed">"#));
    }

    #[test]
    fn hostile_texts_stay_texts() {
        let hostile = page(&fixture::hostile()).expect("a report");
        assert!(!hostile.contains(|c: char| is_active(c) && c != '\n'));
        assert!(hostile.contains("\\u{202e}evil\\u{202c} \\u{1b}[31mred"));
        // Neither in text nor in an attribute does it add an element or an attribute.
        let plain = page(&fixture::saying("x")).expect("a report");
        for sign in ["<", ">", "\"", "'"] {
            assert!(HOSTILE.contains(sign));
            assert_eq!(count(&hostile, sign), count(&plain, sign), "{sign}");
        }
    }

    #[test]
    fn many_answers_make_no_large_page() {
        let flapping =
            |node: usize, round: usize| (node + round).is_multiple_of(2).then_some(COMMIT);
        let blocks = |node: usize, round: usize| Some([COMMIT, BEFORE][(round + node) / 5 % 2]);
        for story in [
            fixture::large(flapping),
            fixture::large(blocks),
            fixture::large(|_, _| Some(COMMIT)),
        ] {
            let page = page(&story).expect("a report");
            assert!(page.len() < 2_000_000, "{} bytes", page.len());
            assert_eq!(count(&page, "<g data-node="), 20);
        }
    }
}
