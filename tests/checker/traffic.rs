//! Random traffic: releases, webhooks, and commands of people, from a seed.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use rustix::process::Signal;
use serde_json::json;

use crate::effects::{Answer, Effect};
use crate::faults::{Faults, weighted};
use crate::process::Process;
use crate::processes::{self, Role};
use crate::shop::Shop;

/// How long a command may run before it counts as silent.
const SILENT: Duration = Duration::from_mins(3);

/// How many commands of people run at a time.
const AT_A_TIME: usize = 5;

/// A step of the traffic.
#[derive(Clone, Copy)]
enum Step {
    Release,
    LateRelease,
    Run,
    Cancel,
    Resume,
    Fault,
}

const STEPS: [(Step, u32); 6] = [
    (Step::Release, 30),
    (Step::LateRelease, 8),
    (Step::Run, 14),
    (Step::Cancel, 4),
    (Step::Resume, 8),
    (Step::Fault, 46),
];

/// The steps of a calm service, of which more releases reach production.
const CALM_STEPS: [(Step, u32); 6] = [
    (Step::Release, 50),
    (Step::LateRelease, 2),
    (Step::Run, 4),
    (Step::Cancel, 1),
    (Step::Resume, 10),
    (Step::Fault, 25),
];

/// The traffic of one service.
pub struct Traffic {
    /// The service.
    pub shop: Shop,
    /// Its faults.
    pub faults: Faults,
    random: Rng,
    /// Whether a release waits for the end of the one before it.
    is_calm: bool,
    started: Vec<Started>,
    /// Webhooks that were not accepted so far. A registry sends them again.
    undelivered: Vec<Webhook>,
    count: usize,
    /// The tags that were pushed, the newest last.
    tags: Vec<String>,
    /// Commits without an image so far.
    late: Vec<(String, Label)>,
}

/// What the message of a commit asks for.
#[derive(Clone, Copy)]
enum Label {
    Abort,
    Skip,
    Warn,
}

impl Label {
    fn word(self) -> &'static str {
        match self {
            Self::Abort => "abort",
            Self::Skip => "skip",
            Self::Warn => "warn",
        }
    }
}

/// A command of a person or a CI job.
struct Started {
    process: Process,
    arguments: Vec<String>,
    output: PathBuf,
    began: Instant,
}

#[derive(Clone)]
struct Webhook {
    tag: String,
    digest: Option<String>,
}

impl Traffic {
    /// Prepares the traffic of a service.
    pub fn new(shop: Shop, mut random: Rng) -> Self {
        Self {
            shop,
            is_calm: random.bool(),
            faults: Faults::default(),
            random,
            started: Vec::new(),
            undelivered: Vec::new(),
            count: 0,
            tags: Vec::new(),
            late: Vec::new(),
        }
    }

    /// Makes traffic and faults until the end.
    pub fn run(&mut self, end: Instant) {
        self.shop.serve();
        self.faults.traffic_ends = Some(end);
        while Instant::now() < end {
            self.step();
            thread::sleep(Duration::from_millis(self.random.u64(20..400)));
        }
        self.faults.end(&self.shop);
    }

    fn step(&mut self) {
        self.attend();
        let steps = if self.is_calm { &CALM_STEPS } else { &STEPS };
        match weighted(steps, &mut self.random) {
            // With more releases, most of them are superseded before they begin.
            Step::Release if self.is_busy() => {}
            Step::Release => {
                let made = self.commit();
                // A build can take longer than the build of a newer commit.
                if self.random.u8(0..5) == 0 {
                    self.late.push(made);
                } else {
                    self.release(made);
                }
            }
            Step::LateRelease => {
                if !self.late.is_empty() {
                    let at = self.random.usize(0..self.late.len());
                    let made = self.late.swap_remove(at);
                    self.release(made);
                }
            }
            Step::Run => self.run_by_hand(),
            Step::Cancel => {
                let effects = self.shop.log.read();
                let mut begun = effects.iter().rev().filter_map(Effect::begun);
                if let Some(number) = begun.next().map(|it| it.deployment.to_string()) {
                    self.start(&["cancel", &number, "--by", "Ada", "--wait", "10s"]);
                }
            }
            Step::Resume => self.start(&["run", "--resume"]),
            Step::Fault => self.faults.inject(&mut self.shop, &mut self.random),
        }
    }

    fn is_busy(&mut self) -> bool {
        let running = processes::with(self.shop.folder(), Role::Run).len();
        running
            > if self.is_calm {
                0
            } else {
                self.random.usize(0..3)
            }
    }

    /// Starts an ended server again, sends a rejected webhook again, and logs the answers of ended commands.
    pub fn attend(&mut self) {
        self.shop.serve();
        if !self.undelivered.is_empty() {
            let at = self.random.usize(0..self.undelivered.len());
            let webhook = self.undelivered.swap_remove(at);
            self.deliver(webhook);
        }
        let started = std::mem::take(&mut self.started);
        for mut started in started {
            let silent = started.began.elapsed() > SILENT;
            let status = started.process.ended();
            if status.is_none() && !silent {
                self.started.push(started);
                continue;
            }
            let said = fs::read_to_string(&started.output).unwrap_or_default();
            let _ = fs::remove_file(&started.output);
            let said = said[said.floor_char_boundary(said.len().saturating_sub(600))..].to_owned();
            self.shop.log.write(&Effect::Answered(Answer {
                arguments: started.arguments,
                status: status.and_then(|it| it.code()),
                said,
                // SIGTERM ends a process that does not handle signals yet, and a second SIGTERM ends it in any case.
                killed: status
                    .and_then(|it| it.signal())
                    .is_some_and(|it| [Signal::KILL.as_raw(), Signal::TERM.as_raw()].contains(&it)),
                silent: status.is_none(),
            }));
        }
    }

    /// Whether all webhooks were delivered and all commands have ended.
    pub fn is_over(&self) -> bool {
        self.undelivered.is_empty() && self.started.is_empty()
    }

    fn commit(&mut self) -> (String, Label) {
        self.count += 1;
        if self.random.u8(0..10) == 0 && self.shop.commits.len() > 2 {
            let commits = &self.shop.commits;
            let bad = commits[self.random.usize(1..commits.len())].0.clone();
            return (self.shop.revert(&bad), Label::Warn);
        }
        let labels = [Label::Abort, Label::Skip, Label::Skip, Label::Warn];
        let label = self.random.choice(labels).expect("a label");
        let message = format!("Change {} [load test: {}]", self.count, label.word());
        (self.shop.commit(&message), label)
    }

    /// Pushes a release under its tags, and sends the webhooks.
    fn release(&mut self, (commit, label): (String, Label)) {
        let commit = &commit;
        // One tag in 15 contradicts the label of its commit.
        let contradicts = self.random.u8(0..15) == 0;
        let stage = match if contradicts { Label::Skip } else { label } {
            Label::Skip => format!("stage-{commit}"),
            label => format!("stage-loadtest-{}-{commit}", label.word()),
        };
        // One production tag in 12 names another image.
        let other = self.random.u8(0..12) == 0;
        let digest = |image: &str| format!("sha256:{image:0>64}");
        let mut tags = vec![(stage, digest(commit))];
        if self.random.u8(0..3) == 0 {
            let image = if other { "bad" } else { commit };
            tags.push((format!("prod-{commit}"), digest(image)));
        }
        if self.random.bool() {
            tags.push(("latest".to_owned(), digest(commit)));
        }
        for (tag, digest) in tags {
            self.shop.push(&tag, &digest);
            if tag.starts_with("stage") {
                self.tags.push(tag.clone());
            }
            let digest = Some(digest).filter(|_| self.random.bool());
            let times = match self.random.u8(0..10) {
                // The webhook is lost. The registry's list has the tag.
                0 => 0,
                1..=7 => 1,
                _ => 2,
            };
            for _ in 0..times {
                self.deliver(Webhook {
                    tag: tag.clone(),
                    digest: digest.clone(),
                });
            }
        }
    }

    /// Sends a webhook. If it is not accepted, it is sent again later.
    fn deliver(&mut self, webhook: Webhook) {
        let name = &self.shop.name;
        let body = match &webhook.digest {
            None => json!({
                "push_data": { "pushed_at": 1, "pusher": "ci", "tag": webhook.tag },
                "repository": { "name": name, "namespace": "", "repo_name": name },
            }),
            Some(digest) => json!({ "events": [{
                "id": "1",
                "timestamp": "2026-01-01T00:00:00Z",
                "action": "push",
                "target": {
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": digest,
                    "repository": name,
                    "tag": webhook.tag,
                },
            }] }),
        };
        let waits = self.faults.keep_from_answering();
        let status = if waits {
            None
        } else {
            self.shop.ask("POST", "/hooks", &body.to_string())
        };
        let excused = waits || status.is_none() && self.shop.was_away();
        self.shop.log.write(&Effect::Webhook {
            tag: webhook.tag.clone(),
            digest: webhook.digest.clone(),
            status,
            excused,
        });
        if status != Some(202) {
            self.undelivered.push(webhook);
        }
    }

    fn run_by_hand(&mut self) {
        let recent = &self.tags[self.tags.len().saturating_sub(8)..];
        let Some(tag) = self.random.choice(recent.iter()).cloned() else {
            return;
        };
        let key = format!("key-{}", self.random.u32(..));
        let mut arguments = vec!["run", "--tag", &tag];
        let times = match self.random.u8(0..6) {
            0 => 1,
            1..=3 => {
                arguments.extend(["--request", &key]);
                1
            }
            _ => {
                arguments.extend(["--request", &key]);
                3
            }
        };
        match self.random.u8(0..10) {
            0 => arguments.push("--again"),
            1 => arguments.extend(["--urgent", "--by", "Ada", "--reason", "hurry"]),
            _ => {}
        }
        for _ in 0..times {
            self.start(&arguments);
        }
    }

    /// Starts a command of a person.
    pub fn start(&mut self, arguments: &[&str]) {
        if self.started.len() >= AT_A_TIME {
            return;
        }
        self.count += 1;
        let output = self.shop.folder().join(format!("said-{}", self.count));
        let file = File::create(&output).expect("a file");
        let mut command = self.shop.greenlight();
        command
            .args(arguments)
            .stdout(file.try_clone().expect("a file"))
            .stderr(file);
        let process = Process::start("greenlight", &mut command);
        self.started.push(Started {
            process,
            arguments: arguments.iter().map(|it| (*it).to_owned()).collect(),
            output,
            began: Instant::now(),
        });
    }
}
