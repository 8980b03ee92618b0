//! Each row of the recovery table names the tests that show it, and they exist.

use std::fs;

use super::pages;

#[test]
fn each_row_is_shown_by_a_test() {
    let page = pages::page("host/docs/recovery.md");
    // The first table of the page.
    let rows = page
        .prose()
        .into_iter()
        .skip_while(|(_, line)| !line.starts_with('|'))
        .take_while(|(_, line)| line.starts_with('|'));
    let mut checked = 0;
    for (number, row) in rows.skip(2) {
        let comments = row.split("<!-- ").skip(1);
        let names: Vec<_> = comments.filter_map(|it| it.split(" -->").next()).collect();
        assert!(
            !names.is_empty(),
            "{}:{number}: no test is named",
            page.name
        );
        for name in names {
            let (file, function) = name.split_once("::").expect("a file and a function");
            let text = fs::read_to_string(pages::root().join(file))
                .unwrap_or_else(|error| panic!("{}:{number}: {file}: {error}", page.name));
            assert!(
                text.contains(&format!("fn {function}(")),
                "{}:{number}: {name}",
                page.name
            );
        }
        checked += 1;
    }
    assert!(checked >= 10, "{checked} rows");
}
