//! Every output with a verdict also shows why results were unusable, and the other notes about the results.

use std::fs;

use super::nodes::Node;
use super::shop::Shop;
use crate::harness::{Repository, greenlight};

/// The kinds of reports, each with its notation of a backtick.
const REPORTS: [(&str, &str); 4] = [
    ("html", "`"),
    ("junit", "`"),
    ("sarif", "`"),
    ("markdown", "\\`"),
];

/// Checks that each output with the verdict of a deployment contains these notes. A backtick is the only character
/// of the notes that a format may escape.
#[track_caller]
fn everywhere(shop: &Shop, notes: &[&str]) {
    let ended = shop.run();
    let mut places = vec![("console", ended.stdout, "`")];
    for arguments in [
        &["status"][..],
        &["status", "1"],
        &["status", "1", "--format", "json"],
    ] {
        let ended = shop.call(arguments).run();
        assert_eq!(ended.status, 0, "{arguments:?}: {}", ended.stderr);
        places.push(("status", ended.stdout, "`"));
    }
    for (kind, backtick) in REPORTS {
        let file = format!("report.{kind}");
        let report = format!("--report={kind}={file}");
        let ended = shop.call(&["status", "1", &report]).run();
        assert_eq!(ended.status, 0, "{kind}: {}", ended.stderr);
        let text = fs::read_to_string(shop.path().join(file)).expect("a report");
        places.push((kind, text, backtick));
    }
    for (place, text, backtick) in places {
        for note in notes {
            let note = note.replace('`', backtick);
            assert!(text.contains(&note), "no {note:?} in {place}:\n{text}");
        }
    }
}

#[test]
fn why_results_were_unusable_is_shown_everywhere() {
    everywhere(
        &Shop::of("03-locust-names-nojson", ""),
        &[
            "`load.json` does not exist",
            "counted from the CSV files, which lag behind the run",
        ],
    );
}

#[test]
fn why_results_were_unusable_is_sent_to_slack() {
    let slack = Node::answering(b"ok".to_vec(), "");
    let shop = Shop::of("03-locust-names-nojson", "[slack]\nurl-variable = \"HOOK\"");
    let ended = shop.deployment().variable("HOOK", &slack.url()).run();
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    let message = slack.bodies();
    for said in [
        "*load test of stage*",
        "`load.json` does not exist; Locust was killed, or was not asked for JSON",
    ] {
        assert!(message.contains(said), "no {said:?} in {message}");
    }
}

#[test]
fn checks_that_failed_are_shown_everywhere() {
    let shop = Shop::of("12-k6-grpc-only", "requests = [\"iterations\"]");
    shop.script(
        "cat > summary.json <<'END'\n\
         {\"state\": {\"testRunDurationMs\": 10012.5}, \"metrics\": {\n\
         \"iterations\": {\"values\": {\"count\": 200, \"rate\": 20.0}},\n\
         \"checks\": {\"values\": {\"rate\": 0.5, \"passes\": 100, \"fails\": 100}}}}\n\
         END",
    );
    everywhere(&shop, &["100 of 200 checks failed"]);
}

#[test]
fn the_last_lines_of_a_deploy_command_are_shown() {
    let repository = Repository::new();
    let commit = repository.commit("Change [load test: skip]\n");
    let node = Node::serving(&commit);
    let environment = |name: &str| {
        format!(
            "[[environment]]\nname = \"{name}\"\nnodes = [\"{}\"]\n\
             deploy = [\"sh\", \"-c\", \"echo quota exceeded >&2; exit 3\"]\n",
            node.url()
        )
    };
    let configuration = environment("stage") + &environment("prod");
    fs::write(repository.path().join("greenlight.toml"), configuration).expect("written");
    let tag = format!("stage-{commit}");
    let mut arguments = vec!["run".to_owned(), "--tag".to_owned(), tag];
    arguments.extend(REPORTS.map(|(kind, _)| format!("--report={kind}=report.{kind}")));
    let ended = greenlight(&arguments).within(repository.path()).run();
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    for (kind, _) in REPORTS {
        let text = fs::read_to_string(repository.path().join(format!("report.{kind}")));
        let text = text.expect("a report");
        assert!(text.contains("quota exceeded"), "{kind}: {text}");
    }
    for arguments in [
        &["status"][..],
        &["status", "1"],
        &["status", "--format", "json"],
    ] {
        let ended = greenlight(arguments).within(repository.path()).run();
        for said in ["exit status 3", "quota exceeded"] {
            assert!(
                ended.stdout.contains(said),
                "{arguments:?}: {}",
                ended.stdout
            );
        }
    }
}

/// The error describes an answer of a node that is not a version.
#[test]
fn an_answer_of_a_node_that_is_no_version_is_explained() {
    let repository = Repository::new();
    let commit = repository.commit("Change [load test: skip]\n");
    let upper = commit.to_uppercase();
    let document = |commit: &str| format!("{{\"commit\": \"{commit}\"}}").into_bytes();
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xabV\xca".to_vec();
    for (body, headers, said) in [
        (
            document(&upper),
            "",
            "its `commit` is not a full commit hash, it has capital letters",
        ),
        (
            gzip.clone(),
            "content-encoding: gzip\r\n",
            "a body that is compressed (gzip)",
        ),
        (gzip, "", "a body that is compressed (gzip)"),
        (
            b"\xcb\x48\xcd".to_vec(),
            "content-encoding: br\r\n",
            "a body that is compressed (br)",
        ),
    ] {
        let ended = one_round(&repository, &commit, &Node::answering(body, headers));
        assert_eq!(ended.0, 1, "{}", ended.1);
        assert!(ended.1.contains(said), "no {said:?} in {}", ended.1);
        assert!(!ended.1.contains("\\u{"), "{}", ended.1);
    }
    // `git rev-parse HEAD` writes a line break after the commit.
    let node = Node::answering(document(&format!("{commit}\\n")), "");
    let ended = one_round(&repository, &commit, &node);
    assert_eq!(ended.0, 0, "{}", ended.1);
}

/// Deploys to environments with this node. Returns the exit status and the output.
fn one_round(repository: &Repository, commit: &str, node: &Node) -> (i32, String) {
    let environments = ["stage", "prod"].map(|name| {
        format!(
            "[[environment]]\nname = \"{name}\"\ndeploy = [\"true\"]\nnodes = [\"{}\"]\n\
             convergence-rounds = 1\nconvergence-deadline = \"1s\"\n",
            node.url()
        )
    });
    let configuration = format!(
        "[release]\npoll-interval = \"1s\"\n[journal]\nfolder = \"{}\"\n{}",
        node.url().replace([':', '/'], "-"),
        environments.concat()
    );
    fs::write(repository.path().join("greenlight.toml"), configuration).expect("written");
    let ended = greenlight(["run", "--tag", &format!("stage-{commit}")])
        .within(repository.path())
        .run();
    (ended.status, ended.stdout + &ended.stderr)
}
