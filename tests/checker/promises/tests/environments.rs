//! Violations by the order of the commands in an environment.

use super::{NEW, OLD, breaks, command, insert, keeps, recorded_of, sound};
use crate::effects::{Command, Effect, Kind};
use crate::history::History;
use crate::promises::check;

#[test]
fn an_overlap_is_found() {
    let beside = |at: f64| {
        Effect::Begin(Command {
            alone: false,
            ..command("stage", NEW, 2, at)
        })
    };
    let overlap = |at: f64| {
        move |it: &mut History| {
            it.effects.remove(4);
            insert(it, 1, [beside(at)]);
        }
    };
    breaks(
        "overlap",
        "of deployment 2 in stage began while",
        overlap(1.5),
    );
    breaks(
        "overlap",
        "of deployment 2 in stage began while",
        overlap(4.5),
    );
    // The command of a killed process outlived the lease.
    breaks("overlap", "of deployment 2 in stage began while", |it| {
        overlap(4.5)(it);
        let what = "KillRun: process 7".to_owned();
        insert(it, 1, [Effect::Fault { what }]);
    });
    // The kernel says that the other process has ended.
    let mut history = sound();
    history.effects.remove(1);
    assert!(check(&history).is_empty());
}

#[test]
fn an_older_commit_over_a_newer_one_is_found() {
    breaks("older commit", "by deployment 1 began after", |it| {
        it.effects.rotate_left(4);
    });
}

#[test]
fn an_older_command_that_ends_after_a_newer_one_is_found() {
    let ends_at = |at: usize| {
        move |it: &mut History| {
            let end = it.effects.remove(1);
            insert(it, at, [end]);
        }
    };
    breaks("older commit", "by deployment 1 ended after", ends_at(5));
    // It ends before the newer one.
    keeps("older commit", ends_at(4));
}

#[test]
fn a_load_test_of_another_release_is_found() {
    let load_test = |commit: &str, deployment: u64| {
        Effect::Begin(Command {
            kind: Kind::LoadTest,
            ..command("stage", commit, deployment, 5.0)
        })
    };
    breaks("own release", "was last deployed by [2]", |it| {
        insert(it, 8, [load_test(OLD, 1)]);
    });
    breaks("own release", "was last deployed by []", |it| {
        insert(it, 0, [load_test(OLD, 1)]);
    });
    breaks("own release", "was last deployed by [2]", |it| {
        insert(it, 8, [load_test(NEW, 2)]);
        for (at, digest) in [(4, "one"), (8, "other")] {
            if let Effect::Begin(command) = &mut it.effects[at] {
                digest.clone_into(&mut command.digest);
            }
        }
    });
    keeps("own release", |it| insert(it, 8, [load_test(NEW, 2)]));
    // The deploy command of another release was killed before it changed anything.
    keeps("own release", |it| {
        let killed = Effect::Begin(command("stage", OLD, 1, 5.0));
        insert(it, 8, [killed, load_test(NEW, 2)]);
    });
}

#[test]
fn production_without_stage_is_found() {
    breaks(
        "only after stage",
        "was not deployed to stage before",
        |it| {
            it.effects.drain(4..6);
        },
    );
    breaks("only after stage", "no round of stage served", |it| {
        recorded_of(it, 2).entries.remove(1);
    });
}

#[test]
fn production_with_another_digest_is_found() {
    breaks(
        "only after stage",
        "was not deployed to stage before",
        |it| {
            for (at, digest) in [(4, "one"), (6, "other")] {
                if let Effect::Begin(command) = &mut it.effects[at] {
                    digest.clone_into(&mut command.digest);
                }
            }
        },
    );
}
