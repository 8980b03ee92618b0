//! Which commit has which colour and letter.

use std::collections::HashMap;

use crate::deployment::timeline::Timeline;
use crate::text::number::short;

/// As many colours as can be told apart.
const COLOURS: usize = 8;

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
    /// A letter, since a colour alone does not tell everybody; numbers behind `Z`.
    pub key: String,
    /// The number of its colour.
    pub colour: usize,
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

    /// How many more there are.
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
            // The first colour is the release's alone.
            colour: if number == 0 {
                0
            } else {
                (number - 1) % (COLOURS - 1) + 1
            },
            release,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_release_is_first() {
        let timeline = fixture::running();
        let legend = Legend::of(&timeline);
        let keys: Vec<_> = legend
            .commits
            .iter()
            .map(|commit| (commit.key.as_str(), commit.hash))
            .collect();
        assert_eq!(keys, [("A", fixture::COMMIT), ("B", fixture::BEFORE)]);
        assert!(legend.commits[0].release && legend.unreachable);
        assert_eq!(legend.find(fixture::BEFORE).expect("a commit").colour, 1);
    }

    #[test]
    fn more_commits_than_letters_and_colours() {
        let hashes: Vec<String> = (0..40).map(|number| format!("{number:040}")).collect();
        let mut legend = Legend::default();
        for hash in &hashes {
            legend.add(hash, false);
        }
        let keys: std::collections::HashSet<_> =
            legend.commits.iter().map(|commit| &commit.key).collect();
        assert_eq!(keys.len(), 40);
        assert_eq!(legend.commits[26].key, "27");
        assert!(
            legend.commits[1..]
                .iter()
                .all(|commit| (1..COLOURS).contains(&commit.colour))
        );
    }
}
