//! What nodes answered, how long an answer is valid, and the letter and color of each commit.

use std::collections::{HashMap, HashSet};

use super::steps::Scale;
use crate::deployment::timeline::{Node, Round, Timeline};
use crate::text::number::short;

/// What a node answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The commit it serves.
    Commit(&'a str),
    /// Why there was no usable answer.
    Unreachable(&'a str),
    /// Several things, changing too often to be drawn one by one.
    Mixed,
}

/// What a node answered in all rounds of its environment.
///
/// An answer is valid until the next round, but no longer than `last`, and no longer than [`reach`] unless the next round
/// counts several.
pub fn answers<'a>(name: &str, rounds: &[&'a Round], last: u64) -> Vec<Segment<'a>> {
    let reach = reach(rounds);
    joined(rounds.iter().enumerate().filter_map(|(index, round)| {
        let node = round.nodes.iter().find(|node| node.name == name)?;
        let reached = round.at.saturating_add(reach);
        let until = match rounds.get(index + 1) {
            Some(next) if next.times > 1 => next.at,
            Some(next) => next.at.min(reached),
            None => last.max(round.at).min(reached),
        };
        Some((round.at, until, answer(node), round.times))
    }))
}

/// How long an answer is valid if no next round follows: three times the median distance of rounds, in
/// milliseconds. A longer gap is drawn empty.
fn reach(rounds: &[&Round]) -> u64 {
    let mut gaps: Vec<u64> = rounds
        .windows(2)
        .map(|pair| pair[1].at.saturating_sub(pair[0].at) / pair[1].times.max(1))
        .collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2)
        .map_or(1000, |median| median.saturating_mul(3).max(1000))
}

fn answer(node: &Node) -> Answer<'_> {
    match (&node.unreachable, &node.commit) {
        (Some(reason), _) => Answer::Unreachable(reason),
        (None, Some(commit)) => Answer::Commit(commit),
        (None, None) => Answer::Unreachable("no commit in its answer"),
    }
}

/// Each name once, in the order of its first use.
pub fn names<'a>(all: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    all.filter(|name| seen.insert(*name)).collect()
}

/// One answer, or several equal ones in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The answer.
    pub answer: Answer<'a>,
    /// When it was answered first.
    pub from: u64,
    /// The end of its validity.
    pub until: u64,
    /// How many answers these are.
    pub count: u64,
}

/// Joins equal answers; each has its time, the end of its validity, and how often it was given.
pub fn joined<'a>(
    answers: impl IntoIterator<Item = (u64, u64, Answer<'a>, u64)>,
) -> Vec<Segment<'a>> {
    let mut segments: Vec<Segment<'a>> = Vec::new();
    for (from, until, answer, count) in answers {
        match segments.last_mut() {
            Some(last) if last.answer == answer && last.until >= from => {
                last.until = last.until.max(until);
                last.count += count;
            }
            _ => segments.push(Segment {
                answer,
                from,
                until,
                count,
            }),
        }
    }
    segments
}

/// Reduces the number of segments to `limit`: divides the axis into parts, and merges the answers of each part.
pub fn at_most<'a>(limit: u64, scale: &Scale, segments: Vec<Segment<'a>>) -> Vec<Segment<'a>> {
    if segments.len() as u64 <= limit {
        return segments;
    }
    let mut coarse: Vec<Segment<'a>> = Vec::new();
    let mut rest = segments.as_slice();
    for part in 0..limit {
        let (from, until) = (scale.part(part, limit), scale.part(part + 1, limit));
        // What ended before this part is behind us; the last part has the end of the axis in it.
        let gone = rest
            .iter()
            .take_while(|segment| segment.until <= from && segment.from < from)
            .count();
        rest = &rest[gone..];
        let inside = |segment: &&Segment<'a>| segment.from < until || part + 1 == limit;
        let mut within = rest.iter().take_while(inside);
        let Some(first) = within.next() else { continue };
        let (mut answer, mut end) = (first.answer, first.until);
        let mut count = if first.from >= from { first.count } else { 0 };
        for segment in within {
            answer = match (answer, segment.answer) {
                (before, same) if before == same => before,
                (Answer::Unreachable(reason), Answer::Unreachable(_)) => {
                    Answer::Unreachable(reason)
                }
                _ => Answer::Mixed,
            };
            end = end.max(segment.until);
            count += segment.count;
        }
        let (from, until) = (from.max(first.from), until.min(end));
        match coarse.last_mut() {
            Some(last) if last.answer == answer && last.until >= from => {
                last.until = until;
                last.count += count;
            }
            _ => coarse.push(Segment {
                answer,
                from,
                until,
                count,
            }),
        }
    }
    coarse
}

/// The number of distinct colors.
const COLORS: usize = 8;

/// At most as many commits as the page names.
const SHOWN: usize = 40;

/// All commits that nodes answered with.
#[derive(Debug, Default)]
pub struct Legend<'a> {
    /// In the order of their letters; the release first.
    pub commits: Vec<Commit<'a>>,
    index: HashMap<&'a str, usize>,
    /// Whether something was unreachable.
    pub unreachable: bool,
    /// Whether some answers changed too often to be drawn one by one.
    pub mixed: bool,
}

/// A commit that nodes answered with.
#[derive(Clone, Debug)]
pub struct Commit<'a> {
    /// All of it.
    pub hash: &'a str,
    /// The beginning of it.
    pub short: String,
    /// A letter, because colors alone are not accessible; a number after `Z`.
    pub key: String,
    /// The number of its color.
    pub color: usize,
    /// Whether it is the release's.
    pub release: bool,
}

impl<'a> Legend<'a> {
    /// Collects the commits of all answers.
    pub fn of(timeline: &'a Timeline) -> Self {
        let mut legend = Self::default();
        let answers = || timeline.rounds.iter().flat_map(|round| &round.nodes);
        if answers().any(|node| node.commit.is_some()) {
            legend.add(&timeline.commit, true);
        }
        for node in answers() {
            match (&node.unreachable, &node.commit) {
                (None, Some(commit)) => legend.add(commit, false),
                _ => legend.unreachable = true,
            }
        }
        legend
    }

    /// The entry of a commit that a node answered with.
    pub fn find(&self, commit: &str) -> Option<&Commit<'a>> {
        self.commits.get(*self.index.get(commit)?)
    }

    /// The commits that the page names.
    pub fn shown(&self) -> &[Commit<'a>] {
        &self.commits[..self.commits.len().min(SHOWN)]
    }

    /// The number of commits that are not named.
    pub fn more(&self) -> usize {
        self.commits.len() - self.shown().len()
    }

    fn add(&mut self, hash: &'a str, release: bool) {
        let number = self.commits.len();
        if *self.index.entry(hash).or_insert(number) != number {
            return;
        }
        let letter = u8::try_from(number).ok().filter(|number| *number < 26);
        self.commits.push(Commit {
            hash,
            short: short(hash),
            key: letter.map_or_else(
                || (number + 1).to_string(),
                |number| char::from(b'A' + number).to_string(),
            ),
            // The first color is the release's alone.
            color: if number == 0 {
                0
            } else {
                (number - 1) % (COLORS - 1) + 1
            },
            release,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{self, BEFORE, COMMIT, at, large};

    /// The beginning, the end and the count of each segment of the first node.
    fn periods(rounds: &[Round]) -> Vec<(u64, u64, u64)> {
        let rounds: Vec<&Round> = rounds.iter().collect();
        let node = &rounds[0].nodes[0].name;
        let segments = answers(node, &rounds, at(999)).into_iter();
        segments.map(|it| (it.from, it.until, it.count)).collect()
    }

    #[test]
    fn an_answer_holds_for_a_while_and_not_beyond_the_end() {
        let mut timeline = large(|_, _| Some(COMMIT));
        timeline.rounds.drain(10..490);
        let periods = periods(&timeline.rounds);
        assert_eq!(periods, [(at(0), at(24), 10), (at(980), at(999), 10)]);
    }

    #[test]
    fn repeated_answers_have_no_gap() {
        let mut timeline = large(|_, round| Some(if round < 499 { BEFORE } else { COMMIT }));
        timeline.rounds.drain(10..498);
        timeline.rounds[10].times = 489;
        let periods = periods(&timeline.rounds);
        assert_eq!(periods, [(at(0), at(998), 499), (at(998), at(999), 1)]);
    }

    #[test]
    fn an_answer_without_a_commit_is_unusable() {
        let node = Node {
            name: String::new(),
            commit: None,
            unreachable: None,
        };
        assert!(matches!(answer(&node), Answer::Unreachable(_)));
    }

    #[test]
    fn names_stay_in_order() {
        assert_eq!(names(["b", "a", "b"].into_iter()), ["b", "a"]);
    }

    const A: Answer<'_> = Answer::Commit("a");
    const B: Answer<'_> = Answer::Commit("b");

    fn rounds(answers: &[Answer<'static>]) -> Vec<(u64, u64, Answer<'static>, u64)> {
        (0..)
            .zip(answers)
            .map(|(round, answer)| (at(round), at(round + 1), *answer, 1))
            .collect()
    }

    #[test]
    fn equal_neighbors_become_one() {
        let segments = joined(rounds(&[A, A, B, A]));
        let counts: Vec<_> = segments
            .iter()
            .map(|segment| (segment.answer, segment.count))
            .collect();
        assert_eq!(counts, [(A, 2), (B, 1), (A, 1)]);
        assert_eq!((segments[0].from, segments[0].until), (at(0), at(2)));
    }

    #[test]
    fn a_gap_between_rounds_stays_empty() {
        let segments = joined([(at(0), at(1), A, 1), (at(60), at(61), A, 1)]);
        assert_eq!(segments.len(), 2);
    }

    #[test]
    fn reasons_are_told_apart() {
        let (refused, slow) = (
            Answer::Unreachable("refused"),
            Answer::Unreachable("too slow"),
        );
        assert_eq!(joined(rounds(&[refused, slow])).len(), 2);
    }

    #[test]
    fn flapping_becomes_one_block_and_no_answer_is_lost() {
        let mut answers = vec![A; 300];
        answers.extend((0..200).map(|index| if index % 2 == 0 { B } else { A }));
        let segments = joined(rounds(&answers));
        assert_eq!(segments.len(), 201);
        let coarse = at_most(50, &Scale::over([at(0), at(500)]), segments);
        let shape: Vec<_> = coarse.iter().map(|segment| segment.answer).collect();
        assert_eq!(shape, [A, Answer::Mixed]);
        assert_eq!(coarse.iter().map(|segment| segment.count).sum::<u64>(), 500);
        assert_eq!((coarse[0].until, coarse[1].from), (at(300), at(300)));
    }

    #[test]
    fn the_release_is_first() {
        let timeline = fixture::running();
        let legend = Legend::of(&timeline);
        let keys: Vec<_> = legend
            .commits
            .iter()
            .map(|commit| (commit.key.as_str(), commit.hash))
            .collect();
        assert_eq!(keys, [("A", COMMIT), ("B", BEFORE)]);
        assert!(legend.commits[0].release && legend.unreachable);
        assert_eq!(legend.find(BEFORE).expect("a commit").color, 1);
    }

    #[test]
    fn more_commits_than_letters_and_colors() {
        let hashes: Vec<String> = (0..40).map(|number| format!("{number:040}")).collect();
        let mut legend = Legend::default();
        for hash in &hashes {
            legend.add(hash, false);
        }
        let keys: HashSet<_> = legend.commits.iter().map(|commit| &commit.key).collect();
        assert_eq!(keys.len(), 40);
        assert_eq!(legend.commits[26].key, "27");
        assert!(
            legend.commits[1..]
                .iter()
                .all(|commit| (1..COLORS).contains(&commit.color))
        );
    }
}
