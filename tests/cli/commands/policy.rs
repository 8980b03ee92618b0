//! `greenlight policy`.

use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::harness::{SHA, Text, greenlight};

const TABLE: &str = "\
stage failed          passed  failed  errored  inconclusive  not-run
stage-loadtest-abort  stop    stop    stop     stop          stop
stage-loadtest-warn   stop    stop    stop     stop          stop
stage                 stop    stop    stop     stop          stop
prod                  stop    stop    stop     stop          stop

stage converged       passed   failed                errored               inconclusive          not-run
stage-loadtest-abort  promote  stop                  stop                  stop                  hold
stage-loadtest-warn   promote  promote-with-warning  promote-with-warning  promote-with-warning  hold
stage                 promote  promote               promote               promote               promote
prod                  promote  hold                  hold                  hold                  hold

stage deployed        passed  failed  errored  inconclusive  not-run
stage-loadtest-abort  hold    hold    hold     hold          hold
stage-loadtest-warn   hold    hold    hold     hold          hold
stage                 hold    hold    hold     hold          hold
prod                  hold    hold    hold     hold          hold

stage unknown         passed  failed  errored  inconclusive  not-run
stage-loadtest-abort  hold    hold    hold     hold          hold
stage-loadtest-warn   hold    hold    hold     hold          hold
stage                 hold    hold    hold     hold          hold
prod                  hold    hold    hold     hold          hold

stage not-deployed    passed  failed  errored  inconclusive  not-run
stage-loadtest-abort  hold    hold    hold     hold          hold
stage-loadtest-warn   hold    hold    hold     hold          hold
stage                 hold    hold    hold     hold          hold
prod                  hold    hold    hold     hold          hold

entering prod         permission            next     reason
window-open           promote               deploy   load-test-passed
window-closed-hold    hold                  wait     outside-hours
window-closed-warn    promote-with-warning  notify   load-test-passed
window-closed-note    promote               deploy   load-test-passed
frozen                hold                  wait     frozen
frozen-and-set-aside  promote               deploy   load-test-passed
approval-missing      hold                  ask      approval-missing
approved              promote               deploy   load-test-passed
approved-by-author    hold                  ask      approval-missing
approved-other-image  hold                  ask      approval-missing
approval-expired      hold                  ask      approval-missing
held                  hold                  wait     held
rejected              stop                  notify   rejected
step-not-run          promote               perform  load-test-passed
step-succeeded        promote               deploy   load-test-passed
step-failed           stop                  notify   step-failed
";

#[test]
fn table() {
    greenlight(["policy", "table"]).gives(0, Text::Is(TABLE), Text::Nothing);
    let json = greenlight(["policy", "table", "--format", "json"])
        .gives(0, Text::Has(&["greenlight.table/3"]), Text::Nothing)
        .json();
    assert_eq!(
        json["rows"][0],
        serde_json::json!({
            "tag": "stage-loadtest-abort", "stage": "not-deployed", "load-test": "passed",
            "permission": "hold", "reason": "not-deployed",
        })
    );
    assert_eq!(
        json["gates"][1],
        serde_json::json!({
            "situation": "window-closed-hold", "permission": "hold", "next": "wait", "reason": "outside-hours",
        })
    );
}

#[test]
fn table_of_other_environments() {
    let shown = Text::Has(&["qa-loadtest-abort  ", "\nlive  ", "\npre  "]);
    greenlight(["policy", "table", "--environments", "qa,pre,live"]).gives(0, shown, Text::Nothing);
}

#[test]
fn inspect() {
    let shown = Text::Has(&[
        "world: greenlight:policy/policy@0.2.0\ndigest: sha256:",
        "\nimports: none\nexports:\n",
        "  greenlight:policy/labels@0.2.0#parse\n",
        "  greenlight:policy/environments@0.2.0#tags\n",
        "  greenlight:policy/environments@0.2.0#resolve\n",
        "  greenlight:policy/promotion@0.2.0#decide\n",
        "limits of one call:\n",
        "  memory: 32 MiB\n  stack: 256 KiB\n  returned: 256 KiB\n",
    ]);
    greenlight(["policy", "inspect"]).gives(0, shown, Text::Nothing);
}

/// One test for all that needs the exported component: compiling it takes most of the time.
#[test]
fn an_exported_policy_is_the_bundled_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.wasm");
    let file = file.to_str().expect("UTF-8");
    let export = || greenlight(["policy", "export", file]);
    export().gives(0, Text::Nothing, Text::Has(&["wrote ", file]));

    let bytes = fs::read(file).expect("it was written");
    assert_eq!(&bytes[..4], b"\0asm");
    let digest = Sha256::digest(&bytes)
        .iter()
        .fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    let bundled = format!("digest: sha256:{digest}\nsize: {} bytes\n", bytes.len());
    greenlight(["policy", "inspect"]).gives(0, Text::Has(&[&bundled]), Text::Nothing);

    // A file that is there is left alone, whatever is in it.
    fs::write(file, "mine").expect("written");
    export().gives(
        2,
        Text::Nothing,
        Text::Has(&["error: `", "` already exists", "help: "]),
    );
    assert_eq!(fs::read(file).expect("it is there"), b"mine");
    fs::write(file, &bytes).expect("written");

    greenlight(["policy", "check", file]).gives(
        0,
        Text::Is(&format!(
            "{file} is a usable policy: it answered 131 questions\n"
        )),
        Text::Nothing,
    );
    greenlight(["policy", "table", "--policy", file]).gives(0, Text::Is(TABLE), Text::Nothing);
    is_inspected_where_it_is_configured(folder.path(), &bytes);
}

/// `policy inspect` without a file inspects the policy that every command uses.
#[track_caller]
fn is_inspected_where_it_is_configured(folder: &Path, bundled: &[u8]) {
    // A custom section of WebAssembly makes another component of the same policy.
    let other = [bundled, &[0, 2, 1, b'x']].concat();
    fs::write(folder.join("other.wasm"), &other).expect("written");
    let digest = Sha256::digest(&other)
        .iter()
        .fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    let config = folder.join("greenlight.toml");
    let write = |digest: &str| {
        let text = format!("[policy]\nfile = \"other.wasm\"\ndigest = \"sha256:{digest}\"\n");
        fs::write(&config, text).expect("written");
    };
    write(&digest);
    let shown = format!("digest: sha256:{digest}\n");
    let config = config.to_str().expect("UTF-8");
    let inspect = ["policy", "inspect"];
    greenlight(inspect)
        .within(folder)
        .gives(0, Text::Has(&[&shown]), Text::Nothing);
    let by_flag = || greenlight(inspect.iter().chain(&["--config", config]));
    by_flag().gives(0, Text::Has(&[&shown]), Text::Nothing);
    write(&"0".repeat(64));
    by_flag().gives(
        2,
        Text::Nothing,
        Text::Has(&["does not match the configuration", &digest]),
    );
}

#[test]
fn what_is_no_policy() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("readme.txt");
    fs::write(&file, "not a component").expect("written");
    let file = file.to_str().expect("UTF-8");
    let shown = format!("{file} is not a usable policy: ");
    greenlight(["policy", "check", file]).gives(1, Text::Has(&[&shown]), Text::Nothing);
    let said = Text::Has(&[
        "error: ",
        "help: check the component with `greenlight policy check FILE`",
    ]);
    greenlight(["policy", "inspect", file]).gives(70, Text::Nothing, said);
    greenlight(["label", "--message", "x", "--policy", file]).gives(70, Text::Nothing, said);
    let tag = format!("stage-{SHA}");
    greenlight([
        "decide",
        "--tag",
        &tag,
        "--stage",
        "converged",
        "--policy",
        file,
    ])
    .gives(70, Text::Nothing, said);
}
