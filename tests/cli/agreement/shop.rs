//! A case as files, and the program as other processes.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::case::{Case, Place};
use super::property::{Commands, code};
use crate::harness::{Call, Repository, greenlight};

/// A repository with the commit and the configuration of a case, and a folder elsewhere.
pub struct Shop<'a> {
    case: &'a Case,
    pub repository: Repository,
    pub elsewhere: TempDir,
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
        vec!["--rev", "HEAD"]
    }

    fn folder(&self) -> &Path {
        self.elsewhere.path()
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let ended = self.call(arguments).run();
        (ended.status, ended.stdout)
    }
}

impl<'a> Shop<'a> {
    pub fn new(case: &'a Case) -> Self {
        let repository = Repository::new();
        let commit = repository.commit(&case.message);
        fs::write(repository.path().join("greenlight.toml"), case.file()).expect("written");
        fs::create_dir(repository.path().join("below")).expect("a folder");
        Self {
            case,
            repository,
            elsewhere: tempfile::tempdir().expect("a folder"),
            commit,
        }
    }

    /// The folder where commands run.
    pub fn current(&self) -> PathBuf {
        match self.case.place {
            Place::Root => self.repository.path().to_owned(),
            Place::Below => self.repository.path().join("below"),
            Place::Elsewhere => self.elsewhere.path().to_owned(),
        }
    }

    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let action = self.case.override_action;
        let mut set: Vec<_> = action
            .map(|it| ("GREENLIGHT_DEFAULT_ACTION", it.to_owned()))
            .into_iter()
            .collect();
        if matches!(self.case.place, Place::Elsewhere) {
            let file = self.repository.path().join("greenlight.toml");
            let file = file.to_str().expect("UTF-8").to_owned();
            set.push(("GREENLIGHT_CONFIG", file));
        }
        set
    }

    /// A call in the folder of the case, with the repository where it has to be named.
    fn call(&self, arguments: &[&str]) -> Call {
        let mut arguments = arguments.to_vec();
        let is_elsewhere = matches!(self.case.place, Place::Elsewhere);
        if arguments[0] == "replay" || (is_elsewhere && arguments[0] != "resolve") {
            arguments.extend(["--repo", self.repository.argument()]);
        }
        let call = greenlight(&arguments).within(&self.current());
        let variables = self.variables();
        variables
            .iter()
            .fold(call, |call, (name, value)| call.variable(name, value))
    }

    /// What `run` says about a tag, as [`Commands::first_step`] says it. It has to deploy to know that this fails.
    pub fn ran(&self, tag: &str) -> String {
        let (_, decision) = self.json(&["run", "--tag", tag]);
        match code(&decision).as_str() {
            "deployment-failed" => "go".to_owned(),
            code => code.to_owned(),
        }
    }
}
