//! One property: whatever the configuration and the message say, no two commands contradict each other about one
//! commit.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use greenlight::journal::inbox::{DeploymentRequestState, Inbox};
use greenlight::journal::{self, Location};
use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Call, PROGRAM, Repository, greenlight};
use crate::waiting;

/// How long a receiver may take to start a deployment, and the deployment to end.
const LIMIT: Duration = Duration::from_secs(20);

const ACTIONS: [&str; 3] = ["abort", "skip", "warn"];

/// What a team may set, and where the commands run.
#[derive(Clone, Debug)]
struct Case {
    environments: Vec<String>,
    publish_branch: Option<&'static str>,
    default_action: Option<&'static str>,
    required_jobs: Vec<&'static str>,
    /// `GREENLIGHT_DEFAULT_ACTION`.
    variable: Option<&'static str>,
    message: String,
    /// The action of the label, if the message has one.
    label: Option<&'static str>,
    place: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// The root of the repository, with the file.
    Root,
    /// A folder below it.
    Below,
    /// Another folder: a variable names the file, a flag the repository.
    Elsewhere,
}

fn cases() -> impl Strategy<Value = Case> {
    let names = ["stage", "prod", "pre-prod", "eu-1", "live"].map(str::to_owned);
    let environments = proptest::sample::subsequence(names.to_vec(), 2..=3).prop_shuffle();
    let action = || proptest::option::of(proptest::sample::select(ACTIONS.to_vec()));
    let message = (action(), "[a-z]{1,8}( [a-z]{1,8}){0,2}", any::<bool>()).prop_map(
        |(label, text, near_miss)| {
            let label_text = label.map_or_else(String::new, |it| format!(" [load test: {it}]"));
            let near_miss = if near_miss {
                "\n\n[load test:skip]"
            } else {
                ""
            };
            (format!("{text}{label_text}{near_miss}\n"), label)
        },
    );
    (
        environments,
        proptest::option::of(proptest::sample::select(vec!["trunk", "release/1"])),
        action(),
        proptest::sample::subsequence(vec!["test", "lint"], 0..=2),
        action(),
        message,
        proptest::sample::select(vec![Place::Root, Place::Below, Place::Elsewhere]),
    )
        .prop_map(
            |(
                environments,
                publish_branch,
                default_action,
                required_jobs,
                variable,
                message,
                place,
            )| {
                let (message, label) = message;
                Case {
                    environments,
                    publish_branch,
                    default_action,
                    required_jobs,
                    variable,
                    message,
                    label,
                    place,
                }
            },
        )
}

impl Case {
    /// The file. Deployments fail at once, so that a run ends with its first decision about one.
    fn file(&self) -> String {
        // Writing into a string can't fail.
        let mut text = "[release]\n".to_owned();
        if let Some(branch) = self.publish_branch {
            let _ = writeln!(text, "publish-branch = \"{branch}\"");
        }
        if let Some(action) = self.default_action {
            let _ = writeln!(text, "default-action = \"{action}\"");
        }
        let _ = writeln!(text, "required-jobs = {:?}", self.required_jobs);
        for name in &self.environments {
            let _ = writeln!(
                text,
                "[[environment]]\nname = \"{name}\"\ndeploy = [\"false\"]\nnodes = [\"http://127.0.0.1:1\"]"
            );
        }
        text.push_str(
            "[load-test]\ncommand = [\"false\"]\nformat = \"k6\"\nresults = \"r.json\"\n",
        );
        text.push_str("[serve]\ntoken-variable = \"HOOK_SECRET\"\nrepositories = [\"shop\"]\n");
        text
    }

    /// The action that counts: the label's, else the variable's, the file's or the default.
    fn action(&self) -> &str {
        let set = self.label.or(self.variable).or(self.default_action);
        set.unwrap_or("warn")
    }
}

/// A case as files: the repository, and the folder where commands run.
struct Shop<'a> {
    case: &'a Case,
    repository: Repository,
    elsewhere: TempDir,
}

impl<'a> Shop<'a> {
    fn new(case: &'a Case) -> Self {
        let repository = Repository::new();
        repository.commit(&case.message);
        fs::write(repository.path().join("greenlight.toml"), case.file()).expect("written");
        fs::create_dir(repository.path().join("below")).expect("a folder");
        Self {
            case,
            repository,
            elsewhere: tempfile::tempdir().expect("a folder"),
        }
    }

    fn folder(&self) -> PathBuf {
        match self.case.place {
            Place::Root => self.repository.path().to_owned(),
            Place::Below => self.repository.path().join("below"),
            Place::Elsewhere => self.elsewhere.path().to_owned(),
        }
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let mut set = Vec::new();
        if let Some(action) = self.case.variable {
            set.push(("GREENLIGHT_DEFAULT_ACTION", action.to_owned()));
        }
        if matches!(self.case.place, Place::Elsewhere) {
            let file = self.repository.path().join("greenlight.toml");
            set.push((
                "GREENLIGHT_CONFIG",
                file.to_str().expect("UTF-8").to_owned(),
            ));
        }
        set
    }

    /// A call in the folder of the case, with the repository where the command takes it.
    fn call(&self, arguments: &[&str], takes_repository: bool) -> Call {
        let mut arguments = arguments.to_vec();
        let is_elsewhere = matches!(self.case.place, Place::Elsewhere) || arguments[0] == "replay";
        if takes_repository && is_elsewhere {
            arguments.extend(["--repo", self.repository.argument()]);
        }
        let call = greenlight(&arguments).within(&self.folder());
        self.variables()
            .iter()
            .fold(call, |call, (name, value)| call.variable(name, value))
    }

    fn json(&self, arguments: &[&str], takes_repository: bool) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--format", "json"]);
        self.call(&arguments, takes_repository).run().json()
    }

    /// The tags of the commit, or of the same build with another message.
    fn tags(&self, message: &[&str]) -> Value {
        let branch = self.case.publish_branch.unwrap_or("main");
        let jobs: Vec<_> = self
            .case
            .required_jobs
            .iter()
            .map(|it| format!("{it}=passed"))
            .collect();
        let mut arguments = vec!["tags", "--branch", branch];
        arguments.extend(message);
        arguments.extend(jobs.iter().flat_map(|it| ["--job", it]));
        self.json(&arguments, true)
    }

    /// What `decide` says about a tag before anything is deployed: `go` if a deployment comes next, else the code.
    fn decided(&self, tag: &str) -> String {
        let decision = self.json(&["decide", "--rev", "HEAD", "--tag", tag], true);
        match decision["next"]["action"].as_str() {
            Some("deploy") => {
                assert_eq!(decision["next"]["environment"], *self.case.environments[0]);
                "go".to_owned()
            }
            _ => word(&decision["reasons"][0]["code"]),
        }
    }

    /// The same of `run`, which has to deploy to know that it fails.
    fn ran(&self, tag: &str) -> String {
        let decision = self.json(&["run", "--tag", tag], true);
        match word(&decision["reasons"][0]["code"]).as_str() {
            "deployment-failed" => "go".to_owned(),
            code => code.to_owned(),
        }
    }
}

fn word(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}

fn words(value: &Value) -> Vec<String> {
    value.as_array().expect("a list").iter().map(word).collect()
}

/// `greenlight serve`, ended when it is dropped.
struct Receiver {
    child: Child,
    address: String,
}

impl Receiver {
    fn start(shop: &Shop<'_>) -> Self {
        let log = shop.elsewhere.path().join("serve.log");
        let child = Command::new(PROGRAM)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--repo",
                shop.repository.argument(),
            ])
            .current_dir(shop.folder())
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(shop.variables())
            .env("HOOK_SECRET", "secret")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a file"))
            .spawn()
            .expect("the program starts");
        let mut receiver = Self {
            child,
            address: String::new(),
        };
        receiver.address = waiting::until("address of the receiver", LIMIT, || {
            let text = fs::read_to_string(&log).expect("its log");
            let (_, rest) = text.split_once("listening on http://")?;
            rest.split_once('\n')
                .map(|(address, _)| address.trim().to_owned())
        });
        receiver
    }

    /// Sends what Docker Hub sends for a tag.
    fn send(&self, tag: &str) {
        let body = serde_json::json!({
            "push_data": { "pushed_at": 1, "pusher": "ci", "tag": tag },
            "repository": { "name": "shop", "namespace": "", "repo_name": "shop" },
        })
        .to_string();
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let head = format!(
            "POST /hooks HTTP/1.1\r\nhost: receiver\r\nauthorization: Bearer secret\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("it reads");
        stream.write_all(body.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // It may have ended; a test that fails says so itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the receiver starts a deployment of a tag.
fn is_started(inbox: &mut dyn Inbox, tag: &str) -> bool {
    waiting::until("decision of the receiver", LIMIT, || {
        let requests = inbox.deployment_requests(100).expect("requests");
        match &requests.iter().find(|it| it.tag == tag)?.state {
            DeploymentRequestState::Started { .. } => Some(true),
            DeploymentRequestState::Stopped { .. } => Some(false),
            _ => None,
        }
    })
}

fn served(shop: &Shop<'_>, tags: [&str; 2]) -> [bool; 2] {
    let receiver = Receiver::start(shop);
    let journal = Location::File(shop.repository.path().join(".greenlight/journal.db"));
    let mut inbox = journal::open_inbox(&journal).expect("the inbox");
    let started = tags.map(|tag| {
        receiver.send(tag);
        is_started(inbox.as_mut(), tag)
    });
    let mut store = journal::open(&journal).expect("the journal");
    waiting::until("end of the deployments", LIMIT, || {
        let deployments = store.deployments(100).expect("deployments");
        deployments
            .iter()
            .all(|it| it.conclusion.is_some())
            .then_some(())
    });
    started
}

/// Asks every command about one commit.
fn agree(case: &Case) {
    let shop = Shop::new(case);
    let commit = shop.repository.git(&["rev-parse", "HEAD"]);
    let action = case.action();

    let label = shop.json(&["label", "--rev", "HEAD"], true);
    assert_eq!(label["action"], action);
    assert_eq!(label["commit"], *commit);

    let answer = shop.tags(&["--rev", "HEAD"]);
    let tags = words(&answer["tags"]);
    assert_eq!(answer["action"], action);
    let mut environments = Vec::new();
    for tag in tags.iter().filter(|it| it.contains(&commit)) {
        let target = shop.json(&["resolve", tag], false);
        assert_eq!(target["commit"], *commit);
        environments.push(word(&target["environment"]));
    }
    assert_eq!(environments.first(), case.environments.first());
    assert!(environments.iter().all(|it| case.environments.contains(it)));

    let replayed = shop.call(&["replay", "--format", "jsonl"], true).run();
    let line = replayed.stdout.lines().next().expect("a commit");
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(line["action"], action);
    assert_eq!(words(&line["tags"]), tags);

    let explained = shop.json(&["explain", "HEAD"], true);
    assert_eq!(explained["label"]["action"], action);
    assert_eq!(words(&explained["tags"]), tags);
    for decision in explained["decisions"].as_array().expect("decisions") {
        let of = |key: &str| word(&decision[key]);
        let (tag, stage, load_test) = (of("tag"), of("stage"), of("load-test"));
        let mut arguments = vec![
            "decide",
            "--rev",
            "HEAD",
            "--tag",
            &tag,
            "--load-test",
            &load_test,
        ];
        if stage != "not-deployed" {
            arguments.extend(["--stage", &stage]);
        }
        let decided = shop.json(&arguments, true);
        assert_eq!(
            decided["permission"], decision["permission"],
            "{arguments:?}"
        );
        assert_eq!(
            decided["reasons"][0]["code"], decision["reasons"][0]["code"],
            "{arguments:?}"
        );
    }

    // The tag that the message asks for, and the one of another action.
    let other = ACTIONS.iter().find(|it| **it != action).expect("another");
    let message = format!("x [load test: {other}]");
    let others = words(&shop.tags(&["--commit", &commit, "--message", &message])["tags"]);
    let both = [tags[0].as_str(), others[0].as_str()];
    let decided = both.map(|tag| shop.decided(tag));
    assert_eq!(decided, ["go", "label-contradicts-tag"]);
    assert_eq!(served(&shop, both), decided.each_ref().map(|it| it == "go"));
    assert_eq!(both.map(|tag| shop.ran(tag)), decided);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_command_contradicts_another(case in cases()) {
        agree(&case);
    }
}
