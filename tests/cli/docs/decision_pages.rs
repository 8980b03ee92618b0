//! Every decision has a page with the same four sections, and the index lists it.

use super::pages;

const SECTIONS: [&str; 4] = ["Context", "Decision", "Rejected", "Consequences"];

#[test]
fn each_decision_has_its_sections_and_is_listed() {
    let all = pages::all();
    let index = all
        .iter()
        .find(|page| page.name.ends_with("docs/decisions/index.md"))
        .expect("the index");
    let mut decisions = 0;
    for page in &all {
        let Some((_, file)) = page.name.split_once("docs/decisions/") else {
            continue;
        };
        if file == "index.md" {
            continue;
        }
        let sections: Vec<_> = page
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        assert_eq!(sections, SECTIONS, "{}", page.name);
        assert!(index.text.contains(&format!("({file})")), "{file}");
        decisions += 1;
    }
    assert!(decisions > 20, "{decisions} decisions");
}
