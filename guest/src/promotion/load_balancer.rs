//! Addresses with several servers behind them: how many consecutive rounds prove that all of them serve the release.
//!
//! An address that has answered with the release, and then with another commit again, is not one node: a load balancer
//! asks one of several servers. Each of its answers is a draw, and a few consecutive ones can come up by luck.

use crate::bindings::promotion::{Convergence, Node, NodeVersion};

/// A wait is fooled with less than one chance in so many.
const CHANCES: f64 = 1000.0;

/// The largest share of old answers that is assumed. The few answers of a short rollout often show a larger one by
/// chance.
const LARGEST_SHARE: f64 = 1.0 / 3.0;

/// How many new answers are added to those that were seen, so that a share of few answers is not taken at its word.
const ADDED: u32 = 2;

/// What each address has answered since the deployment, in the order of their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses<'a>(Vec<Address<'a>>);

/// What one address has answered, from its first answer with the release on.
#[derive(Clone, Debug, Default)]
struct Address<'a> {
    name: &'a str,
    /// Answers with the release, before the latest answer with another commit.
    new: u32,
    /// Answers with another commit.
    old: u32,
    /// Answers with the release since then.
    run: u32,
}

/// Why more rounds are needed than the settings say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SeveralServers<'a> {
    /// The address with several servers behind it.
    pub address: &'a str,
    /// Its answers with another commit, after it had answered with the release.
    pub old: u32,
    /// All of its answers until the latest one of these.
    pub answers: u32,
    /// Consecutive rounds that are needed.
    pub rounds: u32,
    /// Rounds that fit into the deadline.
    pub fit: u32,
}

impl<'a> Addresses<'a> {
    pub(super) const NEW: Self = Self(Vec::new());

    /// Adds the answers of the next rounds, `times` of them with the same answers. Unusable answers say nothing about
    /// what is behind an address.
    pub(super) fn take(&mut self, rounds: &'a Convergence, times: u32, commit: &str) {
        let Convergence::Observed(nodes) = rounds else {
            return;
        };
        self.take_round(nodes, commit);
        if times < 2 {
            return;
        }
        // From the second round on, each round adds the same number of answers to an address.
        let first = self.0.clone();
        self.take_round(nodes, commit);
        for (address, first) in self.0.iter_mut().zip(&first) {
            address.repeat(first, times - 2);
        }
    }

    fn take_round(&mut self, nodes: &'a [Node], commit: &str) {
        // The host asks in the same order each time: if the names are in order, too, the address after the previous one
        // is the right one.
        let mut next = 0;
        for node in nodes {
            let NodeVersion::Serves(served) = &node.version else {
                continue;
            };
            let is_new = served == commit;
            let found = match self.0.get(next) {
                Some(address) if address.name == node.name => Ok(next),
                _ => self.0.binary_search_by(|it| it.name.cmp(&node.name)),
            };
            let (Ok(place) | Err(place)) = found;
            next = place + usize::from(found.is_ok() || is_new);
            match found {
                Ok(place) => {
                    if let Some(address) = self.0.get_mut(place) {
                        address.take(is_new);
                    }
                }
                // Before its first new answer, an address shows nothing but that the rollout has not reached it.
                Err(place) if is_new => self.0.insert(
                    place,
                    Address {
                        name: &node.name,
                        run: 1,
                        ..Address::default()
                    },
                ),
                Err(_) => {}
            }
        }
    }

    /// The address that needs the most rounds, if one has changed back.
    pub(super) fn several(&self, fit: u32) -> Option<SeveralServers<'a>> {
        let changed_back = self.0.iter().filter(|it| it.old > 0);
        changed_back
            .map(|it| it.several(fit))
            .max_by_key(|it| it.rounds)
    }
}

impl<'a> Address<'a> {
    fn take(&mut self, is_new: bool) {
        if is_new {
            self.run = self.run.saturating_add(1);
        } else {
            self.new = self.new.saturating_add(self.run);
            self.run = 0;
            self.old = self.old.saturating_add(1);
        }
    }

    /// Adds the answers that were added since `first` again, `times` times.
    fn repeat(&mut self, first: &Self, times: u32) {
        let more = |now: u32, first: u32| {
            let added = now.saturating_sub(first);
            now.saturating_add(added.saturating_mul(times))
        };
        self.new = more(self.new, first.new);
        self.old = more(self.old, first.old);
        self.run = more(self.run, first.run);
    }

    fn several(&self, fit: u32) -> SeveralServers<'a> {
        SeveralServers {
            address: self.name,
            old: self.old,
            answers: self.new.saturating_add(self.old),
            rounds: rounds(self.old, self.new, fit),
            fit,
        }
    }
}

impl SeveralServers<'_> {
    /// Tells whether the deadline is too short for the rounds that are needed.
    pub(super) fn exceeds_deadline(&self) -> bool {
        self.rounds > self.fit
    }

    /// Explains the number of rounds, as the rest of a sentence.
    pub(super) fn explanation(&self) -> String {
        let fit = if self.exceeds_deadline() {
            format!("; only {} rounds fit into the deadline", self.fit)
        } else {
            String::new()
        };
        format!(
            "{} answered with another commit in {} of {} answers after it had answered with the release, so \
             several servers are behind it, and fewer than {} consecutive rounds can be luck{fit}",
            self.address, self.old, self.answers, self.rounds
        )
    }
}

/// The consecutive rounds after which the chance that an old server was missed is below 1 in [`CHANCES`] for the whole
/// wait. A run can begin at each of the rounds that fit into the deadline, so each run has that part of the chance.
fn rounds(old: u32, new: u32, fit: u32) -> u32 {
    let answers = f64::from(old) + f64::from(new) + f64::from(ADDED);
    let share = (f64::from(old) / answers).min(LARGEST_SHARE);
    let chances = CHANCES * f64::from(fit.max(1));
    let rounds = chances.ln() / -(1.0 - share).ln();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number; one that is too large is cut off at the largest integer"
    )]
    let rounds = rounds as u32;
    rounds.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::{Addresses, SeveralServers, rounds};
    use crate::bindings::promotion::Convergence;
    use crate::fixtures::{OTHER, SHA, THIRD, nodes};
    use crate::promotion::convergence::{Finding, Series};

    fn answers(given: &[&str]) -> Vec<Convergence> {
        let rounds = given.iter();
        rounds
            .map(|commit| Convergence::Observed(nodes(&[("lb", commit)])))
            .collect()
    }

    fn several(rounds: &[Convergence]) -> Option<SeveralServers<'_>> {
        let mut addresses = Addresses::NEW;
        for round in rounds {
            addresses.take(round, 1, SHA);
        }
        addresses.several(61)
    }

    #[test]
    fn an_address_that_never_changes_back_is_one_node() {
        for given in [
            vec![],
            vec![OTHER, OTHER, SHA, SHA],
            vec![OTHER, "", SHA, "", SHA],
            vec![SHA, SHA],
        ] {
            assert_eq!(several(&answers(&given)), None, "{given:?}");
        }
    }

    #[test]
    fn an_address_that_changes_back_has_several_servers() {
        let rounds = answers(&[OTHER, OTHER, SHA, OTHER, SHA, THIRD, "", SHA, SHA]);
        let several = several(&rounds).expect("it changed back");
        assert_eq!(
            (several.address, several.old, several.answers),
            ("lb", 2, 4)
        );
        assert_eq!(several.rounds, 28);
        assert!(!several.exceeds_deadline());
        assert_eq!(
            several.explanation(),
            "lb answered with another commit in 2 of 4 answers after it had answered with the release, so several \
             servers are behind it, and fewer than 28 consecutive rounds can be luck"
        );
    }

    /// This also holds for an address that is listed several times and so answers several times per round.
    #[test]
    fn rounds_of_one_event_count_like_single_ones() {
        let same = |commits: &[&str]| {
            let given: Vec<_> = commits.iter().map(|it| ("lb", *it)).collect();
            Convergence::Observed(nodes(&given))
        };
        let lists: [&[&str]; 8] = [
            &[SHA],
            &[OTHER],
            &[""],
            &[SHA, OTHER],
            &[OTHER, SHA],
            &[SHA, SHA, OTHER, SHA],
            &[OTHER, "", SHA, SHA],
            &[],
        ];
        for first in lists {
            for second in lists {
                let (first, second) = (same(first), same(second));
                for times in 1..6 {
                    let (mut once, mut single) = (Addresses::NEW, Addresses::NEW);
                    for (round, times) in [(&first, times), (&second, times + 1)] {
                        once.take(round, times, SHA);
                        for _ in 0..times {
                            single.take(round, 1, SHA);
                        }
                    }
                    assert_eq!(once.several(61), single.several(61), "{first:?} {second:?}");
                }
            }
        }
    }

    #[test]
    fn the_rarer_the_old_answers_the_more_rounds_are_needed() {
        // ln(61,000) / -ln(2/3) is 27.2.
        assert_eq!(rounds(20, 38, 61), 28);
        assert_eq!(rounds(10, 1, 61), 28, "one third is the most");
        assert_eq!(rounds(2, 16, 61), 105);
        assert_eq!(rounds(20, 38, 601), 33, "a longer wait has more chances");
        let rare = SeveralServers {
            address: "lb",
            old: 2,
            answers: 18,
            rounds: 105,
            fit: 61,
        };
        assert!(
            rare.explanation()
                .ends_with("only 61 rounds fit into the deadline")
        );
    }

    /// A generator of numbers from 0 to 1, the same ones in each run.
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> f64 {
            // Source: Marsaglia, Xorshift RNGs, 2003.
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            f64::from(u32::try_from(self.0 >> 32).expect("32 bits")) / f64::from(u32::MAX)
        }
    }

    /// Waits behind an address until it converges: the round, and whether it had changed back.
    fn wait(fit: u32, needed: u32, mut is_old: impl FnMut(u32) -> bool) -> Option<(u32, bool)> {
        let [new, old] = [SHA, OTHER].map(|it| Convergence::Observed(nodes(&[("lb", it)])));
        let mut series = Series::NEW;
        for round in 0..fit {
            let answer = if is_old(round) { &old } else { &new };
            if series.take(answer, 1, SHA, needed, fit) == Finding::Converged {
                return Some((round, series.several(fit).is_some()));
            }
        }
        None
    }

    /// One of three servers never gets the release. At first, no server has the release. Until the address answers with
    /// the release and then with the old commit again, it looks like the address of one node, and all answers of the
    /// configured rounds can come from the two new servers by chance.
    #[test]
    fn fewer_than_one_wait_in_a_thousand_is_fooled_once_the_address_has_changed_back() {
        for fit in [61, 181] {
            let mut random = Random(0x9e37_79b9_7f4a_7c15);
            let (mut fooled, mut fooled_before) = (0, 0);
            let waits = 20_000;
            for _ in 0..waits {
                let rollout = |round: u32| match round {
                    0..3 => 1.0,
                    _ => 1.0 / 3.0,
                };
                let ended = wait(fit, 10, |round| random.next() < rollout(round));
                fooled += u32::from(ended.is_some_and(|(_, changed_back)| changed_back));
                fooled_before += u32::from(ended.is_some_and(|(_, changed_back)| !changed_back));
            }
            // With so few, the rate is below 1 in 1,000 with a confidence of 97 %.
            assert!(fooled <= 11, "{fooled} of {waits}, {fit} rounds");
            // Nine more answers with the release follow the first one: (2/3)^9 is 26 in 1,000.
            assert!(
                (440..=600).contains(&fooled_before),
                "{fooled_before} of {waits}, {fit} rounds"
            );
        }
    }

    /// Three servers are replaced one after the other.
    #[test]
    fn a_rollout_that_finishes_converges_soon_after() {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let (waits, mut ended) = (2_000, 0);
        for pace in [1, 2, 4] {
            for _ in 0..waits {
                let old = |round: u32| f64::from(3 - (round / pace).min(3)) / 3.0;
                let found = wait(61, 2, |round| random.next() < old(round));
                ended += u32::from(found.is_some_and(|(round, _)| round < 61));
            }
        }
        assert!(ended * 100 >= 3 * waits * 99, "{ended} of {}", 3 * waits);
    }
}
