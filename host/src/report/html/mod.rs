//! A deployment as one page of HTML.
//!
//! The page fetches and runs nothing, so it looks the same in the artifact viewer of a CI system, on a machine
//! without a network, and in ten years. `data-` attributes hold the values for programs.

mod answers;
mod load_test;
mod nodes;
mod steps;

use std::fmt::Write as _;

use askama::Template;

use self::nodes::Nodes;
use self::steps::{Scale, Tick};
use super::headline::{self, Headline, Tone};
use crate::contract::promotion::{Conclusion, Progress};
use crate::contract::types::{LoadTestAction, Verdict};
use crate::deployment::timeline::{Place, Timeline};
use crate::text::escape::is_active;
use crate::text::time;

#[derive(Template)]
#[template(path = "deployment.html")]
struct Page<'a> {
    /// Whether `serve` shows it, so that it has links to the other pages.
    is_served: bool,
    /// The form for people; `None` in a file.
    form: Option<&'a Form>,
    timeline: &'a Timeline,
    headline: Headline<'a>,
    action: &'static str,
    places: Vec<(&'a Place, Tone, String)>,
    ticks: Vec<Tick>,
    steps: Vec<steps::Row<'a>>,
    nodes: Nodes<'a>,
    load_tests: Vec<load_test::Shown<'a>>,
}

/// The form with which people intervene, and what a person has entered.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Whether people have tokens of their own.
    pub has_people: bool,
    /// Why the last attempt failed; empty before the first one.
    pub problem: String,
    /// The environment; empty for all of them.
    pub environment: String,
    /// The name of the person.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Draws a deployment.
///
/// # Errors
///
/// If the template can't be rendered, which no input is known to cause.
pub fn page(timeline: &Timeline) -> Result<String, askama::Error> {
    render(timeline, false, None)
}

/// Draws a deployment for `serve`, with links to the status page and to the logs, and with a form until it has ended.
///
/// # Errors
///
/// As [`page`].
pub fn served_page(timeline: &Timeline, form: &Form) -> Result<String, askama::Error> {
    render(timeline, true, Some(form))
}

fn render(
    timeline: &Timeline,
    is_served: bool,
    form: Option<&Form>,
) -> Result<String, askama::Error> {
    let scale = scale(timeline);
    let page = Page {
        is_served,
        form,
        timeline,
        headline: Headline::of(timeline),
        action: match timeline.action.map(|it| it.0) {
            None => "unknown",
            Some(LoadTestAction::Abort) => "stops the release (abort)",
            Some(LoadTestAction::Warn) => "is a warning (warn)",
            Some(LoadTestAction::Skip) => "can't happen: no load test runs (skip)",
        },
        places: timeline
            .environments
            .iter()
            .map(|place| {
                (
                    place,
                    tone(place, timeline),
                    headline::place(place, timeline),
                )
            })
            .collect(),
        ticks: scale.ticks(),
        steps: steps::rows(timeline, &scale),
        nodes: Nodes::of(timeline, &scale),
        load_tests: load_test::all(timeline),
    };
    Ok(visible(page.render()?))
}

fn scale(timeline: &Timeline) -> Scale {
    let steps = timeline
        .steps
        .iter()
        .flat_map(|step| [Some(step.began), step.ended]);
    let rounds = timeline.rounds.iter().map(|round| Some(round.at));
    let ends = [Some(timeline.began), Some(timeline.last)];
    Scale::over(steps.chain(rounds).chain(ends).flatten())
}

/// The color of an environment. A failed load test is a warning where the release continued.
fn tone(place: &Place, timeline: &Timeline) -> Tone {
    let conclusion = timeline.conclusion.map(|it| it.0);
    let action = timeline.action.map(|it| it.0);
    match (place.progress.0, place.load_test.map(|it| it.0)) {
        (Progress::Failed | Progress::RolledBack, _) => Tone::Bad,
        (_, Some(Verdict::Failed | Verdict::Errored)) => match (conclusion, action) {
            (Some(Conclusion::Promoted | Conclusion::PromotedWithWarning), _)
            | (_, Some(LoadTestAction::Warn)) => Tone::Warned,
            _ => Tone::Bad,
        },
        (Progress::Unknown, _) | (_, Some(Verdict::Inconclusive)) => Tone::Warned,
        (Progress::Converged, _) => Tone::Good,
        (Progress::Deployed, _) => Tone::Busy,
        (Progress::Pending, _) => Tone::Idle,
    }
}

/// Escapes every active character as `\u{…}`, except line feeds and tabs, which a browser shows as blanks.
///
/// It is applied to the finished page, so that no text is missed: the escapes mean nothing to HTML, in text or in an
/// attribute, and the page's own source has no active characters.
pub fn visible(page: String) -> String {
    let active = |c: char| is_active(c) && !matches!(c, '\n' | '\t');
    if !page.contains(active) {
        return page;
    }
    let mut text = String::with_capacity(page.len() + page.len() / 8);
    for c in page.chars() {
        if active(c) {
            // Writing into a string can't fail.
            let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
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
        let timeline = fixture::stopped();
        let page = page(&timeline).expect("a report");
        assert!(
            page.contains(r#"<header class="bad" data-conclusion="stopped" data-deployment="41""#)
        );
        assert_eq!(count(&page, "<tr class=\"good\" data-step="), 3);
        assert!(
            page.contains(
                "data-title>&#34;Reserve stock when the cart is paid&#34; by Ada Example<"
            )
        );
        assert!(
            page.contains("data-to-do>find out why the load test of stage failed, and merge a fix")
        );
        assert!(
            page.contains("data-tail>POST /cart: 212 responses 502 &#60;Bad Gateway&#62;\n</pre>")
        );
        assert!(
            page.contains(r#"data-step="load-test" data-environment="stage" data-state="failed""#)
        );
        assert_eq!(count(&page, "<article"), timeline.decisions.len());
        assert!(
            page.contains(r#"data-permission="hold" data-code="not-converged" data-times="19""#)
        );
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
            timeline
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
        assert!(page.contains("<h1>Running in stage</h1>"));
        assert!(
            page.contains("data-waits>waiting for: <b>2 of 4 nodes of stage serve it; http://10.20.0.3:8080 serves 4b825dc642cb (old)")
        );
        assert!(page.contains(r#"data-state="running""#) && page.contains("so far"));
    }

    #[test]
    fn the_head_says_what_the_nodes_served_at_the_end() {
        let page = page(&fixture::half_way()).expect("a report");
        assert!(page.contains(
            "data-served>At the end, 1 of 3 nodes of prod serves ca779cf0631b, 2 serve 4b825dc642cb.<"
        ));
    }

    #[test]
    fn what_has_not_happened_is_said() {
        let page = page(&fixture::empty()).expect("a report");
        for words in [
            "No step has run yet.",
            "No node was asked for its version yet.",
            "No load test ran.",
            "No decision yet.",
        ] {
            assert!(page.contains(words), "{words}");
        }
        let mut timeline = fixture::stopped();
        timeline.load_tests[0].curve.clear();
        assert!(
            super::page(&timeline)
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
        for timeline in [
            fixture::large(flapping),
            fixture::large(blocks),
            fixture::large(|_, _| Some(COMMIT)),
        ] {
            let page = page(&timeline).expect("a report");
            assert!(page.len() < 2_000_000, "{} bytes", page.len());
            assert_eq!(count(&page, "<g data-node="), 20);
        }
    }

    #[test]
    fn shows_what_hides() {
        let page = "<p title=\"a\u{202e}b\">\u{1b}[31m\r\n\u{0}ä</p>";
        assert_eq!(
            visible(page.to_owned()),
            "<p title=\"a\\u{202e}b\">\\u{1b}[31m\\u{d}\n\\u{0}ä</p>"
        );
    }
}
