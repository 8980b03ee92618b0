//! The property of `tests/cli/agreement`, with many cases: the commands run in this process.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command as Process, Stdio};

use super::output::Output;
use super::output_flags::OutputFlags;
use super::{parse, run};

#[path = "../../../tests/cli/agreement/case.rs"]
mod case;
#[path = "../../../tests/cli/agreement/property.rs"]
mod property;

use case::Case;
use property::Commands;

/// A folder with a repository, and a commit with the message of a case.
struct Shop<'a> {
    case: &'a Case,
    folder: &'a Path,
    commit: String,
}

impl Commands for Shop<'_> {
    fn case(&self) -> &Case {
        self.case
    }

    fn commit(&self) -> &str {
        &self.commit
    }

    fn message(&self) -> Vec<&str> {
        vec!["--message", &self.case.message]
    }

    fn folder(&self) -> &Path {
        self.folder
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let file = self.folder.join("greenlight.toml");
        let file = file.to_str().expect("UTF-8");
        let mut all = vec!["greenlight"];
        all.extend(arguments);
        all.extend(["--config", file]);
        if ["explain", "replay"].contains(&arguments[0]) {
            all.extend(["--repo", self.folder.to_str().expect("UTF-8")]);
        }
        if let Some(action) = self.case.override_action
            && arguments[0] != "resolve"
        {
            all.extend(["--default-action", action]);
        }
        let parsed = parse(&all).unwrap_or_else(|error| panic!("{all:?}: {error}"));
        let (_, command) = parsed.unwrap_or_else(|error| panic!("{all:?}: {}", error.text()));
        let mut output = Output::new(OutputFlags {
            quiet: true,
            ..OutputFlags::default()
        });
        let exit = run(command, &mut output).unwrap_or_else(|error| {
            panic!("{all:?}: {}", error.text());
        });
        (i32::from(exit as u8), output.answer().to_owned())
    }
}

fn git(folder: &Path, arguments: &[&str], input: &str) -> String {
    let mut git = Process::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .envs(["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|it| (it, "Ada")))
        .envs(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|it| (it, "ada@example.org")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git starts");
    let mut pipe = git.stdin.take().expect("a pipe");
    pipe.write_all(input.as_bytes()).expect("git reads");
    drop(pipe);
    let output = git.wait_with_output().expect("git ends");
    assert!(output.status.success(), "git {arguments:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.trim_end().to_owned()
}

#[test]
fn no_command_contradicts_another_in_one_process() {
    case::check(200, 200, || {
        let folder = tempfile::tempdir().expect("a folder");
        git(folder.path(), &["init", "--quiet"], "");
        let tree = git(folder.path(), &["mktree"], "");
        move |case: &Case| {
            let folder = folder.path();
            fs::write(folder.join("greenlight.toml"), case.file()).expect("written");
            let commit = git(folder, &["commit-tree", &tree], &case.message);
            property::agree(&Shop {
                case,
                folder,
                commit,
            });
        }
    });
}
