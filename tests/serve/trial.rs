//! The trial on a real service, as one story: releases that are promoted, promoted with a warning, and stopped, a
//! production deployment that fails half way, a revert, a hot fix, a killed process, a canceled release, a node that
//! stays old, and Slack unavailable for a minute. The registry, Locust, git and the nodes are real; Slack is a test server.

use std::fs;
use std::time::{Duration, Instant};

use greenlight::contract::names::Named as _;
use greenlight::contract::promotion::Conclusion;
use greenlight::journal::Header;
use rustix::process::{Pid, Signal, kill_process};

use crate::pipeline::{LIMIT, Pipeline};
use crate::registry::Registry;
use crate::server::{Cleaner, Server, StoreReader, free_port, table};
use crate::service::Service;
use crate::slack::Answer;
use crate::{image, locust, waiting};

/// How many requests a load test makes that ends by itself.
const SHORT: u32 = 60;
/// How many requests a load test makes that outlasts the test.
const ENDLESS: u32 = 10_000_000;
/// How long Slack is unavailable.
const OUTAGE: Duration = Duration::from_mins(1);

struct Trial {
    pipeline: Pipeline,
    registry: Registry,
    store: StoreReader,
    server: Server,
    /// The file that lets the deploy command of production fail.
    fails: std::path::PathBuf,
    _cleaner: Cleaner,
}

struct Release {
    commit: String,
    tag: String,
}

impl Release {
    fn short(&self) -> &str {
        &self.commit[..12]
    }
}

impl Trial {
    fn begin() -> Self {
        let mut pipeline = Pipeline::new();
        let port = free_port();
        let registry = Registry::telling(&format!("http://127.0.0.1:{port}/hooks"));
        pipeline.prod = Service::start(3, &pipeline.before);
        let fails = pipeline.folder().join("fails");
        let script = format!("\"$@\"; test ! -e '{}'", fails.display());
        let mut deploy = ["/bin/sh", "-c", &script, "sh"].map(str::to_owned).to_vec();
        deploy.extend(pipeline.prod.deploy_command());
        pipeline.setting.deploy_prod = Some(deploy);
        pipeline.setting.deadline = 10;
        pipeline.setting.repeatable = true;
        pipeline.setting.serve = Some(table(&format!(
            "[serve.registry]\nurl = \"http://{}\"\n",
            registry.address()
        )));
        let cleaner = Cleaner::of(&pipeline);
        let server = Server::start_on(&pipeline, port);
        Self {
            store: StoreReader::of(&pipeline),
            pipeline,
            registry,
            server,
            fails,
            _cleaner: cleaner,
        }
    }

    /// Commits a change, and pushes its image with every tag that `greenlight tags` prints.
    #[track_caller]
    fn push(&self, subject: &str, label: &str) -> Release {
        let name = subject.replace([' ', ':'], "-");
        fs::write(self.pipeline.folder().join(&name), "changed\n").expect("written");
        self.pipeline.git(&["add", &name]);
        self.pipeline.commit(&format!("{subject}{label}"));
        self.push_head()
    }

    #[track_caller]
    fn push_head(&self) -> Release {
        let commit = self.pipeline.git(&["rev-parse", "HEAD"]);
        let tags = self.pipeline.tags();
        let folder = self.pipeline.folder().join(format!("image-{commit}"));
        image::write(&folder, &commit);
        for tag in &tags {
            self.registry.push(&folder, tag);
        }
        Release {
            commit,
            tag: tags[0].clone(),
        }
    }

    /// Waits for the end of a release, which must be this one.
    #[track_caller]
    fn ends(&mut self, release: &Release, conclusion: Conclusion) -> Header {
        let header = self.store.until_ended(&release.tag);
        let status = self
            .pipeline
            .greenlight(&["status", &header.number.to_string()]);
        assert_eq!(header.conclusion, Some(conclusion), "{}", status.stdout);
        header
    }

    /// Sets how long the next load tests take.
    fn load(&mut self, requests: u32) {
        let pipeline = &mut self.pipeline;
        pipeline.setting.load_test =
            locust::command(pipeline.stage.balancer(), requests, pipeline.folder());
        pipeline.configure();
    }

    /// Waits until the load test of a release makes requests, and returns the number of its deployment.
    #[track_caller]
    fn in_load_test(&mut self, release: &Release) -> u64 {
        let before = self.pipeline.stage.state().requests;
        self.pipeline
            .stage
            .wait("load", |state| state.requests > before + 20);
        let mut headers = self.store.deployments().into_iter();
        let header = headers.find(|it| it.commit == release.commit);
        header.expect("it has begun").number
    }

    #[track_caller]
    fn serves(&self, release: &Release) {
        for (name, service) in [
            ("stage", &self.pipeline.stage),
            ("prod", &self.pipeline.prod),
        ] {
            service.wait(name, |state| {
                state.nodes.iter().all(|it| it.commit == release.commit)
            });
        }
    }

    /// Waits for a message in Slack that says all of this.
    #[track_caller]
    fn told(&self, said: &[&str]) {
        waiting::until(&format!("message with {said:?}"), LIMIT, || {
            let mut told = self.pipeline.slack.accepted().into_iter();
            told.find(|told| said.iter().all(|it| told.contains(it)))
        });
    }

    /// The processes of greenlight that drive a deployment.
    fn drivers(&self) -> Vec<Pid> {
        let home = format!("HOME={}", self.pipeline.folder().display());
        let processes = fs::read_dir("/proc").expect("processes").flatten();
        let drives = |it: &fs::DirEntry| {
            let line = fs::read(it.path().join("cmdline")).unwrap_or_default();
            let variables = fs::read(it.path().join("environ")).unwrap_or_default();
            let words: Vec<_> = line.split(|byte| *byte == 0).collect();
            words.first().is_some_and(|it| it.ends_with(b"greenlight"))
                && words.contains(&&b"run"[..])
                && variables
                    .split(|byte| *byte == 0)
                    .any(|it| it == home.as_bytes())
        };
        let numbers = processes.filter(drives);
        let numbers = numbers.filter_map(|it| it.file_name().to_str()?.parse().ok());
        numbers.filter_map(Pid::from_raw).collect()
    }
}

#[test]
fn the_trial() {
    let mut trial = Trial::begin();
    let live = load_tests_decide(&mut trial);
    a_deployment_fails_half_way(&mut trial, &live);
    a_hot_fix_does_not_wait(&mut trial);
    trial.pipeline.slack.answer(Answer::Refuse(503));
    let outage = Instant::now();
    let live = a_driver_is_killed(&mut trial);
    let canceled = a_person_cancels(&mut trial);
    let (old, live) = a_node_stays_old(&mut trial, &live);
    slack_returns(&trial, outage, &[canceled, old]);
    everything_agrees(&mut trial, &live);
    assert!(trial.server.stop().success());
}

/// Good, warned, stopped, skipped on top of stopped, reverted. Returns the live release.
fn load_tests_decide(trial: &mut Trial) -> Release {
    let good = trial.push("feat: pool", " [load test: abort]");
    trial.ends(&good, Conclusion::Promoted);
    trial.serves(&good);

    trial.pipeline.stage.fail_requests(0.3);
    let warned = trial.push("feat: cache", "");
    trial.ends(&warned, Conclusion::PromotedWithWarning);
    trial.told(&[warned.short(), "was promoted with a warning"]);

    let stopped = trial.push("feat: search", " [load test: abort]");
    let number = trial.ends(&stopped, Conclusion::Stopped).number;
    let on_top = trial.push("docs: typo", " [load test: skip]");
    trial.ends(&on_top, Conclusion::Stopped);
    trial.told(&[stopped.short(), &format!("deployment {number}")]);
    for release in [&stopped, &on_top] {
        assert_eq!(Pipeline::times(&trial.pipeline.prod, &release.commit), 0);
    }

    trial.pipeline.stage.fail_requests(0.0);
    let revert = ["revert", "--no-edit", &stopped.commit];
    trial.pipeline.git(&revert);
    let revert = trial.push_head();
    trial.ends(&revert, Conclusion::Promoted);
    trial.serves(&revert);
    revert
}

/// The deploy command of production fails after one node of three. The next release repairs it.
fn a_deployment_fails_half_way(trial: &mut Trial, live: &Release) {
    fs::write(&trial.fails, "").expect("written");
    trial.pipeline.prod.freeze(1);
    trial.pipeline.prod.freeze(2);
    let half_way = trial.push("feat: half way", " [load test: skip]");
    trial.ends(&half_way, Conclusion::Stopped);
    let mixed = format!(
        "1 of 3 nodes of prod serves {}, 2 serve {}",
        half_way.short(),
        live.short()
    );
    trial.told(&[&mixed]);
    assert!(trial.server.get("/").contains(&mixed));
    let number = trial.store.until_ended(&half_way.tag).number.to_string();
    trial
        .pipeline
        .greenlight(&["status", &number])
        .is(0, &[&mixed]);
    let advice = trial.pipeline.greenlight(&["rollback-advice"]);
    advice.is(0, &[&mixed, &format!("good: {}", live.commit)]);

    fs::remove_file(&trial.fails).expect("removed");
    trial.pipeline.prod.mend();
    let fix = trial.push("fix: deploy", " [load test: skip]");
    trial.ends(&fix, Conclusion::Promoted);
    trial.serves(&fix);
}

/// A release that needs no load test supersedes one whose load test runs.
fn a_hot_fix_does_not_wait(trial: &mut Trial) {
    trial.load(ENDLESS);
    let slow = trial.push("feat: slow", "");
    trial.in_load_test(&slow);
    let hot = trial.push("fix: hot", " [load test: skip]");
    trial.ends(&slow, Conclusion::Superseded);
    trial.ends(&hot, Conclusion::Promoted);
    trial.serves(&hot);
    assert_eq!(Pipeline::times(&trial.pipeline.prod, &slow.commit), 0);
}

/// SIGKILL during the load test: the server resumes, and what is left of the load test spoils nothing. Returns the live
/// release.
fn a_driver_is_killed(trial: &mut Trial) -> Release {
    let resumed = trial.push("feat: resumed", " [load test: abort]");
    trial.in_load_test(&resumed);
    trial.load(SHORT);
    let drivers = trial.drivers();
    assert_eq!(drivers.len(), 1, "{drivers:?}");
    kill_process(drivers[0], Signal::KILL).expect("it runs");
    trial.ends(&resumed, Conclusion::Promoted);
    trial.serves(&resumed);
    resumed
}

/// Returns parts of the message that Slack must get.
fn a_person_cancels(trial: &mut Trial) -> Vec<String> {
    trial.load(ENDLESS);
    let canceled = trial.push("feat: canceled", " [load test: warn]");
    let number = trial.in_load_test(&canceled).to_string();
    let reason = "the database is being moved";
    let cancel = ["cancel", &number, "--by", "Ada", "--reason", reason];
    trial.pipeline.greenlight(&cancel).is(0, &["is canceled"]);
    trial.ends(&canceled, Conclusion::Canceled);
    trial.load(SHORT);
    vec!["was canceled".to_owned(), reason.to_owned()]
}

/// A node that stays old stops a release, and is named. Returns parts of the message that Slack must get, and the release
/// that is live at the end.
fn a_node_stays_old(trial: &mut Trial, live: &Release) -> (Vec<String>, Release) {
    trial.pipeline.prod.freeze(2);
    let old = trial.push("feat: old node", " [load test: skip]");
    trial.ends(&old, Conclusion::Stopped);
    let mixed = format!("2 of 3 nodes of prod serve {}", old.short());
    trial.pipeline.prod.mend();
    let last = trial.push("fix: node", " [load test: skip]");
    trial.ends(&last, Conclusion::Promoted);
    trial.serves(&last);
    (vec![mixed, live.short().to_owned()], last)
}

/// Slack is unavailable for a minute while releases continue. Then it accepts each message exactly once.
fn slack_returns(trial: &Trial, outage: Instant, messages: &[Vec<String>]) {
    let status = trial.pipeline.greenlight(&["status"]);
    status.is(0, &["message to Slack not sent yet: "]);
    waiting::until("the page", LIMIT, || {
        let page = trial.server.get("/");
        page.contains("(Slack answered with status 503)")
            .then_some(())
    });
    waiting::until("the end of the outage", LIMIT, || {
        (outage.elapsed() >= OUTAGE).then_some(())
    });
    trial.pipeline.slack.answer(Answer::Accept);
    for message in messages {
        let said: Vec<_> = message.iter().map(String::as_str).collect();
        trial.told(&said);
    }
    waiting::until("all messages", LIMIT, || {
        let status = trial.pipeline.greenlight(&["status"]).stdout;
        (!status.contains("not sent yet")).then_some(())
    });
}

/// Nodes, Slack, journal, page, status and advice agree about what happened and what is live.
fn everything_agrees(trial: &mut Trial, live: &Release) {
    let mut headers = trial.store.deployments();
    headers.sort_by_key(|it| it.number);
    let ends: Vec<_> = headers
        .iter()
        .map(|it| it.conclusion.map_or("running", |it| it.name()))
        .collect();
    assert_eq!(
        ends,
        [
            "promoted",
            "promoted-with-warning",
            "stopped",
            "stopped",
            "promoted",
            "stopped",
            "promoted",
            "superseded",
            "promoted",
            "promoted",
            "canceled",
            "stopped",
            "promoted",
        ]
    );
    let accepted = trial.pipeline.slack.accepted();
    for header in &headers {
        let about = accepted.iter().filter(|it| it.contains(&header.tag));
        let expected = match header.conclusion {
            Some(Conclusion::PromotedWithWarning) => 2,
            _ => 1,
        };
        assert_eq!(about.count(), expected, "{} in {accepted:#?}", header.tag);
    }
    let nodes = trial.pipeline.prod.state().nodes;
    assert!(nodes.iter().all(|it| it.commit == live.commit));
    trial
        .pipeline
        .greenlight(&["rollback-advice"])
        .is(0, &[&format!("bad:  {}", live.commit)]);
    for text in [
        trial.server.get("/"),
        trial.pipeline.greenlight(&["status"]).stdout,
        trial.pipeline.greenlight(&["rollback-advice"]).stdout,
    ] {
        assert!(text.contains(live.short()), "{text}");
    }
}
