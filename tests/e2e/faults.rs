//! Faults of the file system at each durable step: an error, a full disk, a short write, a limit for the size of files.
//!
//! strace makes a system call of greenlight fail, as the kernel could. A limit for the size of a file causes a short
//! write: the kernel writes the part below the limit.

use std::fs;

use greenlight::contract::promotion::{Action, EventKind};
use greenlight::deployment::entry::Entry;
use greenlight::journal;

use crate::pipeline::{Ended, GREENLIGHT, Pipeline, ended};
use crate::{programs, seed};

/// The system calls that make data durable.
const SYNCS: &str = "fsync,fdatasync";

fn quick() -> Pipeline {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    pipeline.setting.deadline = 2;
    pipeline
}

/// Resumes the latest deployment until it has ended, and checks that each environment got the commit once.
#[track_caller]
fn is_resumable(pipeline: &Pipeline, tag: &str, commit: &str, failed: &Ended, what: &str) {
    let said = format!("{what}: {failed:?}");
    assert_eq!(failed.status, 74, "{said}");
    assert!(failed.stderr.contains("error: "), "{said}");
    let mut ended = pipeline.greenlight(&["run", "--resume"]);
    if ended.stderr.contains("found no unfinished deployment") {
        // The run failed before its first record, or after its last record, when it released its locks.
        ended = pipeline.run_tag(tag);
    }
    // A deploy command whose start was recorded is not started again: the nodes show whether it succeeded.
    let (stage, prod) = (
        Pipeline::times(&pipeline.stage, commit),
        Pipeline::times(&pipeline.prod, commit),
    );
    assert!(matches!(ended.status, 0 | 1), "{said} {ended:?}");
    assert!(stage <= 1 && prod <= 1, "{stage} {prod} {said} {ended:?}");
    assert_eq!(ended.status == 0, prod == 1, "{said} {ended:?}");
}

/// Which calls fail.
#[derive(Clone, Copy, Debug)]
enum Failing {
    /// The n-th call and all later ones, as on a full disk.
    From(usize),
    /// The n-th call alone, as with a defective sector, or a file server that was unreachable for a moment.
    Only(usize),
}

impl Failing {
    /// The expression that strace reads.
    fn when(self) -> String {
        match self {
            Self::From(n) => format!("{n}+"),
            Self::Only(n) => n.to_string(),
        }
    }
}

/// The fault, and which calls of which system calls fail.
struct Fault<'a> {
    calls: &'a str,
    effect: &'a str,
    failing: Failing,
}

/// Runs a tag, and returns the traced system calls.
fn traced(
    pipeline: &Pipeline,
    tag: &str,
    calls: &str,
    fault: Option<&Fault<'_>>,
) -> (Ended, String) {
    let trace = pipeline.folder().join("trace");
    let mut command = pipeline.around(&programs::strace());
    command.args(["-qq", "-y", "-e", &format!("trace={calls},unlink"), "-o"]);
    command.arg(&trace);
    if let Some(Fault {
        calls,
        effect,
        failing,
    }) = fault
    {
        let when = failing.when();
        command.args(["-e", &format!("inject={calls}:{effect}:when={when}")]);
    }
    let ended = ended(command.args([GREENLIGHT, "run", "--tag", tag]));
    (ended, fs::read_to_string(trace).expect("a trace"))
}

/// Runs a new commit with a fault, and checks that the deployment can be resumed. Returns false if no call failed.
#[track_caller]
fn is_survived(pipeline: &Pipeline, fault: &Fault<'_>) -> bool {
    let what = format!("{} {} {:?}", fault.calls, fault.effect, fault.failing);
    let commit = pipeline.commit(&format!("Change, {what} [load test: abort]"));
    let tag = pipeline.tags().remove(0);
    let (ended, trace) = traced(pipeline, &tag, fault.calls, Some(fault));
    let Some(failed) = trace.lines().find(|it| it.contains("(INJECTED)")) else {
        assert_eq!(ended.status, 0, "{what}: {ended:?}");
        return false;
    };
    // Some failures need not end the deployment: SQLite ignores a failed sync of the folder after it created a rollback
    // journal, and the release of a lock is repeated once; a lock that stays expires. But then everything is recorded.
    if ended.status == 0 {
        let times = Pipeline::times(&pipeline.prod, &commit);
        assert_eq!(times, 1, "{what}: {ended:?}");
        let mut store = journal::open(&pipeline.location()).expect("the journal");
        let latest = store.deployments(1).expect("deployments").remove(0);
        assert_eq!(latest.commit, commit, "{what}");
        assert!(latest.is_promoted(), "{what}: {:?}", latest.conclusion);
        let recorded = pipeline.conclusion(latest.number);
        assert_eq!(recorded.as_deref(), Some("promoted"), "{what}");
        assert_eq!(
            effects(pipeline, latest.number),
            ALL_EFFECTS,
            "{what} {failed}"
        );
    } else {
        is_resumable(pipeline, &tag, &commit, &ended, &format!("{what} {failed}"));
    }
    true
}

/// The effects of a deployment that was not disturbed, each with its start and its end.
const ALL_EFFECTS: [&str; 9] = [
    "deploy starts",
    "deploy ends",
    "load test starts",
    "load test ends",
    "deploy starts",
    "deploy ends",
    "notification starts",
    "notification ends",
    "concluded",
];

/// The effects of a deployment that its journal records.
fn effects(pipeline: &Pipeline, number: u64) -> Vec<&'static str> {
    let entries = pipeline.entries(number).into_iter();
    entries
        .filter_map(|it| match it.entry {
            Entry::Started { effect } => match effect {
                Action::Deploy(_) => Some("deploy starts"),
                Action::LoadTest(_) => Some("load test starts"),
                Action::Notify(_) => Some("notification starts"),
                _ => None,
            },
            Entry::Happened { event, .. } => match event.kind {
                EventKind::Deployed(_) => Some("deploy ends"),
                EventKind::LoadTested(_) => Some("load test ends"),
                EventKind::Notified(_) => Some("notification ends"),
                _ => None,
            },
            Entry::Concluded { .. } => Some("concluded"),
            _ => None,
        })
        .collect()
}

/// Whether a call is a sync of the journal's folder.
fn is_of_folder(call: &str) -> bool {
    call.contains("/.greenlight>)")
}

/// The first call that fails is random, so that many runs of the tests reach each call. `GREENLIGHT_SEED` repeats a run,
/// and `GREENLIGHT_FAULT_STEP=1` tries each call.
fn faults(pipeline: &Pipeline, cases: &[(&str, &str, usize)], failing: fn(usize) -> Failing) {
    let mut random = seed::random();
    let fixed = seed::number("GREENLIGHT_FAULT_STEP");
    let fixed = fixed.map(|it| usize::try_from(it).expect("a small number"));
    pipeline.configure();
    for &(calls, fault, step) in cases {
        let step = fixed.unwrap_or(step);
        let mut faults = 0;
        for n in (random.usize(1..=step)..).step_by(step) {
            let failing = failing(n);
            let fault = Fault {
                calls,
                effect: fault,
                failing,
            };
            if !is_survived(pipeline, &fault) {
                break;
            }
            faults += 1;
        }
        println!("{calls} {fault}: {faults} faults, every {step} calls");
        assert!(faults >= 2, "{calls} {fault}: {faults}");
    }
}

#[test]
fn whatever_calls_fail_from_one_on_the_deployment_is_resumable() {
    let cases = [
        (SYNCS, "error=EIO", 41),
        ("pwrite64", "error=ENOSPC", 131),
        ("pwrite64", "error=EIO", 137),
        ("pwrite64", "retval=0", 139),
        ("unlink", "error=EIO", 19),
    ];
    faults(&quick(), &cases, Failing::From);
}

#[test]
fn whatever_single_call_fails_the_deployment_is_resumable() {
    let cases = [
        (SYNCS, "error=EIO", 43),
        ("pwrite64", "error=ENOSPC", 149),
        ("pwrite64", "error=EIO", 151),
        ("pwrite64", "retval=0", 157),
        ("unlink", "error=EIO", 19),
    ];
    faults(&quick(), &cases, Failing::Only);
}

/// `SQLite` commits when it removes the rollback journal. If the sync of the folder fails afterwards, the call fails, but the
/// transaction is stored. The first transactions create a deployment and lock its tag.
#[test]
fn a_lock_that_is_stored_although_its_call_failed_blocks_nothing() {
    let pipeline = quick();
    pipeline.commit("Change [load test: abort]");
    pipeline.run().is(0, &[]);
    pipeline.commit("Change again [load test: abort]");
    let tag = pipeline.tags().remove(0);
    let (ended, trace) = traced(&pipeline, &tag, SYNCS, None);
    ended.is(0, &[]);
    let calls = trace.lines().filter(|it| it.contains("sync("));
    let calls: Vec<_> = calls.collect();
    let commits = (2..=calls.len())
        .filter(|n| calls[n - 2].contains("/journal.db>)") && is_of_folder(calls[n - 1]));
    let mut faults = 0;
    for n in commits.take(6) {
        let (calls, fault, failing) = (SYNCS, "error=EIO", Failing::Only(n));
        assert!(is_survived(
            &pipeline,
            &Fault {
                calls,
                effect: fault,
                failing
            }
        ));
        faults += 1;
    }
    assert_eq!(faults, 6);
}

#[test]
fn a_limit_for_the_size_of_files_is_an_error_like_a_full_disk() {
    let pipeline = quick();
    pipeline.commit("Change [load test: abort]");
    assert_eq!(pipeline.run().status, 0);
    let file = pipeline.folder().join(".greenlight/journal.db");
    let mut faults = 0;
    for more in 0.. {
        let commit = pipeline.commit(&format!("Change {more} [load test: abort]"));
        let tag = pipeline.tags().remove(0);
        // dash counts blocks of 512 bytes, so that the limit is inside of a page.
        let blocks = fs::metadata(&file).expect("a journal").len() / 512 + 11 * more;
        let script = format!("ulimit -f {blocks} && exec \"$@\"");
        let mut shell = pipeline.around("/bin/dash".as_ref());
        let failed = ended(shell.args(["-c", &script, "sh", GREENLIGHT, "run", "--tag", &tag]));
        if failed.status == 0 {
            break;
        }
        faults += 1;
        is_resumable(
            &pipeline,
            &tag,
            &commit,
            &failed,
            &format!("{blocks} blocks"),
        );
    }
    assert!(faults >= 3, "{faults}");
}
