//! A release's way, as a test sets it up: a repository, two environments, a load test, Slack.

#[path = "ended.rs"]
mod ended;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use greenlight::contract::names::Named as _;
use greenlight::deployment::entry::Entry;
use greenlight::deployment::log::{self, Dated};
use greenlight::journal::{self, Location};
use tempfile::TempDir;

pub use self::ended::{Ended, ended};
use crate::locust;
pub use crate::locust::recorded;
use crate::process::{self, Process};
use crate::service::Service;
use crate::slack::{self, Slack};

/// How long anything may take before a test gives up.
pub const LIMIT: Duration = Duration::from_mins(2);

/// The program under test.
pub const GREENLIGHT: &str = env!("CARGO_BIN_EXE_greenlight");

/// Everything that a deployment needs. Both environments serve the first commit.
pub struct Pipeline {
    folder: TempDir,
    /// The first environment.
    pub stage: Service,
    /// The last environment.
    pub prod: Service,
    /// Where people are told.
    pub slack: Slack,
    /// The commit that was live before.
    pub before: String,
    /// What the configuration says.
    pub setting: Setting,
}

/// The keys of `[slack]` for the webhook.
pub const WEBHOOK: &str = "url-variable = \"SLACK_WEBHOOK\"";

/// What a test may want to be different.
#[derive(Clone)]
pub struct Setting {
    /// Consecutive rounds.
    pub rounds: u32,
    /// Seconds for convergence.
    pub deadline: u32,
    /// Whether a deployment may be done again.
    pub repeatable: bool,
    /// The load test; Locust with so many requests unless a test says otherwise.
    pub load_test: Vec<String>,
    /// The tables of load tests, in place of one table with this load test.
    pub load_tests: Option<String>,
    /// The command that cleans up after a load test.
    pub cleanup: Option<Vec<String>>,
    /// The command that cleans up after a deploy command.
    pub deploy_cleanup: Option<Vec<String>>,
    /// Where the journal is.
    pub journal: Option<String>,
    /// Whose labels count.
    pub labels: &'static str,
    /// Seconds of a lease.
    pub lease: u32,
    /// Seconds of a deploy command, unless it has the default limit.
    pub deploy_limit: Option<u32>,
    /// The command that deploys to production, unless it is the service's.
    pub deploy_prod: Option<Vec<String>>,
    /// More keys of the first environment.
    pub stage_keys: &'static str,
    /// More keys of the last environment.
    pub production: &'static str,
    /// The keys of `[environment.discover]` of the last environment, whose nodes are not listed then.
    pub discover: Option<String>,
    /// The tables of steps.
    pub steps: String,
    /// The keys of `[slack]`.
    pub slack: String,
    /// The tables for what registries tell, at the end of the configuration.
    pub serve: Option<String>,
}

impl Pipeline {
    /// Sets everything up.
    #[track_caller]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
        let before = commit(folder.path(), "Before");
        let (stage, prod) = (Service::start(3, &before), Service::start(2, &before));
        let setting = Setting {
            rounds: 2,
            deadline: 30,
            repeatable: false,
            load_test: locust::command(stage.balancer(), 60, folder.path()),
            load_tests: None,
            cleanup: None,
            deploy_cleanup: None,
            journal: None,
            labels: "deployed-commit",
            lease: 10,
            deploy_limit: None,
            deploy_prod: None,
            stage_keys: "",
            production: "",
            discover: None,
            steps: String::new(),
            slack: WEBHOOK.to_owned(),
            serve: None,
        };
        Self {
            folder,
            stage,
            prod,
            slack: Slack::start(),
            before,
            setting,
        }
    }

    /// The same, with a load test that takes no time.
    #[track_caller]
    pub fn recorded() -> Self {
        let mut pipeline = Self::new();
        pipeline.setting.load_test = recorded("passed");
        pipeline
    }

    /// Makes the deploy command of production fail after it has changed one of three nodes.
    #[track_caller]
    pub fn fail_after_one_node(&mut self) {
        self.prod = Service::start(3, &self.before);
        self.prod.freeze(1);
        self.prod.freeze(2);
        let fails = ["/bin/sh", "-c", "\"$@\"; exit 1", "sh"].map(str::to_owned);
        let command = fails.into_iter().chain(self.prod.deploy_command());
        self.setting.deploy_prod = Some(command.collect());
    }

    /// The folder with the repository and the configuration.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Commits a message, and returns the commit.
    #[track_caller]
    pub fn commit(&self, message: &str) -> String {
        commit(self.folder(), message)
    }

    /// Runs git in the repository, and returns what it prints.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        git(self.folder(), arguments)
    }

    /// Commits a message on a branch of its own, and goes back.
    #[track_caller]
    pub fn commit_on_a_branch(&self, message: &str) -> String {
        git(self.folder(), &["switch", "--quiet", "--create", "branch"]);
        let commit = commit(self.folder(), message);
        git(self.folder(), &["switch", "--quiet", "main"]);
        commit
    }

    /// The tags that are pushed for the checked-out commit.
    #[track_caller]
    pub fn tags(&self) -> Vec<String> {
        let ended = self.greenlight(&["tags", "--rev", "HEAD", "--branch", "main"]);
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        ended.stdout.lines().map(str::to_owned).collect()
    }

    /// Runs the tag of the checked-out commit to its end.
    #[track_caller]
    pub fn run(&self) -> Ended {
        let tags = self.tags();
        self.run_tag(&tags[0])
    }

    /// Runs a tag to its end.
    #[track_caller]
    pub fn run_tag(&self, tag: &str) -> Ended {
        self.greenlight(&["run", "--tag", tag])
    }

    /// Runs greenlight to its end.
    #[track_caller]
    pub fn greenlight(&self, arguments: &[&str]) -> Ended {
        self.configure();
        ended(self.command().args(arguments))
    }

    /// Starts greenlight; it is ended with the test. What it says is in a file of the folder.
    #[track_caller]
    pub fn start(&self, arguments: &[&str]) -> Process {
        self.configure();
        let mut command = self.command();
        let said = self.folder().join("said");
        let said = File::options().create(true).append(true).open(said);
        let said = said.expect("a file");
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(said.try_clone().expect("a file"))
            .stderr(said);
        Process::start("greenlight", &mut command)
    }

    /// Waits until `status` says this of a deployment.
    #[track_caller]
    pub fn until_status(&self, number: u64, text: &str) {
        let end = Instant::now() + LIMIT;
        loop {
            let status = self.greenlight(&["status", &number.to_string()]);
            if status.stdout.contains(text) {
                return;
            }
            let said = fs::read_to_string(self.folder().join("said")).unwrap_or_default();
            assert!(
                Instant::now() < end,
                "no {text:?} in {status:?}, and {said}"
            );
        }
    }

    /// Greenlight in the folder, with nothing of the test's environment but the way to programs.
    pub fn command(&self) -> Command {
        self.around(Path::new(GREENLIGHT))
    }

    /// A program in the folder and environment of greenlight.
    pub fn around(&self, program: &Path) -> Command {
        let mut command = process::clean(program, self.folder());
        command
            .current_dir(self.folder())
            .env("GREENLIGHT_TEST_CLOCK_OFFSET", self.folder().join("clock"))
            .env("GREENLIGHT_TEST_PASSED_TIME", self.folder().join("passed"))
            .env("SLACK_WEBHOOK", self.slack.url())
            .env("SLACK_TOKEN", slack::TOKEN)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    /// The entries of a deployment.
    #[track_caller]
    pub fn entries(&self, number: u64) -> Vec<Dated> {
        let mut store = journal::open(&self.location()).expect("the journal");
        log::read(store.as_mut(), number).expect("its entries")
    }

    /// Where the journal is.
    #[track_caller]
    pub fn location(&self) -> Location {
        let file = self.folder().join(".greenlight/journal.db");
        let location = match &self.setting.journal {
            Some(location) => location.clone(),
            None => file.to_string_lossy().into_owned(),
        };
        location.parse().expect("a location")
    }

    /// How a deployment ended, as its journal says.
    #[track_caller]
    pub fn conclusion(&self, number: u64) -> Option<String> {
        self.entries(number)
            .into_iter()
            .find_map(|it| match it.entry {
                Entry::Concluded { conclusion } => Some(conclusion.name().to_owned()),
                _ => None,
            })
    }

    /// How often a commit was deployed to a service.
    pub fn times(service: &Service, commit: &str) -> usize {
        let deployments = service.state().deployments;
        deployments.iter().filter(|it| it.commit == commit).count()
    }

    /// What people were told, in order.
    pub fn told(&self) -> Vec<String> {
        let messages = self.slack.messages().into_iter();
        messages
            .map(|it| it.body["text"].as_str().expect("a text").to_owned())
            .collect()
    }

    /// Writes the configuration.
    #[track_caller]
    pub fn configure(&self) {
        let setting = &self.setting;
        let list = |items: &[String]| serde_json::to_string(items).expect("a list");
        let deploy_prod = setting.deploy_prod.clone();
        let deploy_prod = deploy_prod.unwrap_or_else(|| self.prod.deploy_command());
        let cleanup = |key: &str, command: &Option<Vec<String>>| {
            let command = command.as_deref().map(list);
            command.map_or_else(String::new, |it| format!("{key} = {it}\n"))
        };
        let limit = setting.deploy_limit.map_or_else(String::new, |seconds| {
            format!("deploy-time-limit = \"{seconds}s\"\n")
        });
        let environment = |name: &str, deploy: &[String], service: &Service| {
            format!(
                "[[environment]]\nname = \"{name}\"\ndeploy = {}\ndeploy-repeatable = {}\n{}\
                 convergence-rounds = {}\nconvergence-deadline = \"{}s\"\n{}{}",
                list(deploy),
                setting.repeatable,
                match &setting.discover {
                    Some(_) if name == "prod" => String::new(),
                    _ => format!("nodes = {}\n", list(service.nodes())),
                },
                setting.rounds,
                setting.deadline,
                cleanup("deploy-cleanup", &setting.deploy_cleanup),
                limit
            )
        };
        let mut text = format!(
            "[release]\nlabels = \"{}\"\npoll-interval = \"1s\"\n[journal]\nlease = \"{}s\"\n",
            setting.labels, setting.lease
        );
        if let Some(journal) = &setting.journal {
            let _ = writeln!(text, "location = \"{journal}\"");
        }
        let _ = writeln!(text, "[slack]\n{}", setting.slack);
        text.push_str(&environment(
            "stage",
            &self.stage.deploy_command(),
            &self.stage,
        ));
        text.push_str(setting.stage_keys);
        text.push_str(&environment("prod", &deploy_prod, &self.prod));
        text.push_str(setting.production);
        if let Some(discover) = &setting.discover {
            let _ = writeln!(text, "[environment.discover]\n{discover}");
        }
        text.push_str(&setting.steps);
        if let Some(load_tests) = &setting.load_tests {
            text.push_str(load_tests);
        } else {
            let _ = write!(
                text,
                "[load-test]\ncommand = {}\nformat = \"locust\"\nresults = \"results.json\"\n\
                 history = \"results_stats_history.csv\"\n",
                list(&setting.load_test)
            );
            text.push_str(&cleanup("cleanup", &setting.cleanup));
        }
        text.push_str(setting.serve.as_deref().unwrap_or_default());
        // In one step: a process that has just been started may be reading it.
        let (file, new) = (
            self.folder().join("greenlight.toml"),
            self.folder().join("new.toml"),
        );
        fs::write(&new, text).expect("a configuration");
        fs::rename(new, file).expect("a configuration");
    }
}

#[track_caller]
fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .expect("text")
        .trim()
        .to_owned()
}

#[track_caller]
fn commit(folder: &Path, message: &str) -> String {
    git(
        folder,
        &["commit", "--quiet", "--allow-empty", "--message", message],
    );
    git(folder, &["rev-parse", "HEAD"])
}
