//! The answers of one node over time, equal neighbours in one.

use super::answers::Answer;
use super::scale::Scale;

/// One answer, or several equal ones in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// What was answered.
    pub answer: Answer<'a>,
    /// When it was answered first.
    pub from: u64,
    /// Until when it is taken to hold.
    pub until: u64,
    /// How many answers these are.
    pub count: u64,
}

/// Joins answers, each with its time and until when it is taken to hold.
pub fn joined<'a>(answers: impl IntoIterator<Item = (u64, u64, Answer<'a>)>) -> Vec<Segment<'a>> {
    let mut segments: Vec<Segment<'a>> = Vec::new();
    for (from, until, answer) in answers {
        match segments.last_mut() {
            Some(last) if last.answer == answer && last.until >= from => {
                last.until = last.until.max(until);
                last.count += 1;
            }
            _ => segments.push(Segment {
                answer,
                from,
                until,
                count: 1,
            }),
        }
    }
    segments
}

/// Makes at most `limit` segments of them: cuts the axis into parts, and where one has room for several
/// answers, they become one that says so.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::at;

    const A: Answer<'_> = Answer::Commit("a");
    const B: Answer<'_> = Answer::Commit("b");

    fn rounds(answers: &[Answer<'static>]) -> Vec<(u64, u64, Answer<'static>)> {
        (0..)
            .zip(answers)
            .map(|(round, answer)| (at(round), at(round + 1), *answer))
            .collect()
    }

    #[test]
    fn equal_neighbours_become_one() {
        let segments = joined(rounds(&[A, A, B, A]));
        let counts: Vec<_> = segments
            .iter()
            .map(|segment| (segment.answer, segment.count))
            .collect();
        assert_eq!(counts, [(A, 2), (B, 1), (A, 1)]);
        assert_eq!((segments[0].from, segments[0].until), (at(0), at(2)));
    }

    #[test]
    fn what_nobody_asked_stays_empty() {
        let segments = joined([(at(0), at(1), A), (at(60), at(61), A)]);
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
}
