//! A journal that was written before entries had a format version; `fixtures/make.py` says how it was made.

use std::fs;
use std::path::Path;
use std::process::Command;

use greenlight::contract::names::Named;
use greenlight::deployment::entry::{Details, Entry};
use greenlight::deployment::log;
use greenlight::journal::Store;
use serde_json::Value;

use crate::place::{Place, for_both, new, row};

for_both!(
    every_entry_is_read,
    every_deployment_is_reported,
    a_restored_journal_is_written_on,
);

/// How the deployments of the fixture ended, and how many entries each has.
const DEPLOYMENTS: [(u64, &str, usize); 6] = [
    (1, "promoted", 32),
    (2, "stopped", 21),
    (3, "promoted-with-warning", 35),
    (4, "promoted", 40),
    (5, "promoted", 24),
    (6, "canceled", 9),
];

fn every_entry_is_read(place: &Place) {
    place.restore();
    let mut store = place.open();
    for (number, conclusion, count) in DEPLOYMENTS {
        let (entries, torn) = log::read(store.as_mut(), number).expect("its entries");
        assert_eq!((entries.len(), torn), (count, false), "{number}");
        let header = store.deployment(number).expect("read").expect("there");
        let Some(Entry::Began(began)) = entries.first().map(|it| &it.entry) else {
            panic!("{number} begins with {:?}", entries.first())
        };
        assert_eq!((&began.tag, &began.digest), (&header.tag, &header.digest));
        assert!(began.release().instruction.is_some(), "{number}");
        assert_eq!(began.settings.environments.len(), 2);
        assert!(matches!(
            entries.last().map(|it| &it.entry),
            Some(Entry::Concluded { conclusion: it }) if it.name() == conclusion
        ));
        assert_eq!(header.conclusion.map(Named::name), Some(conclusion));
    }
    let has = |store: &mut dyn Store, number, is: fn(&Entry) -> bool| {
        let (entries, _) = log::read(store, number).expect("its entries");
        entries.iter().any(|it| is(&it.entry))
    };
    assert!(has(&mut *store, 4, |it| matches!(
        it,
        Entry::Resumed { repeated: true, .. }
    )));
    assert!(has(&mut *store, 5, |it| matches!(
        it,
        Entry::Happened {
            details: Details::Imported { deployment: 4, .. },
            ..
        }
    )));
    assert!(has(&mut *store, 6, |it| matches!(
        it,
        Entry::Happened {
            details: Details::Person { name },
            ..
        } if name == "Ada"
    )));
}

fn every_deployment_is_reported(place: &Place) {
    place.restore();
    let folder = tempfile::tempdir().expect("a folder");
    let environment = |name: &str| {
        format!(
            "[[environment]]\nname = \"{name}\"\ndeploy = [\"true\"]\nnodes = [\"http://127.0.0.1:1\"]\n"
        )
    };
    let config = format!(
        "[journal]\nlocation = \"{}\"\n{}{}",
        place.location(),
        environment("stage"),
        environment("prod")
    );
    fs::write(folder.path().join("greenlight.toml"), config).expect("a file");
    for (number, conclusion, _) in DEPLOYMENTS {
        let expected = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../tests/journal/fixtures/status-{number}.txt"));
        let expected = fs::read_to_string(expected).expect("a fixture");
        let number = number.to_string();
        assert_eq!(status(folder.path(), &[&number]), expected);

        let document = status(folder.path(), &[&number, "--format", "json"]);
        let document: Value = serde_json::from_str(&document).expect("JSON");
        assert_eq!(document["deployments"][0]["state"], conclusion);

        status(folder.path(), &[&number, "--report", "html=page"]);
        let page = fs::read_to_string(folder.path().join("page")).expect("a page");
        let tag = expected.split(['(', ')']).nth(1).expect("a tag");
        assert!(page.contains(tag), "{number}: {page}");
    }
}

/// What `greenlight status` prints.
#[track_caller]
fn status(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_greenlight"))
        .arg("status")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn a_restored_journal_is_written_on(place: &Place) {
    place.restore();
    let mut store = place.open();
    assert_eq!(store.begin(&new("a")), Ok(7));
    store.append(7, &row(1)).expect("appended");
    assert_eq!(store.records(7).expect("intact").rows, [row(1)]);
    assert_eq!(store.deployments(9).expect("read").len(), 7);
}
