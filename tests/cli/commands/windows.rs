//! `window`, `freeze` and `thaw`, at times that the test sets.

use std::fs;
use std::path::Path;

use greenlight::clock;

use crate::harness::{Call, Repository, SHOP, Text, greenlight};

/// Saturday, 2026-11-28, 12:00 UTC.
const SATURDAY: u64 = 1_795_867_200;
const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// Two windows of the last environment.
const WINDOWS: &str = r#"
[[window]]
name = "working-hours"
allow = ["Mon-Thu 09:00-16:00", "Fri 09:00-13:00"]
zone = "Europe/Berlin"

[[window]]
name = "holidays"
freeze = ["12-24 to 12-26"]
zone = "Europe/Berlin"
reason = "no one on call"
"#;

/// A folder with a configuration.
pub fn shop(windows: &str) -> Repository {
    let shop = Repository::new();
    fs::write(
        shop.path().join("greenlight.toml"),
        format!("{SHOP}{windows}"),
    )
    .expect("written");
    shop
}

/// A call of the program at a time, in seconds since 1970.
pub fn at(time: u64, folder: &Path, arguments: &[&str]) -> Call {
    let file = folder.join("clock");
    let offset = time.cast_signed() - clock::seconds().cast_signed();
    fs::write(&file, offset.to_string()).expect("written");
    let file = file.to_string_lossy().into_owned();
    let call = greenlight(arguments).within(folder);
    call.variable("GREENLIGHT_TEST_CLOCK_OFFSET", &file)
}

#[track_caller]
fn says(time: u64, folder: &Path, arguments: &[&str], status: i32, said: &[&str]) {
    let (stdout, stderr) = match status {
        2 => (Text::Nothing, Text::Has(said)),
        _ => (Text::Has(said), Text::Has(&[])),
    };
    at(time, folder, arguments).gives(status, stdout, stderr);
}

#[test]
fn the_status_says_whether_a_deployment_may_begin() {
    let shop = shop(WINDOWS);
    let window = |time, status, said: &[&str]| {
        says(time, shop.path(), &["window"], status, said);
    };
    window(
        SATURDAY,
        4,
        &[
            "prod: closed, outside of window `working-hours`\n",
            "  next opening Mon 2026-11-30 09:00 Europe/Berlin (2026-11-30T08:00:00Z)\n",
        ],
    );
    window(SATURDAY + 2 * DAY, 0, &["prod: open\n"]);
    window(
        SATURDAY + 26 * DAY,
        4,
        &[
            "prod: closed, frozen by `holidays`: no one on call\n",
            "  next opening Mon 2026-12-28 09:00 Europe/Berlin (2026-12-28T08:00:00Z)\n",
        ],
    );
    let stage = ["window", "--environment", "stage"];
    says(SATURDAY, shop.path(), &stage, 0, &["stage: open\n"]);
    let unknown = ["window", "--environment", "test"];
    says(
        SATURDAY,
        shop.path(),
        &unknown,
        2,
        &[
            "unknown environment `test`",
            "the environments are stage, prod",
        ],
    );
    assert!(
        !shop.path().join(".greenlight").exists(),
        "nothing is written"
    );
}

#[test]
fn a_window_that_only_warns_leaves_the_environment_open() {
    let shop = shop(&WINDOWS.replacen("zone", "outside = \"warn\"\nzone", 1));
    let said = ["prod: open, outside of window `working-hours`\n  next opening Mon"];
    says(SATURDAY, shop.path(), &["window"], 0, &said);
}

#[test]
fn a_freeze_closes_an_environment_until_it_is_thawed() {
    let shop = shop(WINDOWS);
    let monday = SATURDAY + 2 * DAY;
    let say = |time, arguments: &[&str], status, said: &[&str]| {
        says(time, shop.path(), arguments, status, said);
    };
    say(monday, &["window"], 0, &["prod: open\n"]);
    let freeze = ["freeze", "--by", "Ada", "--reason", "incident 7"];
    say(
        monday,
        &freeze,
        0,
        &[
            "freeze-1: all environments are frozen until a person thaws it: incident 7, by Ada (claimed)\n",
        ],
    );
    for environment in ["stage", "prod"] {
        let arguments = ["window", "--environment", environment];
        let frozen = "closed, frozen by `freeze-1`: incident 7, by Ada (claimed)\n  \
                      freeze `freeze-1` has no end; end it with `greenlight thaw freeze-1 --by NAME --reason TEXT`\n";
        say(
            monday,
            &arguments,
            4,
            &[&format!("{environment}: {frozen}")],
        );
    }
    let until = [
        &freeze[..],
        &["--environment", "stage", "--until", "2026-11-30 14:00"],
    ]
    .concat();
    say(
        monday,
        &until,
        0,
        &[
            "freeze-2: `stage` is frozen until Mon 2026-11-30 14:00 Europe/Berlin (2026-11-30T13:00:00Z)",
        ],
    );
    // The freeze of an environment is listed for another one, too.
    say(
        monday + 12 * HOUR,
        &["window"],
        4,
        &[
            "prod: closed, frozen by `freeze-1`: incident 7, by Ada (claimed)\n  and outside of window `working-hours`\n",
            "\nfreezes in force\n  freeze-1: all environments are frozen until a person thaws it: incident 7, by Ada (claimed)\n",
        ],
    );
    say(
        monday,
        &["window"],
        4,
        &["\n  freeze-2: `stage` is frozen until Mon 2026-11-30 14:00 Europe/Berlin"],
    );
    let thaw = ["thaw", "--by", "Bob", "--reason", "fixed"];
    say(
        monday,
        &thaw,
        2,
        &[
            "2 freezes are in force",
            "name one of them: freeze-1: ",
            "; freeze-2: ",
        ],
    );
    say(
        monday,
        &[&thaw[..], &["freeze-3"]].concat(),
        2,
        &[
            "no freeze in force has the name `freeze-3`",
            "in force: freeze-1: ",
        ],
    );
    let others = ["note: other freezes are still in force: freeze-2: "];
    let first = [&thaw[..], &["freeze-1"]].concat();
    at(monday, shop.path(), &first).gives(0, Text::Is("freeze-1 has ended\n"), Text::Has(&others));
    say(
        monday,
        &["window"],
        0,
        &["prod: open\n\nfreezes in force\n  freeze-2: `stage`"],
    );
    let stage = ["window", "--environment", "stage"];
    say(
        monday,
        &stage,
        4,
        &["next opening Mon 2026-11-30 14:00 Europe/Berlin (2026-11-30T13:00:00Z)\n"],
    );
    say(monday + 2 * HOUR, &stage, 0, &["stage: open\n"]);
    say(monday + 2 * HOUR, &thaw, 2, &["no freeze is in force"]);
}

#[test]
fn a_freeze_needs_a_person_a_reason_and_a_time_that_comes() {
    let shop = shop("");
    for (arguments, said) in [
        (&["freeze", "--by", "Ada"][..], "--reason"),
        (
            &["freeze", "--reason", "x"],
            "the name of the person is missing",
        ),
        (
            &[
                "freeze",
                "--reason",
                "x",
                "--by",
                "Ada",
                "--environment",
                "test",
            ],
            "unknown environment `test`",
        ),
        (
            &[
                "freeze",
                "--reason",
                "x",
                "--by",
                "Ada",
                "--until",
                "2026-11-28T12:00Z",
            ],
            "the end of the freeze is not in the future",
        ),
        (
            &[
                "freeze",
                "--reason",
                "x",
                "--by",
                "Ada",
                "--until",
                "2026-11-30 08:00",
            ],
            "the configuration has no windows",
        ),
        (
            &["freeze", "--reason", "x", "--by", "Ada", "--until", "soon"],
            "expected a duration",
        ),
        (
            &["thaw", "--reason", "x", "--by", "Ada"],
            "no freeze is in force",
        ),
    ] {
        says(SATURDAY, shop.path(), arguments, 2, &[said]);
    }
    let until = ["freeze", "--reason", "x", "--until", "4h"];
    let call = at(SATURDAY, shop.path(), &until);
    call.variables(&[("GITHUB_ACTIONS", "true"), ("GITHUB_ACTOR", "ada")])
        .gives(
            0,
            Text::Has(&["until 2026-11-28T16:", "x, by ada (proven)"]),
            Text::Has(&[]),
        );
}

#[test]
fn only_known_windows_are_ignored_and_by_a_person_with_a_reason() {
    let shop = shop(WINDOWS);
    let commit = shop.commit("Change [load test: skip]\n");
    let tag = format!("stage-{commit}");
    let freeze = ["freeze", "--by", "Ada", "--reason", "incident 7"];
    says(SATURDAY, shop.path(), &freeze, 0, &["freeze-1: "]);
    let run = ["run", "--tag", &tag, "--despite", "hours"];
    for (more, said) in [
        (&["--by", "Ada"][..], &["--reason <TEXT>"][..]),
        (
            &["--reason", "hot fix"],
            &["the name of the person is missing"],
        ),
        (
            &["--by", "Ada", "--reason", "hot fix"],
            &[
                "no window or freeze in force has the name `hours`",
                "are working-hours, holidays, freeze-1",
            ],
        ),
        (
            &[
                "--by",
                "Ada",
                "--reason",
                "hot fix",
                "--despite",
                "freeze-1",
            ],
            &["no window or freeze in force has the name `hours`"],
        ),
    ] {
        says(SATURDAY, shop.path(), &[&run[..], more].concat(), 2, said);
    }
    let resume = [
        "run",
        "--resume",
        "--despite",
        "hours",
        "--by",
        "Ada",
        "--reason",
        "x",
    ];
    says(SATURDAY, shop.path(), &resume, 2, &["has the name `hours`"]);
    let status = at(SATURDAY, shop.path(), &["status"]);
    status.gives(0, Text::Has(&["no deployment yet"]), Text::Nothing);
}
