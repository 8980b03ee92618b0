//! Links lead somewhere.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::pages::{self, Page};

/// The targets of a page's links and images, each with its line.
fn targets(page: &Page) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in page.prose() {
        // What is between backticks is no link.
        let plain: String = line.split('`').step_by(2).collect();
        let mut rest = plain.as_str();
        while let Some((_, after)) = rest.split_once("](") {
            let (target, behind) = after.split_once(')').expect("a link has an end");
            found.push((number, target.to_owned()));
            rest = behind;
        }
    }
    found
}

/// The anchors that GitHub gives a page: each heading in lower case, spaces as hyphens, without punctuation.
fn anchors(page: &str) -> Vec<String> {
    let mut seen = HashMap::new();
    let mut anchors = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        inside ^= line.starts_with("```");
        let heading = line.trim_start_matches('#');
        if inside || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
        let lower = heading.trim().to_lowercase();
        let anchor: String = lower.chars().filter(kept).collect();
        let anchor = anchor.replace(' ', "-");
        let times = seen
            .entry(anchor.clone())
            .and_modify(|it| *it += 1)
            .or_insert(0);
        anchors.push(if *times == 0 {
            anchor
        } else {
            format!("{anchor}-{times}")
        });
    }
    anchors
}

#[test]
fn links_lead_somewhere() {
    let mut checked = 0;
    for page in pages::all() {
        let folder = page.path.parent().expect("a folder");
        for (line, target) in targets(&page) {
            let place = format!("{}:{line}: {target}", page.name);
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = if file.is_empty() {
                page.path.clone()
            } else {
                folder.join(file)
            };
            assert!(path.exists(), "{place}");
            assert!(is_within(&path), "{place}: leads out of the repository");
            if !anchor.is_empty() {
                let text = fs::read_to_string(&path).expect("a page");
                assert!(anchors(&text).iter().any(|it| it == anchor), "{place}");
            }
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked} links");
}

fn is_within(path: &Path) -> bool {
    fs::canonicalize(path).is_ok_and(|it| it.starts_with(pages::root()))
}

/// A page that nothing leads to is not found.
#[test]
fn every_page_is_reached_from_the_index() {
    let index = pages::root().join("host/docs/index.md");
    let mut reached = vec![fs::canonicalize(&index).expect("the index")];
    let pages: Vec<(PathBuf, Page)> = pages::all()
        .into_iter()
        .map(|page| (page.path.clone(), page))
        .collect();
    let mut at = 0;
    while let Some(path) = reached.get(at).cloned() {
        at += 1;
        let Some((_, page)) = pages.iter().find(|(it, _)| *it == path) else {
            continue;
        };
        for (_, target) in targets(page) {
            let file = target.split('#').next().unwrap_or_default();
            let next = path.parent().expect("a folder").join(file);
            if let Ok(next) = fs::canonicalize(next)
                && !reached.contains(&next)
            {
                reached.push(next);
            }
        }
    }
    for (path, page) in pages {
        assert!(
            reached.contains(&path),
            "nothing leads from the index to {}",
            page.name
        );
    }
}

/// A path of the repository that prose names exists. `NAME` is a placeholder for a name of the reader's.
#[test]
fn places_exist() {
    let mut checked = 0;
    for page in pages::all() {
        for (line, text) in page.prose() {
            for quoted in text.split('`').skip(1).step_by(2) {
                let ours = ["host/", "guest/", "tests/", "wit/", ".ci/", ".github/"];
                let is_place = ours.iter().any(|it| quoted.starts_with(it));
                if !is_place || quoted.contains("NAME") || quoted.contains(' ') {
                    continue;
                }
                let place = format!("{}:{line}: {quoted}", page.name);
                assert!(pages::root().join(quoted).exists(), "{place}");
                checked += 1;
            }
        }
    }
    assert!(checked > 20, "{checked} places");
}
