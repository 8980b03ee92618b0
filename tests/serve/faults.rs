//! Faults of the disk while the server accepts webhooks: the server answers 202 only if the webhook is stored, and accepts
//! webhooks again after the fault.
//!
//! strace makes some system calls of the server fail.

use std::fs;

use rustix::process::{Resource, Rlimit, prlimit};

use crate::pipeline::{GREENLIGHT, LIMIT, Pipeline};
use crate::server::{Cleaner, Server, StoreReader, digest, distribution, table};
use crate::waiting;

/// A pipeline for webhooks that name a tag without a commit, so that no deployment starts.
fn idle() -> Pipeline {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(""));
    pipeline
}

fn is_stored(store: &mut StoreReader, tag: &str) -> bool {
    let mut events = store.push_events().into_iter();
    events.any(|it| it.push_event.tag == tag)
}

/// Sends a webhook until it is accepted, as a registry does. Returns the number of rejected attempts.
fn deliver(server: &Server, store: &mut StoreReader, tag: &str) -> u32 {
    let body = distribution(tag, &digest(1));
    let mut failed = 0;
    waiting::until("accepted webhook", LIMIT, || match server.send(&body) {
        Some(202) => {
            assert!(is_stored(store, tag), "{tag} was accepted and not stored");
            Some(())
        }
        Some(status) => {
            assert!(status >= 500, "{status}: {}", server.log());
            failed += 1;
            None
        }
        None => panic!("no answer: {}", server.log()),
    });
    failed
}

#[test]
fn no_webhook_is_lost_whichever_system_call_fails() {
    let pipeline = idle();
    let _cleaner = Cleaner::of(&pipeline);
    for (calls, fault) in [
        ("fsync,fdatasync", "error=EIO"),
        ("pwrite64", "error=ENOSPC"),
        ("pwrite64", "error=EIO"),
        ("pwrite64", "retval=0"),
        ("unlink", "error=EIO"),
    ] {
        let mut failed = 0;
        for first in [1, 2, 3, 5, 8, 13] {
            let last = first + 6;
            let mut command = pipeline.around(&crate::programs::strace());
            command.args(["-f", "--detach-on=execve", "-qq", "-o", "/dev/null"]);
            command.args(["-e", &format!("trace={calls}")]);
            command.args([
                "-e",
                &format!("inject={calls}:{fault}:when={first}..{last}"),
            ]);
            command.arg(GREENLIGHT);
            let Some(server) = Server::listening(&pipeline, command, 0) else {
                // The server could not open its journal.
                failed += 1;
                continue;
            };
            let mut store = StoreReader::of(&pipeline);
            for number in 0..4 {
                let tag = format!("{calls}-{fault}-{first}-{number}").replace([',', '='], "-");
                failed += deliver(&server, &mut store, &tag);
            }
            // strace ends with the server.
            drop(server);
        }
        assert!(failed > 0, "{calls} {fault}: no fault was seen");
    }
}

/// The kernel sends SIGXFSZ to a process that writes beyond the limit for the size of a file.
#[test]
fn a_limit_for_the_size_of_files_refuses_webhooks_until_it_is_raised() {
    let pipeline = idle();
    let _cleaner = Cleaner::of(&pipeline);
    assert!(Server::start(&pipeline).stop().success());
    let file = pipeline.folder().join(".greenlight/journal.db");
    let length = fs::metadata(&file).expect("a journal").len();
    let mut server = Server::start(&pipeline);
    let mut store = StoreReader::of(&pipeline);
    let limit = |server: &mut Server, current| {
        let limit = Rlimit {
            current,
            maximum: None,
        };
        prlimit(Some(server.pid()), Resource::Fsize, limit).expect("set");
    };
    // The next page of the database fits only in part.
    limit(&mut server, Some(length + 1000));
    let mut refused = 0;
    for number in 0..200 {
        let tag = format!("limited-{number}");
        match server.send(&distribution(&tag, &digest(1))) {
            Some(202) => assert!(is_stored(&mut store, &tag), "{tag}"),
            Some(status) => {
                assert!(status >= 500, "{status}");
                refused += 1;
                break;
            }
            None => panic!("no answer: {}", server.log()),
        }
    }
    assert_eq!(refused, 1, "{}", server.log());
    assert!(server.ended().is_none(), "{}", server.log());
    limit(&mut server, None);
    deliver(&server, &mut store, "after");
    assert!(server.stop().success());
}
