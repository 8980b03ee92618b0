//! A repository with a node that serves its commit, and a load test that writes the files of a case.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::nodes::Node;
use crate::harness::{Call, Ended, Repository, fixture, greenlight};

/// A repository with a release to deploy, whose commit has the label `[load test: abort]`.
pub struct Shop {
    repository: Repository,
    case: PathBuf,
    tag: String,
    /// Serves the commit until the shop is dropped.
    _node: Node,
}

impl Shop {
    /// Creates a shop for a case. `more` are lines after the `[load-test]` table of the case.
    pub fn of(case: &str, more: &str) -> Self {
        let case = fixture("cases/evidence").join(case);
        let table = fs::read_to_string(case.join("load-test.toml")).expect("a table");
        let status = fs::read_to_string(case.join("exit"));
        let status = status.map_or(0, |it| it.trim().parse().expect("an exit status"));
        let shop = Self::with(&joined(&table, more), case);
        shop.exits_with(status);
        shop
    }

    /// Creates a shop with this `[load-test]` table.
    fn with(table: &str, case: PathBuf) -> Self {
        let repository = Repository::new();
        let commit = repository.commit("Change [load test: abort]\n");
        let node = Node::serving(&commit);
        let environments = ["stage", "prod"].map(|name| {
            format!(
                "[[environment]]\nname = \"{name}\"\ndeploy = [\"true\"]\nnodes = [\"{}\"]\n\
                 convergence-rounds = 1\n",
                node.url()
            )
        });
        let configuration = format!(
            "[release]\npoll-interval = \"1s\"\n{}{table}",
            environments.concat()
        );
        fs::write(repository.path().join("greenlight.toml"), configuration).expect("written");
        Self {
            repository,
            case,
            tag: format!("stage-loadtest-abort-{commit}"),
            _node: node,
        }
    }

    /// The folder of the configuration, in which the load test runs.
    pub fn path(&self) -> &Path {
        self.repository.path()
    }

    /// The text of the file `want` of the case.
    pub fn want(&self) -> String {
        let want = fs::read_to_string(self.case.join("want")).expect("what is right");
        want.trim_end().to_owned()
    }

    /// Makes the load test write the files of the case and end with this exit status.
    pub fn exits_with(&self, status: i32) {
        let files = self.case.join("files");
        self.script(&format!("cp '{}'/* .\nexit {status}", files.display()));
    }

    /// Makes the load test write no files.
    pub fn does_nothing(&self) {
        self.script("exit 0");
    }

    /// Writes the files of the case before the load test runs.
    pub fn leave_files(&self) {
        for entry in self.case.join("files").read_dir().expect("files") {
            let entry = entry.expect("a file");
            let bytes = fs::read(entry.path()).expect("a file");
            fs::write(self.path().join(entry.file_name()), bytes).expect("written");
        }
    }

    /// Sets the script of the load test.
    pub fn script(&self, lines: &str) {
        let file = self.path().join("load");
        fs::write(&file, format!("#!/bin/sh\n{lines}\n")).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a program");
    }

    /// A call of greenlight in the folder of the shop.
    pub fn call(&self, arguments: &[&str]) -> Call {
        greenlight(arguments).within(self.path())
    }

    /// A call that deploys the release.
    pub fn deployment(&self) -> Call {
        self.call(&["run", "--tag", &self.tag])
    }

    /// Deploys the release.
    pub fn run(&self) -> Ended {
        self.deployment().run()
    }
}

/// Appends more keys or tables to a `[load-test]` table. The header of a table that both texts have is written once.
fn joined(table: &str, more: &str) -> String {
    let thresholds = "[load-test.thresholds]";
    match (table.split_once(thresholds), more.split_once(thresholds)) {
        (Some((before, behind)), None) => format!("{before}{more}\n{thresholds}{behind}\n"),
        (Some((before, behind)), Some((keys, limits))) => {
            format!("{before}{keys}\n{thresholds}{behind}{limits}\n")
        }
        (None, _) => format!("{table}\n{more}\n"),
    }
}
