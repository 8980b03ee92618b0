//! The answers of every node over time.

use super::answers::{Answer, Commit, Legend, Segment, answers, at_most, names};
use super::steps::{Percent, Scale};
use crate::deployment::timeline::{Round, Timeline};
use crate::text::number::short;
use crate::text::time;

/// About as many segments as one page draws, over all nodes.
const SEGMENTS: u64 = 3000;

/// At most as many absences as are listed.
const ABSENCES: usize = 20;

/// The chart.
#[derive(Debug)]
pub struct Nodes<'a> {
    /// Environments that have been asked.
    pub environments: Vec<Environment<'a>>,
    /// Commits and signs.
    pub legend: Legend<'a>,
    /// When nodes did not answer, and why.
    pub absences: Vec<Absence<'a>>,
    /// The number of absences that are not listed.
    pub more_absences: usize,
}

/// The nodes of an environment.
#[derive(Debug)]
pub struct Environment<'a> {
    /// Its name.
    pub name: &'a str,
    /// How often they were asked.
    pub rounds: u64,
    /// In the order of their first answers.
    pub nodes: Vec<Line<'a>>,
}

/// One node.
#[derive(Debug)]
pub struct Line<'a> {
    /// Its name.
    pub name: &'a str,
    /// The commit of its last answer; `None` if it did not answer.
    pub last: Option<Commit<'a>>,
    /// The bars that are drawn.
    pub bars: Vec<Bar<'a>>,
}

/// Equal answers in a row.
#[derive(Debug)]
pub struct Bar<'a> {
    /// What and when.
    pub segment: Segment<'a>,
    /// The commit, if it is one.
    pub commit: Option<Commit<'a>>,
    /// The left end.
    pub x: Percent,
    /// How long.
    pub width: Percent,
    /// A sentence.
    pub title: String,
}

/// When a node did not answer.
#[derive(Debug)]
pub struct Absence<'a> {
    /// The environment.
    pub environment: &'a str,
    /// The node.
    pub node: &'a str,
    /// Why.
    pub reason: &'a str,
    /// When.
    pub when: String,
    /// How often.
    pub count: u64,
}

impl<'a> Nodes<'a> {
    /// Draws all answers.
    pub fn of(timeline: &'a Timeline, scale: &Scale) -> Self {
        let mut legend = Legend::of(timeline);
        let mut absences = Vec::new();
        let mut lines = Vec::new();
        for name in names(
            timeline
                .rounds
                .iter()
                .map(|round| round.environment.as_str()),
        ) {
            let rounds: Vec<&Round> = timeline
                .rounds
                .iter()
                .filter(|round| round.environment == name)
                .collect();
            let all = names(
                rounds
                    .iter()
                    .flat_map(|round| &round.nodes)
                    .map(|node| node.name.as_str()),
            );
            let nodes: Vec<_> = all
                .into_iter()
                .map(|node| (node, answers(node, &rounds, timeline.last)))
                .collect();
            for (node, segments) in &nodes {
                absences.extend(
                    segments
                        .iter()
                        .filter_map(|segment| absence(name, node, segment)),
                );
            }
            lines.push((name, rounds.iter().map(|it| it.times).sum(), nodes));
        }
        let count: u64 = lines.iter().map(|(_, _, nodes)| nodes.len() as u64).sum();
        let limit = (SEGMENTS / count.max(1)).clamp(24, 120);
        let mut environments = Vec::new();
        for (name, rounds, nodes) in lines {
            let nodes = nodes
                .into_iter()
                .map(|(name, segments)| Line::new(name, segments, limit, &mut legend, scale))
                .collect();
            environments.push(Environment {
                name,
                rounds,
                nodes,
            });
        }
        let more_absences = absences.len().saturating_sub(ABSENCES);
        absences.truncate(ABSENCES);
        Self {
            environments,
            legend,
            absences,
            more_absences,
        }
    }
}

impl<'a> Line<'a> {
    fn new(
        name: &'a str,
        segments: Vec<Segment<'a>>,
        limit: u64,
        legend: &mut Legend<'a>,
        scale: &Scale,
    ) -> Self {
        let last = segments.last().and_then(|last| match last.answer {
            Answer::Commit(hash) => legend.find(hash).cloned(),
            _ => None,
        });
        let segments = at_most(limit, scale, segments);
        legend.mixed |= segments
            .iter()
            .any(|segment| segment.answer == Answer::Mixed);
        let bars: Vec<Bar<'a>> = segments
            .into_iter()
            .map(|segment| bar(segment, legend, scale))
            .collect();
        Self { name, last, bars }
    }
}

impl Bar<'_> {
    /// Whether it is so short that a narrow page would lose it.
    pub fn thin(&self) -> bool {
        self.width.0 < 0.6
    }
}

fn bar<'a>(segment: Segment<'a>, legend: &Legend<'a>, scale: &Scale) -> Bar<'a> {
    let (x, end) = (scale.at(segment.from), scale.at(segment.until));
    let (commit, what) = match segment.answer {
        Answer::Commit(hash) => (legend.find(hash).cloned(), short(hash)),
        Answer::Unreachable(reason) => (None, format!("no usable answer: {reason}")),
        Answer::Mixed => (None, "changing answers".to_owned()),
    };
    let title = format!("{} {what}", period(&segment));
    Bar {
        segment,
        commit,
        x,
        width: Percent(end.0 - x.0),
        title,
    }
}

fn absence<'a>(environment: &'a str, node: &'a str, segment: &Segment<'a>) -> Option<Absence<'a>> {
    let Answer::Unreachable(reason) = segment.answer else {
        return None;
    };
    Some(Absence {
        environment,
        node,
        reason,
        when: period(segment),
        count: segment.count,
    })
}

fn period(segment: &Segment<'_>) -> String {
    format!(
        "{}–{}",
        time::clock(segment.from),
        time::clock(segment.until)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{self, BEFORE, COMMIT};

    fn drawn(timeline: &Timeline) -> Nodes<'_> {
        Nodes::of(timeline, &Scale::over([timeline.began, timeline.last]))
    }

    #[test]
    fn one_row_a_node_and_one_bar_an_answer() {
        let timeline = fixture::promoted_with_warning();
        let nodes = drawn(&timeline);
        let rows: Vec<_> = nodes
            .environments
            .iter()
            .map(|place| (place.name, place.nodes.len()))
            .collect();
        assert_eq!(rows, [("stage", 4), ("prod", 6)]);
        let commits: Vec<_> = nodes.environments[0].nodes[0]
            .bars
            .iter()
            .map(|bar| bar.commit.as_ref().expect("a commit").hash)
            .collect();
        // The second time it is the answer after the load test, with a gap before it.
        assert_eq!(commits, [BEFORE, COMMIT, COMMIT]);
        assert_eq!(nodes.absences[0].reason, "connection refused");
    }

    #[test]
    fn steady_nodes_need_one_bar() {
        let timeline = fixture::large(|_, _| Some(COMMIT));
        assert!(
            drawn(&timeline).environments[0]
                .nodes
                .iter()
                .all(|node| node.bars.len() == 1)
        );
    }

    #[test]
    fn flapping_nodes_are_drawn_as_flapping() {
        let timeline =
            fixture::large(|node, round| (node + round).is_multiple_of(2).then_some(COMMIT));
        let nodes = drawn(&timeline);
        assert!(nodes.legend.mixed);
        assert!(
            nodes.environments[0]
                .nodes
                .iter()
                .all(|node| node.bars.len() <= 3)
        );
        assert_eq!(nodes.absences.len(), ABSENCES);
        assert_eq!(nodes.more_absences, 20 * 250 - ABSENCES);
    }
}
