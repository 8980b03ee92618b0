//! Faults of the file system while a command writes a file or a row of the journal: a report, an export, the baseline, a
//! cancellation. The command exits with 74, earlier contents stay, and the same command succeeds after the fault.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::pipeline::{Ended, GREENLIGHT, Pipeline, ended};
use crate::programs;
use crate::under_way;

/// Runs greenlight. The n-th call and all later calls of the given system calls fail.
fn with_fault(
    pipeline: &Pipeline,
    calls: &str,
    fault: &str,
    n: usize,
    arguments: &[&str],
) -> Ended {
    let mut command = pipeline.around(&programs::strace());
    command.args(["-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
    command.args(["-e", &format!("inject={calls}:{fault}:when={n}+")]);
    ended(command.arg(GREENLIGHT).args(arguments))
}

/// A pipeline with one deployment that was promoted.
fn promoted() -> Pipeline {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    pipeline.commit("Change [load test: skip]");
    assert_eq!(pipeline.run().status, 0);
    pipeline
}

/// The files in a folder: names and contents.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut files: Vec<_> = entries
        .map(|it| it.expect("an entry").path())
        .filter(|it| it.is_file())
        .map(|it| {
            let name = it
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(it).expect("a text"))
        })
        .collect();
    files.sort();
    files
}

#[test]
fn a_failed_write_keeps_the_earlier_report_or_export() {
    let pipeline = promoted();
    let folder = pipeline.folder().join("reports");
    fs::create_dir(&folder).expect("a folder");
    let at = |name: &str| folder.join(name).display().to_string();
    let commands: Vec<Vec<String>> = ["html", "junit", "sarif", "markdown"]
        .iter()
        .map(|kind| {
            let report = format!("{kind}={}", at(kind));
            ["status", "1", "--report", &report]
                .map(str::to_owned)
                .to_vec()
        })
        .chain(["dotenv", "circleci-parameters"].iter().map(|kind| {
            let export = format!("{kind}={}", at(kind));
            let label = ["label", "--message", "x [load test: skip]", "--export"];
            label
                .iter()
                .map(|it| (*it).to_owned())
                .chain([export])
                .collect()
        }))
        .collect();
    for command in &commands {
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        let kind = command.last().expect("a report").split('=').next();
        let kind = kind.expect("a kind");
        let earlier = if kind == "circleci-parameters" {
            "{\"own\":\"kept\"}"
        } else {
            "OWN=kept\n"
        };
        fs::write(folder.join(kind), earlier).expect("written");
        let before = files(&folder);
        for (calls, fault) in [
            ("rename,renameat,renameat2", "error=EIO"),
            ("rename,renameat,renameat2", "error=ENOSPC"),
            ("fsync", "error=EIO"),
        ] {
            let failed = with_fault(&pipeline, calls, fault, 1, &arguments);
            assert_eq!(failed.status, 74, "{calls} {fault}: {failed:?}");
            assert!(failed.stderr.contains("failed to write `"), "{failed:?}");
            assert_eq!(files(&folder), before, "{calls} {fault}");
        }
        // At a limit for the size of files, the kernel writes a part of the data, and then returns an error.
        let mut shell = pipeline.around("/bin/dash".as_ref());
        let failed = ended(
            shell
                .args(["-c", "ulimit -f 0 && exec \"$@\"", "sh", GREENLIGHT])
                .args(&arguments),
        );
        assert_eq!(failed.status, 74, "{failed:?}");
        assert_eq!(files(&folder), before, "ulimit");
        let ended = pipeline.greenlight(&arguments);
        assert_eq!(ended.status, 0, "{ended:?}");
        let after = files(&folder);
        assert_eq!(after.len(), before.len());
        assert_ne!(after, before);
    }
}

/// Each fault fails the first call and all later ones, then the second call and all later ones, and so on, until the
/// command makes fewer calls.
#[test]
fn a_baseline_that_is_not_stored_is_an_error() {
    let pipeline = promoted();
    for (calls, fault) in [
        ("fsync,fdatasync", "error=EIO"),
        ("pwrite64", "error=ENOSPC"),
        ("pwrite64", "error=EIO"),
        ("unlink", "error=EIO"),
    ] {
        let person = format!("{calls} {fault}");
        let set = ["live", "--set", &pipeline.before, "--environment", "stage"];
        let arguments = [&set[..], &["--by", &person]].concat();
        let mut faults = 0;
        for n in 1.. {
            let failed = with_fault(&pipeline, calls, fault, n, &arguments);
            if failed.status == 0 {
                break;
            }
            faults += 1;
            assert_eq!(failed.status, 74, "{person} from {n} on: {failed:?}");
            assert!(failed.stderr.contains("error: "), "{failed:?}");
        }
        assert!(faults > 0, "{person}");
        let live = pipeline.greenlight(&["live", "--format", "json"]).stdout;
        let live: Value = serde_json::from_str(&live).expect("JSON");
        let stored = &live["environments"][0]["recorded"];
        assert_eq!(stored["by"], *person, "{live}");
        let verified = pipeline.greenlight(&["journal", "verify"]);
        assert_eq!(verified.status, 0, "{person}: {verified:?}");
    }
}

#[test]
fn an_incomplete_export_of_the_journal_is_an_error() {
    let pipeline = promoted();
    let whole = pipeline.greenlight(&["journal", "export", "1"]);
    assert_eq!(whole.status, 0, "{whole:?}");
    for n in 1..=2 {
        let failed = with_fault(
            &pipeline,
            "write",
            "error=ENOSPC",
            n,
            &["journal", "export", "1"],
        );
        assert!(
            failed.status == 74 || (n > 1 && failed.stdout == whole.stdout),
            "{n}: {failed:?}"
        );
    }
    let again = pipeline.greenlight(&["journal", "export", "1"]);
    assert_eq!(again.stdout, whole.stdout);
}

/// A deployment whose process was killed is canceled under faults: it ends once, and Slack gets at most one message.
#[test]
fn a_deployment_is_canceled_once_under_faults() {
    for (calls, fault) in [
        ("fsync,fdatasync", "error=EIO"),
        ("pwrite64", "error=ENOSPC"),
    ] {
        let mut pipeline = Pipeline::recorded();
        pipeline.setting.rounds = 1;
        pipeline.setting.deadline = 2;
        pipeline.commit("Change [load test: abort]");
        let tags = pipeline.tags();
        drop(under_way::deploying(&pipeline, &tags[0]));
        let mut faults = 0;
        for n in (1..).step_by(3) {
            let failed = with_fault(&pipeline, calls, fault, n, &["cancel", "1", "--by", "Ada"]);
            if failed.status == 0 || pipeline.conclusion(1).is_some() {
                break;
            }
            faults += 1;
            assert_eq!(failed.status, 74, "{calls} {fault} from {n} on: {failed:?}");
        }
        assert!(faults > 1, "{calls} {fault}: {faults}");
        if pipeline.conclusion(1).is_none() {
            let ended = pipeline.greenlight(&["cancel", "1", "--by", "Ada"]);
            assert_eq!(ended.status, 0, "{ended:?}");
        }
        assert_eq!(pipeline.conclusion(1).as_deref(), Some("canceled"));
        let told = pipeline.told();
        assert!(told.len() <= 1, "{told:?}");
        let verified = pipeline.greenlight(&["journal", "verify"]);
        assert_eq!(verified.status, 0, "{verified:?}");
    }
}
