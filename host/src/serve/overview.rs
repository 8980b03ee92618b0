//! What the status page shows of environments and deployments, from their timelines.

use super::open_change::OpenChange;
use crate::contract::promotion::Conclusion;
use crate::deployment::served::{Served, ServedCommit, served};
use crate::deployment::timeline::{StepState, Timeline};
use crate::journal::Baseline;
use crate::report::headline::{Headline, Tone};
use crate::text::number::short;
use crate::text::time;

/// How many of the latest failures are shown above the releases.
const FAILURES: usize = 3;

/// How many releases are shown.
const RELEASES: usize = 50;

/// Environments, what runs, the latest failures, and releases.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The state of production.
    pub production: Place,
    /// All environments, production first.
    pub places: Vec<Place>,
    /// Deployments that have not ended, and whose process has ended.
    pub interrupted: Vec<Release>,
    /// Deployments with a running process.
    pub running: Vec<Release>,
    /// The latest deployments that failed.
    pub failures: Vec<Release>,
    /// The latest deployments.
    pub releases: Vec<Release>,
}

/// One environment.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Whether it is good, by what it serves.
    pub tone: Tone,
    /// What it serves, in words.
    pub words: String,
    /// Each commit that it serves.
    pub versions: Vec<Version>,
    /// The nodes that gave no usable answer.
    pub silent: Vec<String>,
    /// When its nodes were asked last.
    pub asked: Option<When>,
}

/// A commit that an environment serves.
#[derive(Clone, Debug)]
pub struct Version {
    /// The commit, shortened.
    pub commit: String,
    /// Its subject and author, as far as they are known.
    pub title: Option<String>,
    /// How many nodes serve it, if it is not every node.
    pub share: Option<String>,
    /// Since when.
    pub since: When,
    /// The deployment that brought it.
    pub deployment: Option<u64>,
}

/// One deployment.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its number.
    pub number: u64,
    /// The tone of its state or conclusion.
    pub tone: Tone,
    /// Its state or conclusion, and the environment, in words.
    pub words: String,
    /// The tag, with a short commit.
    pub tag: String,
    /// The subject and the author of the commit, as far as they are known.
    pub title: Option<String>,
    /// The reason that decided last.
    pub because: Option<String>,
    /// The notes about the results of load tests.
    pub load_tests: Vec<String>,
    /// The step that runs, and how long it has run.
    pub step: Option<(String, String)>,
    /// What it waits for.
    pub waits: Option<String>,
    /// What a person does now.
    pub to_do: Vec<String>,
    /// When it began.
    pub began: When,
    /// How long it took, or has run.
    pub took: String,
}

/// A moment, as the page writes it without a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// For programs, and for the script that writes the reader's time zone.
    pub exact: String,
    /// For people: how long ago, and the time in UTC.
    pub text: String,
}

impl When {
    /// A moment as it is seen now.
    pub fn of(at: u64, now: u64) -> Self {
        let is_today = at / DAY == now / DAY;
        let clock = time::formatted(at, if is_today { "%H:%M" } else { "%-d %b %H:%M" });
        let ago = now.saturating_sub(at);
        let ago = match ago {
            0..MINUTE => "just now".to_owned(),
            MINUTE..HOUR => format!("{} min ago", ago / MINUTE),
            HOUR..DAY => format!("{} h ago", ago / HOUR),
            _ => format!("{} d ago", ago / DAY),
        };
        Self {
            exact: time::exact(at),
            text: format!("{ago}, {clock} UTC"),
        }
    }
}

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Overview {
    /// Summarizes the timelines of deployments, the newest first.
    pub fn of<'a>(
        environments: impl DoubleEndedIterator<Item = (&'a str, Option<Baseline>)>,
        timelines: &[&Timeline],
        now: u64,
    ) -> Self {
        let places = environments.rev();
        let places = places.map(|(name, baseline)| {
            let served = served(name, &timelines.iter().copied(), baseline.as_ref());
            Place::of(name, served, timelines, now)
        });
        let places: Vec<_> = places.collect();
        let release = |it: &&Timeline| Release::of(it, now);
        let chosen = |is: fn(&Timeline) -> bool, count| {
            let all = timelines.iter().filter(move |it| is(it));
            all.take(count).map(release).collect()
        };
        Self {
            production: places.first().cloned().unwrap_or_else(Place::unknown),
            places,
            interrupted: chosen(|it| it.conclusion.is_none() && it.interrupted, usize::MAX),
            running: chosen(|it| it.conclusion.is_none() && !it.interrupted, usize::MAX),
            failures: chosen(has_failed, FAILURES),
            releases: chosen(|_| true, RELEASES),
        }
    }
}

impl Overview {
    /// The sections of deployments that have not ended: the id, the title and the deployments of each section.
    pub fn unfinished(&self) -> impl Iterator<Item = (&'static str, &'static str, &[Release])> {
        let sections = [
            ("interrupted", "Interrupted", &self.interrupted[..]),
            ("running", "Running", &self.running[..]),
        ];
        sections.into_iter().filter(|(.., it)| !it.is_empty())
    }
}

fn has_failed(timeline: &Timeline) -> bool {
    timeline.conclusion.map(|it| it.0) == Some(Conclusion::Stopped)
}

impl Place {
    fn unknown() -> Self {
        Self {
            name: "production".to_owned(),
            tone: Tone::Idle,
            words: "what production serves is not known yet".to_owned(),
            versions: Vec::new(),
            silent: Vec::new(),
            asked: None,
        }
    }

    fn of(name: &str, served: Option<Served>, timelines: &[&Timeline], now: u64) -> Self {
        let Some(served) = served else {
            return Self {
                name: name.to_owned(),
                words: format!("what {name} serves is not known yet"),
                ..Self::unknown()
            };
        };
        let change = OpenChange::of(name, timelines);
        let all = served.nodes();
        let versions = served.commits.iter();
        let versions = versions.map(|it| Version {
            commit: short(&it.commit),
            title: title(it),
            share: (it.nodes.len() < all).then(|| format!("{} of {all} nodes", it.nodes.len())),
            since: When::of(it.since, now),
            deployment: it.deployment,
        });
        Self {
            name: name.to_owned(),
            tone: tone(&served, change),
            words: words(name, &served, change),
            versions: versions.collect(),
            asked: Some(When::of(served.at, now)),
            silent: served.unreachable,
        }
    }
}

fn title(commit: &ServedCommit) -> Option<String> {
    crate::report::headline::title(commit.subject.as_deref(), commit.author.as_deref())
}

fn tone(served: &Served, change: OpenChange) -> Tone {
    match (&served.commits[..], served.unreachable.is_empty()) {
        _ if change == OpenChange::Runs => Tone::Busy,
        ([_], _) if change == OpenChange::Interrupted => Tone::Warned,
        ([_], false) => Tone::Warned,
        ([one], true) => match (one.conclusion, one.deployment) {
            // `None` with a deployment: the deployment has not ended and already reached this environment.
            (Some(Conclusion::Promoted | Conclusion::Superseded), _) | (None, Some(_)) => {
                Tone::Good
            }
            (Some(Conclusion::Stopped | Conclusion::RolledBack), _) => Tone::Bad,
            (Some(Conclusion::PromotedWithWarning | Conclusion::Canceled), _) => Tone::Warned,
            (None, None) => Tone::Idle,
        },
        _ => Tone::Bad,
    }
}

fn words(name: &str, served: &Served, change: OpenChange) -> String {
    let sentence = served.sentence(name);
    match change {
        OpenChange::None => sentence,
        OpenChange::Runs => format!("{name} is being changed: {sentence}"),
        OpenChange::Interrupted => {
            format!("a deployment to {name} was interrupted; at the last check, {sentence}")
        }
    }
}

impl Release {
    fn of(timeline: &Timeline, now: u64) -> Self {
        let headline = Headline::of(timeline);
        let running = timeline.steps.iter();
        let running = running.rev().find(|it| it.state.0 == StepState::Running);
        let is_open = timeline.conclusion.is_none();
        let end = if is_open && !timeline.interrupted {
            now
        } else {
            timeline.last
        };
        Self {
            number: timeline.number,
            tone: headline.tone,
            because: headline.because.map(|it| it.message.clone()),
            step: running.filter(|_| is_open).map(|it| {
                let place = it.environment.as_deref().unwrap_or_default();
                let elapsed = time::span(now.saturating_sub(it.began) / 1000 * 1000);
                (
                    format!("{} {place}", it.title()).trim_end().to_owned(),
                    elapsed,
                )
            }),
            load_tests: headline.load_tests,
            words: headline.words,
            tag: timeline
                .tag
                .replace(&timeline.commit, &short(&timeline.commit)),
            title: headline.title,
            waits: headline.waits,
            to_do: headline.advice.into_iter().chain(headline.to_do).collect(),
            began: When::of(timeline.began, now),
            took: time::span(end.saturating_sub(timeline.began)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::fields::ByName;
    use crate::report::fixture::{self, at};

    fn overview(timelines: &[&Timeline]) -> Overview {
        let environments = ["stage", "prod"].map(|it| (it, None));
        Overview::of(environments.into_iter(), timelines, at(600))
    }

    #[test]
    fn the_color_is_the_state_of_production() {
        let mut good = fixture::promoted_with_warning();
        assert_eq!(overview(&[&good]).production.tone, Tone::Warned);
        good.conclusion = Some(ByName(Conclusion::Promoted));
        let shown = overview(&[&good]);
        assert_eq!(shown.production.tone, Tone::Good);
        assert_eq!(
            shown.production.words,
            "all 6 nodes of prod serve ca779cf0631b"
        );
        // A release that stopped in an earlier environment leaves it as it is.
        let stopped = fixture::stopped();
        let shown = overview(&[&stopped, &good]);
        assert_eq!(shown.production.tone, Tone::Good);
        assert_eq!(shown.failures.len(), 1);
        assert_eq!(
            shown.failures[0].load_tests,
            ["load test of stage: the history ends 3 s before the results do"]
        );
        assert_eq!(overview(&[]).production.tone, Tone::Idle);
    }

    #[test]
    fn production_that_is_half_changed_is_bad_unless_it_is_being_changed() {
        let mut half = fixture::promoted_with_warning();
        half.rounds.retain(|it| it.at <= at(500));
        half.conclusion = Some(ByName(Conclusion::Stopped));
        let shown = overview(&[&half]);
        assert_eq!(shown.production.tone, Tone::Bad);
        assert!(
            shown
                .production
                .words
                .contains(" of 6 nodes of prod serve ca779cf0631b, "),
            "{}",
            shown.production.words
        );
        half.conclusion = None;
        half.steps[4].state = ByName(StepState::Running);
        assert_eq!(overview(&[&half]).production.tone, Tone::Busy);
        half.interrupt();
        assert_eq!(overview(&[&half]).production.tone, Tone::Bad);
    }

    #[test]
    fn a_running_step_has_its_time() {
        let shown = overview(&[&fixture::running()]);
        let open = &shown.running[0];
        let step = ("converge stage".to_owned(), "9 min 28 s".to_owned());
        assert_eq!(open.step.as_ref(), Some(&step));
        assert!(
            open.waits
                .as_ref()
                .is_some_and(|it| it.contains("2 of 4 nodes")),
            "{open:?}"
        );
        assert_eq!(open.tag, "stage-loadtest-abort-ca779cf0631b");
    }

    #[test]
    fn only_what_was_promoted_is_green() {
        for (conclusion, tone) in [
            (Conclusion::Promoted, Tone::Good),
            (Conclusion::PromotedWithWarning, Tone::Warned),
            (Conclusion::Stopped, Tone::Bad),
            (Conclusion::Superseded, Tone::Idle),
            (Conclusion::Canceled, Tone::Idle),
        ] {
            let mut timeline = fixture::running();
            timeline.conclusion = Some(ByName(conclusion));
            assert_eq!(overview(&[&timeline]).releases[0].tone, tone);
        }
    }

    #[test]
    fn a_moment_has_its_distance_and_its_time_in_utc() {
        let now = at(0) + 3 * HOUR;
        for (before, text) in [
            (0, "just now, 03:15 UTC"),
            (2 * MINUTE, "2 min ago, 03:13 UTC"),
            (HOUR, "1 h ago, 02:15 UTC"),
            (4 * HOUR, "4 h ago, 22 Nov 23:15 UTC"),
            (2 * DAY, "2 d ago, 21 Nov 03:15 UTC"),
        ] {
            assert_eq!(When::of(now - before, now).text, text);
        }
        assert_eq!(When::of(at(0), now).exact, "2025-11-23T00:15:00.000Z");
    }
}
