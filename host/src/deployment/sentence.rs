//! What the nodes of an environment serve, in words.

use crate::text::number::short;

/// Says in one sentence what the nodes of an environment serve, the release first. A node without a usable answer is
/// `None`.
pub fn of_nodes<'a>(
    environment: &str,
    nodes: impl Iterator<Item = Option<&'a str>> + Clone,
    release: &str,
) -> String {
    let all = nodes.clone().count();
    let served = counts(nodes.clone(), release);
    let silent = nodes.filter(Option::is_none).count();
    let serve = |count: usize| if count == 1 { "serves" } else { "serve" };
    let Some(((commit, count), others)) = served.split_first() else {
        return match all {
            0 => format!("{environment} has no nodes"),
            1 => format!("the node of {environment} gives no usable answer"),
            _ => format!("none of the {all} nodes of {environment} gives a usable answer"),
        };
    };
    let short_commit = short(commit);
    if *count == all {
        return match all {
            1 => format!("the node of {environment} serves {short_commit}"),
            _ => format!("all {all} nodes of {environment} serve {short_commit}"),
        };
    }
    let mut parts = vec![format!(
        "{count} of {all} nodes of {environment} {} {short_commit}",
        serve(*count)
    )];
    let others = others.iter();
    parts.extend(
        others.map(|(commit, count)| format!("{count} {} {}", serve(*count), short(commit))),
    );
    match silent {
        0 => {}
        1 => parts.push("1 gives no usable answer".to_owned()),
        _ => parts.push(format!("{silent} give no usable answer")),
    }
    parts.join(", ")
}

/// The commits that are served and by how many nodes: the release first, then the most frequent.
fn counts<'a>(
    nodes: impl Iterator<Item = Option<&'a str>>,
    release: &str,
) -> Vec<(&'a str, usize)> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for commit in nodes.flatten() {
        match counts.iter_mut().find(|(it, _)| *it == commit) {
            Some((_, count)) => *count += 1,
            None => counts.push((commit, 1)),
        }
    }
    counts.sort_by_key(|(commit, count)| (*commit != release, usize::MAX - count));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "ca779cf0631b32e2cd06a3c1b3ec0ec7b699ce57";
    const OLD: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn said(nodes: &[Option<&str>]) -> String {
        of_nodes("prod", nodes.iter().copied(), NEW)
    }

    #[test]
    fn a_sentence_counts_the_nodes() {
        let (new, old) = (Some(NEW), Some(OLD));
        for (nodes, text) in [
            (vec![], "prod has no nodes"),
            (vec![None], "the node of prod gives no usable answer"),
            (
                vec![None, None],
                "none of the 2 nodes of prod gives a usable answer",
            ),
            (vec![new], "the node of prod serves ca779cf0631b"),
            (vec![old; 3], "all 3 nodes of prod serve 4b825dc642cb"),
            (
                vec![old, old, new],
                "1 of 3 nodes of prod serves ca779cf0631b, 2 serve 4b825dc642cb",
            ),
            (
                vec![old, None, old, None],
                "2 of 4 nodes of prod serve 4b825dc642cb, 2 give no usable answer",
            ),
            (
                vec![new, None],
                "1 of 2 nodes of prod serves ca779cf0631b, 1 gives no usable answer",
            ),
        ] {
            assert_eq!(said(&nodes), text);
        }
    }
}
