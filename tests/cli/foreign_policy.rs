//! A policy of another team: every command answers by it, whatever names it.

use std::fs;

use greenlight::journal::{self, Location, Lock};

use crate::agreement::server::{Place, served};
use crate::harness::{Call, Repository, Text, greenlight};
use crate::hostile::guests::component;

/// What differs from the benign policy. Each answer is one that the bundled policy does not give: every message
/// says skip, every build has one tag, every tag is for `other`, and every decision is to stop.
const FIELDS: &str = r#"
(func $parse (export "greenlight:policy/labels@0.2.0#parse") (param $text i32) (param $length i32) (param $truncated i32) (param $default i32) (result i32)
  (i32.store8 offset=4 (i32.const 128) (i32.const 1))
  (i32.const 128))

(data $stage (i32.const 256) "other-")

;; permission: stop
(data $permission (i32.const 64) "\03")

;; next: finish(stopped)
(data $next (i32.const 68) "\09\00\00\00\02\00\00\00")

(data $code (i32.const 384) "always-stop")

(data $message (i32.const 400) "it always stops")
"#;

const SHOP: &str = r#"
[release]
publish-branch = "trunk"

[[environment]]
name = "stage"
deploy = ["false"]
nodes = ["http://127.0.0.1:1"]

[[environment]]
name = "other"
deploy = ["false"]
nodes = ["http://127.0.0.1:1"]

[load-test]
command = ["false"]
format = "k6"
results = "results.json"

[serve]
token-variable = "HOOK_SECRET"
repositories = ["shop"]
"#;

/// What names the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    File,
    Variable,
    Flag,
}

/// A repository with a commit that asks for abort, the component `p.wasm`, and the configuration.
fn shop(named: Named) -> (Repository, String) {
    let shop = Repository::new();
    let commit = shop.commit("Change [load test: abort]\n");
    fs::write(shop.path().join("p.wasm"), component(FIELDS)).expect("written");
    let mut text = SHOP.to_owned();
    if named == Named::File {
        let inspect = greenlight(["policy", "inspect", "p.wasm", "--format", "json"]);
        let inspected = inspect.within(shop.path()).run().json();
        let digest = inspected["digest"].as_str().expect("a digest");
        text = format!("{text}\n[policy]\nfile = \"p.wasm\"\ndigest = \"{digest}\"\n");
    }
    fs::write(shop.path().join("greenlight.toml"), text).expect("written");
    (shop, commit)
}

fn call(shop: &Repository, named: Named, arguments: &[&str]) -> Call {
    let flag: &[&str] = match named {
        Named::Flag => &["--policy", "p.wasm"],
        Named::File | Named::Variable => &[],
    };
    let call = greenlight(arguments.iter().chain(flag)).within(shop.path());
    match named {
        Named::Variable => call.variable("GREENLIGHT_POLICY", "p.wasm"),
        Named::File | Named::Flag => call,
    }
}

#[test]
fn it_answers_every_command() {
    for named in [Named::File, Named::Variable, Named::Flag] {
        let (shop, commit) = shop(named);
        let tag = format!("other-{commit}");
        let tags = format!("\"tags\":[\"{tag}\"]");
        let of_stage = format!("stage-{commit}");
        let rows: [(&[&str], i32, &[&str]); 9] = [
            (&["label", "--rev", "HEAD"], 0, &["skip: "]),
            (
                &["tags", "--rev", "HEAD", "--branch", "main"],
                0,
                &[&format!("{tag}\n")],
            ),
            (&["resolve", &of_stage], 0, &["environment: other\n"]),
            (&["decide", "--tag", &of_stage], 1, &["stop[always-stop]"]),
            (
                &["explain"],
                0,
                &["skip: ", &format!("  {tag}\n"), "it always stops"],
            ),
            (
                &["replay", "--repo", ".", "--format", "jsonl"],
                0,
                &["\"action\":\"skip\"", &tags],
            ),
            (&["run", "--tag", &of_stage], 1, &["stop[always-stop]"]),
            (&["run", "--local"], 1, &[&tag, "stop[always-stop]"]),
            (
                &["policy", "table", "--format", "json"],
                0,
                &["\"always-stop\""],
            ),
        ];
        for (arguments, status, said) in rows {
            let ended = call(&shop, named, arguments).run();
            let shown = format!("{named:?} {arguments:?}\n{}{}", ended.stdout, ended.stderr);
            assert_eq!(ended.status, status, "{shown}");
            for text in said {
                assert!(ended.stdout.contains(text), "no {text:?}: {shown}");
            }
        }
    }
}

#[test]
fn the_server_asks_it() {
    let (shop, commit) = shop(Named::File);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let place = Place {
        repository: shop.path(),
        folder: shop.path(),
        log: &elsewhere.path().join("serve.log"),
        variables: &[],
    };
    // The bundled policy reads no tag of an environment that is not configured, and deploys the other one.
    let tags = [
        format!("eu-{commit}"),
        format!("stage-loadtest-abort-{commit}"),
    ];
    for refusal in served(&place, &tags.each_ref().map(String::as_str)) {
        let refusal = refusal.expect("a refusal");
        assert!(refusal.contains("[always-stop]"), "{refusal}");
    }
}

#[test]
fn a_flag_counts_more_and_a_digest_is_of_the_file_s_own_policy() {
    let (shop, _) = shop(Named::File);
    let ask = |arguments: &[&str]| call(&shop, Named::File, arguments);
    ask(&["policy", "export", "bundled.wasm"]).run();
    ask(&["label", "--rev", "HEAD", "--policy", "bundled.wasm"]).gives(
        0,
        Text::Has(&["abort: "]),
        Text::Nothing,
    );
    fs::write(shop.path().join("p.wasm"), "other").expect("written");
    for command in [
        &["label", "--rev", "HEAD"][..],
        &["run", "--local"],
        &["rollback-advice"],
        &["explain"],
        &["config", "check", "--offline"],
    ] {
        ask(command).gives(
            2,
            Text::Nothing,
            Text::Has(&["does not match the configuration"]),
        );
    }
}

/// A deployment is resumed by the policy that it began with. The refusal leaves no lock behind, so the right policy
/// resumes it at once.
#[test]
fn a_resume_that_is_refused_holds_no_lock() {
    let shop = Repository::new();
    let commit = shop.commit("Change [load test: skip]\n");
    fs::write(shop.path().join("p.wasm"), component(FIELDS)).expect("written");
    let killed = "deploy = [\"sh\", \"-c\", \"kill -KILL $PPID\"]\nconvergence-deadline = \"1s\"";
    let text = SHOP.replacen(r#"deploy = ["false"]"#, killed, 1);
    let text = text.replacen("[release]", "[release]\npoll-interval = \"1s\"", 1);
    fs::write(shop.path().join("greenlight.toml"), &text).expect("written");
    let tag = format!("stage-{commit}");
    let died = greenlight(["run", "--tag", &tag]).within(shop.path()).run();
    assert!(died.stderr.is_empty(), "{}", died.stderr);
    call(&shop, Named::Flag, &["run", "--resume", "1"]).gives(
        2,
        Text::Nothing,
        Text::Has(&["deployment 1 began with the policy ", "greenlight cancel 1"]),
    );
    let file = shop.path().join(".greenlight/journal.db");
    let mut journal = journal::open(&Location::File(file)).expect("a journal");
    let leases = journal.leases().expect("read");
    // That of the environment is the dead process's, which holds up no other one.
    let locks: Vec<_> = leases.iter().map(|(lock, _)| lock).collect();
    assert_eq!(locks, [&Lock::environment("stage")]);
    let resumed = greenlight(["run", "--resume", "1"]).within(shop.path());
    resumed.gives(1, Text::Has(&["stop["]), Text::Nothing);
}

/// This host does not roll back yet, and reads metrics only in an environment that is watched.
#[test]
fn an_action_that_is_not_possible_ends_the_run() {
    for (next, asks) in [
        // measure("other")
        (
            r"\07\00\00\00\00\01\00\00\05\00\00\00",
            "read the metrics of `other`",
        ),
        // roll-back("other")
        (
            r"\08\00\00\00\00\01\00\00\05\00\00\00",
            "deploy the release again that was live in `other` before",
        ),
    ] {
        // permission: hold
        let (shop, run) = run_under(&always("\\02", next), "");
        let asks = format!("the policy asks to {asks}, which is not possible");
        run.gives(
            2,
            Text::Has(&["deployment 1 begins"]),
            Text::Has(&[&asks, "cancel the deployment, or use another policy"]),
        );
        let cancel = greenlight(["cancel", "1", "--by", "Ada"]).within(shop.path());
        cancel.gives(0, Text::Is("deployment 1 is canceled\n"), Text::Nothing);
    }
}

/// The fields of a policy that always gives one answer, written as it lies in its memory. Its strings are `other-` at 256,
/// the reason's code `always-stop` at 384 and its message at 400.
fn always(permission: &str, next: &str) -> String {
    let stop = "(i32.const 64) \"\\03\"";
    let finish = r#"(i32.const 68) "\09\00\00\00\02\00\00\00""#;
    assert!(FIELDS.contains(stop) && FIELDS.contains(finish));
    FIELDS
        .replace(stop, &format!("(i32.const 64) \"{permission}\""))
        .replace(finish, &format!("(i32.const 68) \"{next}\""))
}

/// A shop, and the call that runs its release under a policy. A deploy command adds a line to the file `deployed`.
fn run_under(fields: &str, release: &str) -> (Repository, Call) {
    let shop = Repository::new();
    let commit = shop.commit("Change [load test: skip]\n");
    fs::write(shop.path().join("p.wasm"), component(fields)).expect("written");
    let text = SHOP.replace(
        r#"deploy = ["false"]"#,
        r#"deploy = ["sh", "-c", "echo once >> deployed"]"#,
    );
    let text = text.replacen("[release]", &format!("[release]\n{release}"), 1);
    fs::write(shop.path().join("greenlight.toml"), text).expect("written");
    let tag = format!("other-{commit}");
    let run = call(&shop, Named::Flag, &["run", "--tag", &tag]);
    (shop, run)
}

/// An answer that contradicts what happened is a broken contract. Before that, each effect happened once.
#[test]
fn an_answer_that_contradicts_the_history_ends_the_run() {
    // permission: promote, next: finish(promoted)
    let promoted = always("\\00", r"\09\00\00\00\00\00\00\00");
    // permission: hold, next: notify({ info, the code, the message })
    let notify = r"\03\00\00\00\00\00\00\00\80\01\00\00\0b\00\00\00\90\01\00\00\0f\00\00\00";
    let notified = always("\\02", notify);
    // permission: promote, next: deploy("other")
    let deployed = always("\\00", r"\00\00\00\00\00\01\00\00\05\00\00\00");
    for (fields, done, why) in [
        (
            promoted,
            None,
            "it finishes as promoted, but the history does not show that every node of the last environment",
        ),
        (
            notified,
            None,
            "it sends a notice with a key that was used before",
        ),
        (
            deployed,
            Some("once\n"),
            "it deploys the release to an environment again, although that succeeded before",
        ),
    ] {
        let (shop, run) = run_under(&fields, "");
        let ended = run.run();
        let shown = format!("{}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.status, 70, "{shown}");
        let said = format!("error: the policy broke the contract: {why}");
        assert!(ended.stderr.contains(&said), "{shown}");
        let effects = fs::read_to_string(shop.path().join("deployed")).ok();
        assert_eq!(effects.as_deref(), done, "{shown}");
    }
}

/// A policy that waits forever does not look at the deadline. The host does.
#[test]
fn a_release_that_waits_forever_is_stopped() {
    // permission: hold, next: wait(1)
    let waits = always("\\02", r"\04\00\00\00\01\00\00\00");
    let (shop, run) = run_under(&waits, "deadline = \"1s\"");
    let ended = run.run();
    let shown = format!("{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.status, 1, "{shown}");
    let said = "stop[deadline-exceeded]: the release has not ended within 1 s, and the policy does not end it";
    assert!(ended.stdout.contains(said), "{shown}");
    let status = greenlight(["status"]).within(shop.path());
    status.gives(0, Text::Has(&["stopped"]), Text::Nothing);
}

/// What differs from the benign policy: no build is published, because of the setting `environments` alone.
const REFUSES: &str = r#"
(func $tags (export "greenlight:policy/environments@0.2.0#tags") (param $in i32) (result i32)
  (i32.store8 (i32.const 128) (i32.const 1))
  (i32.store offset=4 (i32.const 128) (i32.const 448))
  (i32.store offset=8 (i32.const 128) (i32.const 1))
  (i32.const 128))

;; code at 384, message at 400, one evidence at 496, no help
(data $refusal (i32.const 448) "\80\01\00\00\0b\00\00\00" "\90\01\00\00\0f\00\00\00" "\f0\01\00\00\01\00\00\00")

;; the setting with the name at 512
(data $evidence (i32.const 496) "\08\00\00\00\00\00\00\00" "\00\02\00\00\0c\00\00\00")

(data $setting (i32.const 512) "environments")
"#;

#[test]
fn settings_that_it_refuses_are_not_valid() {
    let shop = Repository::new();
    fs::write(shop.path().join("p.wasm"), component(REFUSES)).expect("written");
    call(&shop, Named::Flag, &["config", "check", "--offline"]).gives(
        2,
        Text::Nothing,
        Text::Has(&[
            "the policy refuses the settings: it always holds\n",
            "help: ",
        ]),
    );
}

#[test]
fn a_step_that_is_not_configured_is_named() {
    // permission: hold, next: perform({ name: "canary", environment: "other", arguments: [] })
    let perform =
        r"\06\00\00\00\00\02\00\00\06\00\00\00\00\01\00\00\05\00\00\00\00\00\00\00\00\00\00\00";
    let fields = always("\\02", perform);
    let fields = format!("{fields}\n(data $step (i32.const 512) \"canary\")\n");
    let (_shop, run) = run_under(&fields, "");
    run.gives(
        2,
        Text::Has(&["deployment 1 begins"]),
        Text::Has(&[
            "the policy asks for step `canary` in `other`, which the configuration does not have",
            "add a `[[step]]` with `name = \"canary\"`",
        ]),
    );
}
