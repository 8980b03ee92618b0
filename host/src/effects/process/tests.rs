use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use tempfile::TempDir;

use super::*;

const LONG: Duration = Duration::from_mins(1);
const NEVER: Duration = Duration::MAX;

/// A command with a folder and a log of its own.
struct Run {
    folder: TempDir,
    command: Vec<String>,
    variables: Vec<(String, String)>,
    without: Vec<String>,
    time_limit: Duration,
    limits: Limits,
    shutdown: Shutdown,
}

impl Run {
    fn shell(script: &str) -> Self {
        Self::command(&["/bin/sh", "-c", script])
    }

    fn command(command: &[&str]) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            command: command.iter().map(|&word| word.to_owned()).collect(),
            variables: Vec::new(),
            without: Vec::new(),
            time_limit: NEVER,
            limits: Limits {
                grace: LONG,
                ..Limits::default()
            },
            shutdown: Shutdown::never(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> Vec<u8> {
        fs::read(self.path("log")).expect("a log")
    }

    /// Runs it. `line` gets every line.
    fn listen(&self, mut line: impl FnMut(&str)) -> io::Result<Finished> {
        let log = self.path("log");
        let task = Task {
            command: &self.command,
            variables: &self.variables,
            without: &self.without,
            folder: self.folder.path(),
            log: &log,
            time_limit: self.time_limit,
        };
        run_with(
            &task,
            &self.shutdown,
            &mut |_| Ok(()),
            &mut line,
            self.limits,
        )
    }

    fn run(&self) -> (Finished, Vec<String>) {
        let mut lines = Vec::new();
        let finished = self.listen(|line| lines.push(line.to_owned()));
        (finished.expect("a log"), lines)
    }
}

/// Waits until a process has ended. A zombie has ended.
fn wait_for_end(pid: &str) {
    let place = format!("/proc/{}/stat", pid.trim());
    let start = Instant::now();
    while fs::read_to_string(&place).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(start.elapsed() < LONG, "process {pid} goes on");
        thread::yield_now();
    }
}

#[test]
fn output_is_kept_and_streamed_in_order() {
    let run = Run {
        variables: vec![("GREENLIGHT_TAG".to_owned(), "a b".to_owned())],
        ..Run::shell("echo one; echo two >&2; echo $GREENLIGHT_TAG; pwd; cat; printf end; exit 7")
    };
    fs::write(run.path("log"), "before\n").expect("a log");
    let (finished, lines) = run.run();
    assert_eq!(finished.ending, Ending::Exited(7));
    assert_eq!(finished.processes_left, 0);
    assert!(finished.took > Duration::ZERO && finished.took < LONG);
    let folder = run.folder.path().canonicalize().expect("a folder");
    let folder = folder.display().to_string();
    assert_eq!(lines, ["one", "two", "a b", &folder, "end"]);
    let log = format!("before\none\ntwo\na b\n{folder}\nend");
    assert_eq!(run.log(), log.as_bytes());
}

#[test]
fn a_command_gets_the_environment_without_withheld_variables() {
    // Cargo sets them for every test.
    let (kept, passed) = ("CARGO_PKG_NAME", "CARGO_PKG_VERSION");
    let given = ("GREENLIGHT_TAG".to_owned(), "a b".to_owned());
    let run = Run {
        variables: vec![given.clone()],
        without: vec![kept.to_owned(), "GREENLIGHT_TEST_UNSET".to_owned()],
        ..Run::command(&["env"])
    };
    let (finished, lines) = run.run();
    assert_eq!(finished.ending, Ending::Exited(0));
    let has = |name: &str| lines.iter().any(|it| it.starts_with(&format!("{name}=")));
    assert!(std::env::var_os(kept).is_some() && !has(kept), "{lines:?}");
    assert!(has(passed) && has("PATH"), "{lines:?}");
    assert!(
        lines.contains(&"GREENLIGHT_TAG=a b".to_owned()),
        "{lines:?}"
    );

    // A variable that is set for the command is not withheld.
    let run = Run {
        without: vec![given.0.clone()],
        variables: vec![given],
        ..Run::command(&["env"])
    };
    let (_, lines) = run.run();
    assert!(
        lines.contains(&"GREENLIGHT_TAG=a b".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn a_signal_of_another_process_is_reported() {
    assert_eq!(Run::shell("kill -9 $$").run().0.ending, Ending::Killed(9));
    assert_eq!(Run::shell("kill -15 $$").run().0.ending, Ending::Killed(15));
}

#[test]
fn a_time_out_ends_grandchildren_too() {
    let script = "sleep 600 >/dev/null 2>&1 & echo $! >pid.new; mv pid.new pid; sleep 600";
    // A busy machine may not get that far within the first time limit.
    for seconds in [1, 4, 16] {
        let mut run = Run::shell(script);
        run.time_limit = Duration::from_secs(seconds);
        let (finished, _) = run.run();
        assert_eq!(finished.ending, Ending::TimedOut);
        assert!(finished.took >= run.time_limit && finished.took < LONG);
        if let Ok(pid) = fs::read_to_string(run.path("pid")) {
            return wait_for_end(&pid);
        }
    }
    panic!("the command did not get far enough");
}

#[test]
fn a_shutdown_gives_a_command_time_to_end() {
    let run = Run::shell(
        "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done 2>/dev/null",
    );
    let mut lines = Vec::new();
    let finished = run.listen(|line| {
        run.shutdown.request();
        lines.push(line.to_owned());
    });
    assert_eq!(finished.expect("a log").ending, Ending::Interrupted);
    assert_eq!(lines, ["ready", "bye"]);
    assert_eq!(run.log(), b"ready\nbye\n");
}

#[test]
fn a_command_that_ignores_sigterm_is_killed() {
    let mut run = Run::shell(
        "trap '' TERM; (while :; do sleep 0.01; done) & echo $!; while :; do sleep 0.01; done",
    );
    run.limits.grace = Duration::from_millis(200);
    let mut pid = String::new();
    let finished = run.listen(|line| {
        run.shutdown.request();
        line.clone_into(&mut pid);
    });
    let finished = finished.expect("a log");
    assert_eq!(finished.ending, Ending::Interrupted);
    assert!(finished.took >= run.limits.grace);
    wait_for_end(&pid);
}

#[test]
fn a_shutdown_before_the_start_ends_it_too() {
    let run = Run::shell("sleep 600");
    run.shutdown.request();
    assert_eq!(run.run().0.ending, Ending::Interrupted);
}

#[test]
fn processes_left_behind_are_ended() {
    for output in ["", ">/dev/null 2>&1"] {
        let run = Run::shell(&format!("sleep 600 {output} & echo $!"));
        let (finished, lines) = run.run();
        assert_eq!(
            (finished.ending, finished.processes_left),
            (Ending::Exited(0), 1)
        );
        assert!(finished.took < LONG);
        wait_for_end(&lines[0]);
    }
}

#[test]
fn processes_left_behind_may_finish_their_output() {
    let mut run = Run::shell("{ sleep 0.05; echo last; } &");
    run.limits.drain = LONG;
    let (finished, lines) = run.run();
    assert_eq!(finished.ending, Ending::Exited(0));
    assert_eq!(
        (finished.processes_left, lines),
        (0, vec!["last".to_owned()])
    );
}

#[test]
fn a_process_outside_the_group_is_not_waited_for() {
    let run = Run::shell("setsid sh -c 'echo $$; exec sleep 600' & read x <fifo");
    let made = Command::new("mkfifo").arg(run.path("fifo")).status();
    assert!(made.expect("mkfifo").success());
    let mut pid = String::new();
    let finished = run.listen(|line| {
        line.clone_into(&mut pid);
        fs::write(run.path("fifo"), "go on\n").expect("the shell reads");
    });
    assert_eq!(finished.expect("a log").ending, Ending::Exited(0));
    let pid = pid.parse().ok().and_then(Pid::from_raw);
    let kill = Signal::KILL;
    rustix::process::kill_process(pid.expect("a pid"), kill).expect("it still runs");
}

#[test]
fn an_endless_line_is_cut_and_kept_in_the_log() {
    let run = Run::shell("head -c 10485760 /dev/zero | tr '\\0' x; echo; echo end");
    let (finished, lines) = run.run();
    assert_eq!(finished.ending, Ending::Exited(0));
    assert_eq!(lines, ["x".repeat(LINE_LIMIT), "end".to_owned()]);
    let log = run.log();
    assert_eq!(log.len(), (10 << 20) + 5);
    assert!(log.ends_with(b"xx\nend\n"));
}

#[test]
fn the_log_has_a_limit_and_the_command_goes_on() {
    let mut run = Run::shell("yes | head -n 5000; exit 4");
    run.limits.log = 100;
    let (finished, lines) = run.run();
    assert_eq!((finished.ending, lines.len()), (Ending::Exited(4), 5000));
    let log = String::from_utf8(run.log()).expect("text");
    let (kept, note) = log.split_at(100);
    assert_eq!(kept, "y\n".repeat(50));
    assert!(
        note.starts_with("\ngreenlight: the log ends here, after 100 bytes"),
        "{note}"
    );
}

#[test]
fn an_endless_writer_is_ended_in_time() {
    let mut run = Run::shell("yes");
    run.limits.log = 1000;
    run.time_limit = Duration::from_millis(100);
    assert_eq!(run.run().0.ending, Ending::TimedOut);
}

#[test]
fn invalid_utf8_is_replaced_for_people_and_kept_in_the_log() {
    let run = Run::shell(r"printf 'a\377b\nc\303'");
    assert_eq!(run.run().1, ["a\u{fffd}b", "c\u{fffd}"]);
    assert_eq!(run.log(), b"a\xffb\nc\xc3");
}

#[test]
fn a_log_that_fails_ends_the_command() {
    let run = Run::shell("echo $$ >pid; echo x; exec sleep 600");
    std::os::unix::fs::symlink("/dev/full", run.path("log")).expect("a link");
    let error = run.listen(|_| {}).expect_err("the disk is full");
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert!(error.to_string().starts_with("the log `"), "{error}");
    wait_for_end(&fs::read_to_string(run.path("pid")).expect("a pid"));

    let run = Run::shell("echo x >began");
    fs::create_dir(run.path("log")).expect("a folder");
    run.listen(|_| {}).expect_err("a folder is no log");
    assert!(!run.path("began").exists());
}

fn start_in(folder: &Path, command: &[&str]) -> Result<Child, String> {
    let command: Vec<_> = command.iter().map(|&word| word.to_owned()).collect();
    let task = Task {
        command: &command,
        variables: &[],
        without: &[],
        folder,
        log: Path::new("none"),
        time_limit: Duration::MAX,
    };
    let started = start(&task, &mut |_| Ok(()));
    let started = started.expect("a pipe").map(|(child, _)| child);
    started.map_err(|why| why.replace(&folder.display().to_string(), "FOLDER"))
}

/// Writes an executable file, in a process of its own: a file that another test's child inherits
/// while it is written can't be executed.
fn script(path: &Path, text: &str) {
    let written = Command::new("/bin/sh")
        .args(["-c", r#"printf %s "$2" >"$1" && chmod +x "$1""#, "sh"])
        .arg(path)
        .arg(text)
        .status();
    assert!(written.expect("a shell").success());
}

#[test]
fn the_reason_for_a_failed_start_is_named() {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = temporary.path();
    for (command, why) in [
        (&[][..], "the command is empty: name a program"),
        (
            &["greenlight-none"],
            "the program `greenlight-none` is not in `PATH`: install it, or name it with its path",
        ),
        (
            &["./none"],
            "the program `./none` does not exist: correct its path, which starts at `FOLDER`",
        ),
        (
            &["/none/none"],
            "the program `/none/none` does not exist: correct its path",
        ),
    ] {
        assert_eq!(start_in(folder, command).expect_err("nothing"), why);
    }
    assert_eq!(
        start_in(&folder.join("none"), &["/bin/sh"]).expect_err("nothing"),
        "the working folder `FOLDER` of `/bin/sh` does not exist: create it or name another folder"
    );
    let why = start_in(folder, &["a\0b"]).expect_err("nothing");
    assert!(why.contains("could not be started"), "{why}");
}

#[test]
fn a_file_that_cannot_be_executed_is_named() {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = temporary.path();
    let file = folder.join("file");
    fs::write(&file, "#!/bin/sh\n").expect("a file");
    assert_eq!(
        start_in(folder, &["./file"]).expect_err("nothing"),
        "`./file` is not executable: run `chmod +x` on it or name another program"
    );
    script(&file, "#!/bin/sh\nexit 3\n");
    let mut child = start_in(folder, &["./file"]).expect("a child");
    assert_eq!(child.wait().expect("a child").code(), Some(3));
    script(&file, "#!/no/such/shell\n");
    assert_eq!(
        start_in(folder, &["./file"]).expect_err("nothing"),
        "the interpreter or loader of `./file` is missing: correct its first line, or install it"
    );
    script(&file, "exit 3\n");
    // Some C libraries run it with a shell, as `execvp` must.
    match start_in(folder, &["./file"]) {
        Ok(mut child) => assert_eq!(child.wait().expect("a child").code(), Some(3)),
        Err(why) => assert!(
            why.starts_with("`./file` is not an executable format"),
            "{why}"
        ),
    }
}
