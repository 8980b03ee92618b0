//! Policies that try to break what the sandbox promises. Each file in `tests/guests/` begins with the
//! promise and how the attempt ends; none of them gets anything promoted.

pub mod guests;

use std::fs::File;
use std::path::Path;

use guests::{DECIDE, Folder, LABEL, RESOLVE, TAGS, all, benign};

use crate::harness::Text::{Has, Is, Nothing};
use crate::harness::{Call, Ended, Repository, SHA, greenlight};

/// The benign policy, and guests that end well: each has a test of its own.
const ANSWERING: [&str; 5] = ["benign", "counts", "loud", "refused-growth", "remembers"];

/// Every way to end without a decision, and how many guests at least end that way. Taking a guest away
/// takes a promise away.
const ENDS: [(&str, usize); 7] = [
    ("the policy ran into a limit: it ", 16),
    ("the policy ran into a limit: compiling it ", 1),
    ("the policy timed out: ", 1),
    ("the policy trapped: ", 3),
    ("the policy broke the contract: ", 22),
    ("the component is not a policy: ", 7),
    ("the policy has version ", 1),
];

#[test]
fn every_guest_names_its_promise_and_its_end() {
    let guests = all();
    for guest in &guests {
        let promise = guest.text.starts_with(";; Promise: ");
        assert!(promise || guest.name == "benign", "{}", guest.name);
        assert_eq!(
            guest.ends.is_none(),
            ANSWERING.contains(&guest.name.as_str()),
            "{}",
            guest.name
        );
    }
    let ends: Vec<_> = guests
        .iter()
        .filter_map(|guest| guest.ends.as_deref())
        .collect();
    for (kind, least) in ENDS {
        let count = ends.iter().filter(|end| end.starts_with(kind)).count();
        assert!(count >= least, "{kind}{count}");
    }
    assert!(
        ends.iter()
            .all(|end| ENDS.iter().any(|(kind, _)| end.starts_with(kind)))
    );
}

#[test]
fn limits_are_limits() {
    undecided("the policy ran into a limit: it ");
}

#[test]
fn traps_are_traps() {
    undecided("the policy trapped: ");
}

#[test]
fn broken_contracts_are_broken_contracts() {
    undecided("the policy broke the contract: ");
}

#[test]
fn what_is_no_policy_is_no_policy() {
    undecided("the component is not a policy: ");
}

/// The user has chosen the wrong pair of files, so this is the status of unusable input.
#[test]
fn a_policy_of_another_version_of_the_contract_is_refused() {
    let folder = Folder::new();
    let policy = folder.policy("wrong-version");
    let says = "the policy has version 0.9.0 of the contract, and this program has version 0.2.0\n";
    let help = "help: build the policy with the `wit/` of this program";
    ask(DECIDE, &policy).gives(2, Nothing, Has(&["error: ", says, help]));
    ask(LABEL, &policy).gives(2, Nothing, Has(&["error: ", says, help]));
    check(&policy).gives(1, Has(&[" is not a usable policy: ", says]), Nothing);
}

#[test]
fn the_wall_clock_ends_what_fuel_does_not() {
    undecided("the policy timed out: ");
}

#[test]
fn compiling_ends() {
    undecided("the policy ran into a limit: compiling it ");
}

#[test]
fn what_keeps_every_promise_fits() {
    let folder = Folder::new();
    let policy = folder.policy("benign");
    let hold = Is("hold[always-hold]: it always holds\n  next: wait 10 s, then decide again\n");
    ask(DECIDE, &policy).gives(4, hold, Nothing);
    ask(LABEL, &policy).gives(0, Has(&["warn"]), Nothing);
    ask(RESOLVE, &policy).gives(0, Has(&[SHA]), Nothing);
    ask(TAGS, &policy).gives(0, Is(&format!("stage-{SHA}\n")), Nothing);
    check(&policy).gives(0, Has(&[" is a usable policy: it answered "]), Nothing);
    inspect(&policy).gives(
        0,
        Has(&["imports: none\n", "promotion@0.2.0#decide\n"]),
        Nothing,
    );
    // A limit is a limit on what was had, not on what was asked for in vain.
    ask(DECIDE, &folder.policy("refused-growth")).gives(4, hold, Nothing);
}

#[test]
fn files_that_are_no_components() {
    let folder = Folder::new();
    let whole = benign();
    let mut damaged = whole.clone();
    damaged[8..].fill(0xff);
    let cases: [(&str, &[u8], &str); 5] = [
        ("nothing", b"", "it is not a WebAssembly component"),
        ("text", b"(component)", "it is not a WebAssembly component"),
        ("half", &whole[..whole.len() / 2], ""),
        ("damaged", &damaged, ""),
        (
            "code",
            b"\x7fELF\x02\x01\x01\0",
            "it is not a WebAssembly component",
        ),
    ];
    for (name, bytes, why) in cases {
        let file = folder.file(name, bytes);
        let says = format!("the component is not a policy: {why}");
        ask(DECIDE, &file).gives(70, Nothing, Has(&["error: ", &says]));
        check(&file).gives(1, Has(&[" is not a usable policy: ", &says]), Nothing);
    }
}

#[test]
fn files_that_are_too_large_or_not_there() {
    let folder = Folder::new();
    // It takes no place on the disk: what follows the preamble is a hole.
    let large = folder.file("large", b"\0asm\x0d\0\x01\0");
    let file = File::options().write(true).open(&large).expect("the file");
    file.set_len((32 << 20) + 1).expect("a hole");
    let says = "the policy ran into a limit: the component file is larger than 32 MiB\n";
    ask(DECIDE, &large).gives(70, Nothing, Has(&["error: ", says]));
    inspect(&large).gives(70, Nothing, Has(&["error: ", says]));
    check(&large).gives(1, Has(&[" is not a usable policy: ", says]), Nothing);
    for unreadable in [folder.path().join("missing"), folder.path().to_owned()] {
        for call in [
            ask(DECIDE, &unreadable),
            check(&unreadable),
            inspect(&unreadable),
        ] {
            call.gives(2, Nothing, Has(&["error: the policy could not be read: `"]));
        }
    }
}

#[test]
fn no_answer_depends_on_an_earlier_question() {
    let folder = Folder::new();
    for policy in [folder.policy("counts"), folder.policy("remembers")] {
        ask(DECIDE, &policy).gives(4, Has(&["hold"]), Nothing);
        ask(TAGS, &policy).gives(0, Is(&format!("stage-{SHA}\n")), Nothing);
        check(&policy).gives(0, Has(&[" is a usable policy: "]), Nothing);
        let table = ask(&["policy", "table"], &policy).gives(0, Has(&["hold"]), Nothing);
        assert!(!table.stdout.contains("promote"), "{}", table.stdout);
    }
}

#[test]
fn a_replay_asks_a_fresh_instance_each_time() {
    let folder = Folder::new();
    let repository = Repository::new();
    repository.commit("one");
    repository.commit("two");
    let replay = ["replay", "--repo", repository.argument(), "--format=jsonl"];
    for policy in [folder.policy("counts"), folder.policy("remembers")] {
        ask(&replay, &policy).gives(0, Has(&["\"commits\":2"]), Nothing);
    }
}

/// What the strings of `loud.wat` hold.
const LOUD: &str = "\x1b[2J\x1b]0;owned\x07\n::error::loud\n##[error]loud\r##vso[task.complete] \
                    ##teamcity[x] \u{9b}31m \u{202e}gpj.exe\u{202c} \u{200b}";

#[test]
fn loud_strings_are_shown_and_do_nothing() {
    let folder = Folder::new();
    let policy = folder.policy("loud");
    let repository = Repository::new();
    repository.commit("é x");
    let replay = &["replay", "--repo", repository.argument()][..];
    for (question, status, json) in [
        (DECIDE, 4, "--format=json"),
        (LABEL, 0, "--format=json"),
        (RESOLVE, 1, "--format=json"),
        (TAGS, 0, "--format=json"),
        (replay, 0, "--format=jsonl"),
    ] {
        for format in ["--format=human", json] {
            let ended = ask(&[question, &[format]].concat(), &policy).run();
            assert_eq!(ended.status, status, "{}{}", ended.stdout, ended.stderr);
            calm(&ended);
            assert!(ended.stdout.contains("owned") || ended.stderr.contains("owned"));
        }
    }
    // Colors are the host's own.
    let coloured = ask(LABEL, &policy).variable("FORCE_COLOR", "1").run();
    assert!(!coloured.stdout.contains("\x1b[2J") && !coloured.stdout.contains("\x1b]"));
}

#[test]
fn loud_strings_come_back_from_json_as_they_were() {
    let folder = Folder::new();
    let policy = folder.policy("loud");
    let ask = |question: &[&str], status| {
        let ended = ask(&[question, &["--format=json"]].concat(), &policy).run();
        assert_eq!(ended.status, status, "{}", ended.stderr);
        ended.json()
    };
    let decision = ask(DECIDE, 4);
    let label = ask(LABEL, 0);
    let refusal = ask(RESOLVE, 1);
    for (document, places) in [
        (
            &decision,
            &["/next/key", "/next/text", "/environments/0/nodes/0/name"][..],
        ),
        (
            &decision,
            &[
                "/reasons/0/message",
                "/reasons/1/help",
                "/reasons/0/evidence/0/tag",
            ],
        ),
        (&label, &["/diagnostics/0/message", "/diagnostics/0/help"]),
        (&refusal, &["/reasons/0/message", "/reasons/0/help"]),
    ] {
        for place in places {
            let text = document.pointer(place).and_then(|text| text.as_str());
            assert_eq!(text, Some(LOUD), "{place} of {document}");
        }
    }
}

/// Checks that neither a terminal nor a runner does anything with what was printed.
#[track_caller]
fn calm(ended: &Ended) {
    for text in [&ended.stdout, &ended.stderr] {
        let active = |c: char| {
            c != '\n'
                && (c.is_control()
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'))
        };
        assert!(!text.contains(active), "{text:?}");
        assert!(!text.contains("##"), "{text}");
        assert!(
            !text.lines().any(|line| line.trim_start().starts_with("::")),
            "{text}"
        );
    }
}

/// Asks every guest that is to end this way, and expects no answer but the reason. A check says the same
/// of those that fail where it looks.
#[track_caller]
fn undecided(kind: &str) {
    let folder = Folder::new();
    let is_of_kind = |end: &String| end.starts_with(kind);
    for guest in all()
        .iter()
        .filter(|guest| guest.ends.as_ref().is_some_and(is_of_kind))
    {
        let (policy, end) = (
            folder.policy(&guest.name),
            guest.ends.as_deref().unwrap_or_default(),
        );
        let ended = ask(guest.asked, &policy).gives(70, Nothing, Has(&["\n  help: "]));
        assert!(
            ended.stderr.starts_with(&format!("error: {end}")),
            "{}{}",
            guest.name,
            ended.stderr
        );
        calm(&ended);
        // Twice these would take long, and the check does the same.
        if guest.asked == DECIDE && guest.name != "slow" && guest.name != "doubling" {
            let says = format!("{} is not a usable policy: {end}", policy.display());
            calm(&check(&policy).gives(1, Has(&[&says]), Nothing));
        }
    }
}

fn ask(question: &[&str], policy: &Path) -> Call {
    greenlight(
        question
            .iter()
            .map(AsRef::as_ref)
            .chain(["--policy".as_ref(), policy.as_os_str()]),
    )
}

fn check(file: &Path) -> Call {
    greenlight(["policy".as_ref(), "check".as_ref(), file.as_os_str()])
}

fn inspect(file: &Path) -> Call {
    greenlight(["policy".as_ref(), "inspect".as_ref(), file.as_os_str()])
}

/// The child says more than a pipe holds; it is heard to the end.
#[test]
fn a_long_complaint_of_the_compiler() {
    let folder = Folder::new();
    let name = "x".repeat(200_000);
    let text = format!("(component (import \"{name}\" (func)))");
    let file = folder.path().join("long.wasm");
    std::fs::write(&file, wat::parse_str(text).expect("a component")).expect("written");
    let file = file.to_str().expect("UTF-8");
    let ended = greenlight(["policy", "check", file]).run();
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    assert!(
        ended.stdout.contains("is not a usable policy"),
        "{}",
        ended.stdout
    );
}
