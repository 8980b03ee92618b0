//! Examples, and a comparison with a naive search.

use proptest::prelude::*;

use super::*;

fn contributor(hours: &[(usize, usize, u32)]) -> Contributor {
    let mut week = Week::default();
    for (day, hour, count) in hours {
        week[*day][*hour] += count;
    }
    Contributor {
        name: "ada".to_owned(),
        merges: week.as_flattened().iter().sum(),
        week,
    }
}

fn texts(cover: &Cover) -> Vec<String> {
    cover.ranges.iter().map(ToString::to_string).collect()
}

#[test]
fn contributors_count_and_not_merges() {
    // One contributor has most merges, at night; four have one each, in the morning.
    let mut contributors = vec![contributor(&[(5, 3, 500)])];
    contributors.extend((0..4).map(|day| contributor(&[(day, 9, 1)])));
    let cover = fewest(&contributors, 0.8).expect("hours");
    assert_eq!(texts(&cover), ["Mon-Thu 09:00-10:00"]);
    assert_eq!((cover.contributors, cover.merges), (4, 4));
}

#[test]
fn half_of_the_merges_is_enough() {
    let contributors = [contributor(&[(1, 9, 2), (6, 23, 2)])];
    let cover = fewest(&contributors, 1.0).expect("hours");
    assert_eq!(texts(&cover), ["Tue 09:00-10:00"]);
    assert_eq!((cover.contributors, cover.merges), (1, 2));
    assert_eq!(cover.merges_of(&contributors[0].week), 2);
}

#[test]
fn a_short_friday_is_a_range_of_its_own() {
    let hours =
        (0..5).flat_map(|day| (9..if day == 4 { 13 } else { 16 }).map(move |hour| (day, hour, 1)));
    // Each contributor merges in one hour only, so all hours are needed.
    let contributors: Vec<_> = hours.map(|it| contributor(&[it])).collect();
    let cover = fewest(&contributors, 1.0).expect("hours");
    assert_eq!(texts(&cover), ["Mon-Thu 09:00-16:00", "Fri 09:00-13:00"]);
}

#[test]
fn a_week_from_sunday_to_thursday_has_two_ranges() {
    let days = [6, 0, 1, 2, 3];
    let contributors = days.map(|day| contributor(&[(day, 9, 1), (day, 10, 1)]));
    let cover = fewest(&contributors, 1.0).expect("hours");
    assert_eq!(texts(&cover), ["Mon-Thu 09:00-10:00", "Sun 09:00-10:00"]);
}

#[test]
fn without_contributors_there_are_no_hours() {
    assert_eq!(fewest(&[], 0.8), None);
}

#[test]
fn a_share_is_rounded_up() {
    for (contributors, share, expected) in [
        (5, 0.8, 4),
        (6, 0.8, 5),
        (10, 0.7, 7),
        (3, 1.0, 3),
        (3, 0.01, 1),
    ] {
        assert_eq!(
            least(contributors, share),
            expected,
            "{share} of {contributors}"
        );
    }
}

#[test]
fn equal_days_are_one_range_and_a_day_without_hours_separates() {
    let of = |days: &Days| -> Vec<_> { ranges(days).iter().map(ToString::to_string).collect() };
    let mut days = [(9, 16); DAYS];
    assert_eq!(of(&days), ["Mon-Sun 09:00-16:00"]);
    days[2] = (9, 9);
    days[6] = (0, 24);
    assert_eq!(
        of(&days),
        [
            "Mon-Tue 09:00-16:00",
            "Thu-Sat 09:00-16:00",
            "Sun 00:00-24:00"
        ]
    );
    assert_eq!(of(&[(0, 0); DAYS]), [""; 0]);
}

/// The merges of a contributor: weekday, hour, count.
type Hours = Vec<(usize, usize, u32)>;

/// A search that counts everything again for each candidate.
mod naive {
    use super::*;

    fn count(all: &[Hours], days: &Days) -> Counts {
        let inside = |hours: &Hours| -> u32 {
            let inside = hours
                .iter()
                .filter(|it| days[it.0].0 <= it.1 && it.1 < days[it.0].1);
            inside.map(|it| it.2).sum()
        };
        let total = |hours: &Hours| hours.iter().map(|it| it.2).sum::<u32>();
        Counts {
            contributors: all.iter().filter(|it| 2 * inside(it) >= total(it)).count(),
            merges: all.iter().map(inside).sum(),
        }
    }

    fn trimmed(all: &[Hours], mut days: Days, least: usize) -> Days {
        loop {
            let mut next: Option<(u32, Days)> = None;
            for day in 0..DAYS {
                let (from, to) = days[day];
                if from == to {
                    continue;
                }
                for hours in [(from + 1, to), (from, to - 1)] {
                    let mut smaller = days;
                    smaller[day] = hours;
                    let counts = count(all, &smaller);
                    if counts.contributors >= least && next.is_none_or(|it| it.0 <= counts.merges) {
                        next = Some((counts.merges, smaller));
                    }
                }
            }
            match next {
                Some((_, smaller)) => days = smaller,
                None => return days,
            }
        }
    }

    pub(super) fn fewest(all: &[Hours], least: usize) -> Days {
        let mut best: Option<((usize, Reverse<Counts>), Days)> = None;
        for number_of_days in 1..=DAYS {
            for first in 0..DAYS {
                for from in 0..HOURS {
                    for to in from + 1..=HOURS {
                        let mut days = [(0, 0); DAYS];
                        (first..first + number_of_days)
                            .for_each(|day| days[day % DAYS] = (from, to));
                        let counts = count(all, &days);
                        let key = (number_of_days * (to - from), Reverse(counts));
                        if counts.contributors >= least && best.is_none_or(|(other, _)| key < other)
                        {
                            best = Some((key, days));
                        }
                    }
                }
            }
        }
        trimmed(all, best.expect("the whole week holds everybody").1, least)
    }
}

fn merges() -> impl Strategy<Value = Vec<Hours>> {
    let hours = prop::collection::vec((0..DAYS, 0..HOURS, 1..4_u32), 1..6);
    prop::collection::vec(hours, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_hours_are_those_of_a_naive_search(all in merges(), share in 0.1..=1.0_f64) {
        let contributors: Vec<_> = all.iter().map(|it| contributor(it)).collect();
        let cover = fewest(&contributors, share).expect("hours");
        let days = naive::fewest(&all, least(contributors.len(), share));
        let hours = (0..DAYS).flat_map(|day| (0..HOURS).map(move |hour| (day, hour)));
        for (day, hour) in hours.clone() {
            let (from, to) = days[day];
            prop_assert_eq!(cover.contains(day, hour), (from..to).contains(&hour), "{} {}", day, hour);
        }
        let inside: Vec<_> = hours.filter(|(day, hour)| cover.contains(*day, *hour)).collect();
        // The counts are those of the ranges.
        let within = |it: &Contributor| inside.iter().map(|(day, hour)| it.week[*day][*hour]).sum::<u32>();
        let held = contributors.iter().filter(|it| 2 * within(it) >= it.merges).count();
        prop_assert_eq!(held, cover.contributors);
        prop_assert_eq!(contributors.iter().map(within).sum::<u32>(), cover.merges);
    }
}
