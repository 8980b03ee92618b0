//! Faults of the file system at each durable step: an error, a full disk, a short write, a limit for the size of files.
//!
//! strace makes a system call of greenlight fail, as the kernel could. A limit for the size of a file causes a short
//! write: the kernel writes the part below the limit.

use std::fs;

use crate::pipeline::{Ended, GREENLIGHT, Pipeline, ended};
use crate::programs;

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

/// Runs a tag with a fault in the n-th call and all later calls of the given system calls.
fn with_fault(pipeline: &Pipeline, tag: &str, calls: &str, fault: &str, n: usize) -> Ended {
    let mut command = pipeline.around(&programs::strace());
    command.args(["-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
    command.args(["-e", &format!("inject={calls}:{fault}:when={n}+")]);
    ended(command.args([GREENLIGHT, "run", "--tag", tag]))
}

#[test]
fn whatever_call_fails_the_deployment_is_resumable() {
    let pipeline = quick();
    pipeline.configure();
    for (calls, fault, step) in [
        ("fsync,fdatasync", "error=EIO", 23),
        ("pwrite64", "error=ENOSPC", 67),
        ("pwrite64", "error=EIO", 71),
        ("pwrite64", "retval=0", 73),
        ("unlink", "error=EIO", 19),
    ] {
        let mut faults = 0;
        for n in (step / 2..).step_by(step) {
            let what = format!("{calls} {fault} from {n} on");
            let commit = pipeline.commit(&format!("Change, {what} [load test: abort]"));
            let tag = pipeline.tags().remove(0);
            let failed = with_fault(&pipeline, &tag, calls, fault, n);
            if failed.status == 0 {
                break;
            }
            faults += 1;
            is_resumable(&pipeline, &tag, &commit, &failed, &what);
        }
        assert!(faults >= 2, "{calls} {fault}: {faults}");
    }
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
