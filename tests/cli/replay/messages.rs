//! Messages that are not ordinary text.

use super::Replay;
use crate::harness::{Repository, Text, greenlight};

/// Writes a commit object byte by byte, as no `git commit` would, and returns its hash.
fn raw(repository: &Repository, headers: &str, message: &[u8]) -> String {
    let tree = repository.git(&["write-tree"]);
    let mut object =
        format!("tree {tree}\nauthor A <a@b> 0 +0000\ncommitter A <a@b> 0 +0000\n{headers}\n")
            .into_bytes();
    object.extend_from_slice(message);
    let arguments = [
        "hash-object",
        "-t",
        "commit",
        "-w",
        "--stdin",
        "--literally",
    ];
    repository.git_with(&arguments, &object)
}

#[test]
fn empty_and_very_long() {
    let repository = Repository::new();
    let empty = repository.commit("");
    let line = "a line of a message that a tool wrote\n";
    let mut long = line.repeat((1 << 20) / line.len());
    long.push_str("[load test: abort]");
    let long = repository.commit(&long);
    // One line of a mebibyte, with a near miss at its end.
    let wide = repository.commit(format!("{} [load test:skip]", "x".repeat(1 << 20)));
    let replay = Replay::of(repository.argument(), &[]);
    assert_eq!(replay.line(&empty)["action"], "warn");
    assert_eq!(replay.line(&long)["action"], "abort");
    assert_eq!(replay.line(&long)["explicit"], true);
    assert_eq!(replay.codes(&wide), ["near-miss"]);
    let ended = greenlight(["replay", "--repo", repository.argument()]).gives(
        0,
        Text::Has(&["3 commits: 1 with a label (1 abort), 2 by default"]),
        Text::Nothing,
    );
    assert!(ended.stdout.len() < 2048, "{}", ended.stdout.len());
}

#[test]
fn longer_than_a_message_may_be() {
    let repository = Repository::new();
    let first = repository.commit("x [load test: skip]");
    let long = repository.commit("x".repeat((4 << 20) + 1));
    let replay = Replay::of(repository.argument(), &[]);
    assert_eq!(replay.codes(&long), ["message-unreadable"]);
    assert_eq!(replay.line(&first)["action"], "skip");
}

#[test]
fn other_encodings() {
    let repository = Repository::new();
    let latin = b"Gr\xf6\xdfe [load test: skip]\n";
    let named = raw(&repository, "encoding ISO-8859-1\n", latin);
    let unnamed = raw(&repository, "", latin);
    let unknown = raw(&repository, "encoding no-such-thing\n", latin);
    // The second byte of the first character is the one of `[`.
    let japanese = raw(
        &repository,
        "encoding Shift_JIS\n",
        b"\x81\x5bload test: abort]\n",
    );
    let replay = Replay::of(
        repository.argument(),
        &[&named, &unnamed, &unknown, &japanese],
    );
    assert_eq!(replay.lines.len(), 4);
    assert!(replay.codes(&named).is_empty());
    for commit in [&unnamed, &unknown] {
        assert_eq!(replay.codes(commit), ["message-not-utf8"]);
    }
    for commit in [&named, &unnamed, &unknown] {
        assert_eq!(replay.line(commit)["action"], "skip");
        assert_eq!(replay.line(commit)["explicit"], true);
    }
    assert_eq!(replay.line(&japanese)["explicit"], false);
    let line = format!(
        "{}  1970-01-01  skip   Größe [load test: skip] (A)\n",
        &named[..12]
    );
    greenlight(["replay", "--repo", repository.argument(), &named]).gives(
        0,
        Text::Has(&[&line]),
        Text::Nothing,
    );
}

#[test]
fn no_text_at_all() {
    let repository = Repository::new();
    let first = repository.commit("x [load test: skip]");
    let nul = raw(&repository, "", b"x\0 [load test: abort]\n");
    let noise = raw(
        &repository,
        "",
        b"\xff\xfe\xc3 \xe2\x82 [load test: abort] \xf0\x9f",
    );
    let replay = Replay::of(repository.argument(), &[&first, &nul, &noise]);
    assert_eq!(replay.codes(&nul), ["message-unreadable"]);
    assert!(replay.line(&nul)["action"].is_null());
    assert_eq!(replay.line(&nul)["tags"], serde_json::json!([]));
    assert_eq!(replay.codes(&noise), ["message-not-utf8"]);
    assert_eq!(replay.line(&noise)["action"], "abort");
    assert_eq!(replay.line(&first)["action"], "skip");
    let line = format!(
        "{}  1970-01-01  -       (A)\n    error[message-unreadable]: the message has a NUL byte at offset 1: it is not text\n",
        &nul[..12]
    );
    greenlight(["replay", "--repo", repository.argument(), &nul]).gives(
        0,
        Text::Has(&[&line, "1 unreadable"]),
        Text::Nothing,
    );
}

#[test]
fn headers_are_no_message() {
    let repository = Repository::new();
    let headers =
        "gpgsig -----BEGIN\n [load test: skip]\n \n -----END\nx-label [load test: abort]\n";
    let signed = raw(&repository, headers, b"subject\n");
    // A commit object may end with its headers.
    let bare = {
        let tree = repository.git(&["write-tree"]);
        let object = format!("tree {tree}\nauthor A <a@b> 0 +0000\ncommitter A <a@b> 0 +0000\n");
        let arguments = [
            "hash-object",
            "-t",
            "commit",
            "-w",
            "--stdin",
            "--literally",
        ];
        repository.git_with(&arguments, object.as_bytes())
    };
    let replay = Replay::of(repository.argument(), &[&signed, &bare]);
    for commit in [&signed, &bare] {
        assert_eq!(replay.line(commit)["explicit"], false);
        assert!(replay.codes(commit).is_empty());
    }
}

#[test]
fn windows_line_ends() {
    let repository = Repository::new();
    let commit = repository.commit("subject\r\n\r\n[load test: abort]\r\n");
    let replay = Replay::of(repository.argument(), &[]);
    assert_eq!(replay.line(&commit)["action"], "abort");
    let line = format!(
        "{}  2023-11-14  abort  subject (Ada)\n1 commit:",
        &commit[..12]
    );
    greenlight(["replay", "--repo", repository.argument()]).gives(
        0,
        Text::Has(&[&line]),
        Text::Nothing,
    );
}
