//! One release, from its tag to its end.

use greenlight::deployment::entry::{Details, Entry};
use greenlight::deployment::history::History;
use greenlight::sandbox::{Policy, Use};

use crate::locust::{self, Mode};
use crate::pipeline::{Ended, LIMIT, Pipeline};
use crate::registry::Registry;
use crate::service::Service;
use crate::slack::Answer;
use crate::{image, waiting};

/// Every node of a service says that it runs the commit.
fn serves(service: &Service, commit: &str) -> bool {
    service
        .state()
        .nodes
        .iter()
        .all(|node| node.commit == commit)
}

/// Every decision in the journal can be made again from the entries before it. Returns how many there are.
#[track_caller]
pub fn decided_again(pipeline: &Pipeline, number: u64) -> usize {
    let policy = Policy::bundled(Use::Often).expect("the bundled policy");
    let mut history = History::default();
    let mut began = None;
    let mut decisions = 0;
    for dated in pipeline.entries(number) {
        match dated.entry {
            Entry::Began(it) => {
                began = Some((it.release(), it.settings));
            }
            Entry::Happened { event, .. } => history.add(event, ()),
            Entry::Repeated { history: tail, .. } => {
                history.apply(&tail, &()).expect("the end of this history");
            }
            Entry::Decided { now, decision } => {
                let (release, settings) = began.as_ref().expect("the first entry");
                let again = policy
                    .decide(release, history.events(), now, settings)
                    .expect("a decision");
                assert_eq!(again, decision);
                decisions += 1;
            }
            _ => {}
        }
    }
    decisions
}

/// The release stops for this reason, and production is left alone.
#[track_caller]
fn stops(pipeline: &Pipeline, message: &str, code: &str) -> Ended {
    let commit = pipeline.commit(message);
    let ended = pipeline.run();
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.status, 1, "{said}");
    assert!(ended.stdout.contains(&format!("stop[{code}]")), "{said}");
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0, "{said}");
    ended
}

#[test]
fn all_green_from_a_pushed_image_to_production() {
    let pipeline = Pipeline::new();
    let commit = pipeline.commit("Raise the pool size [load test: abort]");
    let image = pipeline.folder().join("image");
    image::write(&image, &commit);
    let registry = Registry::start();
    let tags = pipeline.tags();
    for tag in &tags {
        registry.push(&image, tag);
    }
    let digest = registry.digest(&tags[0]);
    let page = pipeline.folder().join("report.html");
    let report = format!("html={}", page.display());
    let arguments = [
        "run", "--tag", &tags[0], "--digest", &digest, "--report", &report,
    ];
    let ended = pipeline.greenlight(&arguments);
    ended.is(0, &["promote[load-test-passed]"]);
    assert!(serves(&pipeline.stage, &commit) && serves(&pipeline.prod, &commit));
    let status = pipeline.greenlight(&["status"]);
    for (line, environment) in status.stdout.lines().zip(["stage", "prod"]) {
        let served = format!(
            "{environment} serves {} \"Raise the pool size [load test: abort]\" by Ada since ",
            &commit[..12]
        );
        assert!(line.starts_with(&served), "{}", status.stdout);
        assert!(line.ends_with(" (deployment 1)"), "{}", status.stdout);
    }
    let deployed = &pipeline.prod.state().deployments;
    assert_eq!(deployed.len(), 1);
    assert_eq!(deployed[0].environment.as_deref(), Some("prod"));
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("promoted"));
    let told = pipeline.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("was promoted"), "{told:?}");

    let decisions = decided_again(&pipeline, 1);
    assert!(decisions >= 8, "{decisions} decisions");
    let kept = pipeline.folder().join(".greenlight/deployments/1");
    let kept: Vec<_> = std::fs::read_dir(kept)
        .expect("a folder")
        .map(|it| {
            it.expect("a file")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    for name in [
        "deploy-stage.log",
        "load-test-stage.log",
        "results.json",
        "deploy-prod.log",
    ] {
        assert!(
            kept.iter().any(|it| it.ends_with(name)),
            "{name} of {kept:?}"
        );
    }

    // What the registry has under the production tag is what was verified.
    let verified = registry.digest(&tags[1]);
    let prod = ["run", "--tag", &tags[1], "--digest", &verified];
    let ended = pipeline.greenlight(&prod);
    ended.is(0, &[]);
    assert_eq!(
        Pipeline::times(&pipeline.stage, &commit),
        1,
        "stage is left alone"
    );
    let imported = pipeline.entries(2).into_iter().any(|it| {
        matches!(
            it.entry,
            Entry::Happened {
                details: Details::Imported { deployment: 1, .. },
                ..
            }
        )
    });
    assert!(
        imported,
        "the journal says where the record of stage comes from"
    );
    crate::report::shows_what_the_journal_says(&pipeline, &page, 1);
}

#[test]
fn an_other_image_of_the_same_commit_is_not_verified() {
    let pipeline = Pipeline::recorded();
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
    let one = pipeline.greenlight(&["run", "--tag", &tags[0], "--digest", &digest("a")]);
    one.is(0, &[]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    let mut other = pipeline.start(&["run", "--tag", &tags[1], "--digest", &digest("b")]);
    waiting::until("hold", LIMIT, || {
        let status = pipeline.greenlight(&["status", "2"]);
        status
            .stdout
            .contains("no verified deployment")
            .then_some(())
    });
    assert!(other.ended().is_none(), "it waits");
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
}

#[test]
fn a_failed_load_test_under_abort_stops() {
    let pipeline = Pipeline::new();
    pipeline.stage.fail_requests(0.5);
    stops(&pipeline, "Change [load test: abort]", "load-test-failed");
    assert!(serves(&pipeline.prod, &pipeline.before));
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("stopped"));
    assert!(pipeline.told()[0].contains("was stopped"));
}

#[test]
fn a_failed_load_test_under_warn_goes_on_and_tells_people() {
    let pipeline = Pipeline::new();
    pipeline.stage.fail_requests(0.5);
    let commit = pipeline.commit("Change, with no label");
    let tags = pipeline.tags();
    let arguments = ["run", "--tag", &tags[0], "--warn-exit-code", "3"];
    let ended = pipeline.greenlight(&arguments);
    ended.is(3, &[]);
    assert!(serves(&pipeline.prod, &commit));
    let told = pipeline.told();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("continues with a warning"), "{told:?}");
    assert_eq!(
        pipeline.conclusion(1).as_deref(),
        Some("promoted-with-warning")
    );
}

#[test]
fn skip_runs_no_load_test() {
    let pipeline = Pipeline::new();
    let commit = pipeline.commit("Change the docs [load test: skip]");
    let ended = pipeline.run();
    ended.is(0, &[]);
    assert!(serves(&pipeline.prod, &commit));
    assert_eq!(pipeline.stage.state().requests, 0);
}

#[test]
fn a_load_test_without_a_request_never_passes() {
    let pipeline = Pipeline::new();
    locust::set(pipeline.folder(), Mode::Idle);
    let ended = stops(&pipeline, "Change [load test: abort]", "load-test-errored");
    assert!(ended.stdout.contains("no-requests"), "{}", ended.stdout);
}

#[test]
fn a_load_test_that_says_that_it_failed_does_not_pass() {
    let pipeline = Pipeline::new();
    locust::set(pipeline.folder(), Mode::Refused);
    let ended = stops(&pipeline, "Change [load test: abort]", "load-test-errored");
    let said = "harness-failed: the load test ended with exit status 1, without a failure";
    assert!(ended.stdout.contains(said), "{}", ended.stdout);
}

#[test]
fn a_killed_load_test_never_passes() {
    let pipeline = Pipeline::new();
    locust::set(pipeline.folder(), Mode::Killed);
    stops(&pipeline, "Change [load test: abort]", "load-test-errored");
}

#[test]
fn results_of_an_earlier_test_are_not_those_of_this_one() {
    let mut pipeline = Pipeline::recorded();
    pipeline.commit("One [load test: abort]");
    assert_eq!(pipeline.run().status, 0);
    pipeline.setting.load_test = vec!["true".to_owned()];
    let ended = stops(&pipeline, "Two [load test: abort]", "load-test-errored");
    assert!(
        ended.stdout.contains("results-incomplete"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stdout.contains("; 0 requests, 0 failed"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_stage_that_never_converges_stops() {
    let mut pipeline = Pipeline::new();
    pipeline.setting.deadline = 3;
    pipeline.stage.freeze(2);
    let ended = stops(&pipeline, "Change [load test: skip]", "not-converged");
    let frozen = format!(
        "the release is served by 2 of 3 nodes of `stage`; {} serves {} (old) since ",
        pipeline.stage.nodes()[2],
        &pipeline.before[..12]
    );
    assert!(ended.stdout.contains(&frozen), "{}", ended.stdout);
}

#[test]
fn a_flapping_node_prevents_convergence() {
    let mut pipeline = Pipeline::new();
    pipeline.setting.deadline = 4;
    pipeline.stage.flap(1, &pipeline.before);
    stops(&pipeline, "Change [load test: skip]", "not-converged");
}

#[test]
fn a_deployment_that_fails_stops() {
    let pipeline = Pipeline::new();
    pipeline.stage.refuse_deployments();
    let ended = stops(&pipeline, "Change [load test: skip]", "deployment-failed");
    assert!(
        ended.stdout.contains("exit status 1; its log: "),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_broken_production_is_rolled_forward() {
    let mut pipeline = Pipeline::new();
    pipeline.setting.deadline = 3;
    let good = pipeline.commit("Good [load test: abort]");
    assert_eq!(pipeline.run().status, 0);
    let bad = pipeline.commit("Bad [load test: skip]");
    // Everything is well in stage, and production answers with errors.
    pipeline.prod.break_commit(&bad);
    let ended = pipeline.run();
    ended.is(1, &["stop[not-converged]"]);
    let advice = pipeline.greenlight(&["rollback-advice"]);
    assert_eq!(advice.status, 0, "{}", advice.stderr);
    for line in [
        format!("bad:  {bad}\n"),
        format!("good: {good} "),
        format!("  git revert {bad}\n"),
        "would inherit the label".to_owned(),
    ] {
        assert!(
            advice.stdout.contains(&line),
            "{line:?} in {}",
            advice.stdout
        );
    }
    let advice = pipeline.greenlight(&["rollback-advice", "--format", "json"]);
    let advice: serde_json::Value = serde_json::from_str(&advice.stdout).expect("JSON");
    let schema = include_str!("../../host/schemas/rollback-advice.json");
    let schema = serde_json::from_str(schema).expect("JSON");
    jsonschema::validate(&schema, &advice).expect("it fits");
    assert_eq!(advice["commands"][0], format!("git revert {bad}"));
}

#[test]
fn a_deployment_continues_without_slack() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.slack.push_str("\nwait = \"0s\"");
    pipeline.slack.answer(Answer::Refuse(500));
    pipeline.commit("Change [load test: abort]");
    let ended = pipeline.run();
    ended.is(
        0,
        &["✗ send a notification: not sent yet: Slack answered with status 500"],
    );
    let left = "Slack has not accepted 1 message (Slack answered with status 500); the next `greenlight run`";
    assert!(ended.stderr.contains(left), "{}", ended.stderr);
    let url = pipeline.slack.url();
    let journal = format!("{:?}", pipeline.entries(1));
    let secret = url.rsplit('/').next().expect("a path");
    for text in [&ended.stdout, &ended.stderr, &journal] {
        assert!(!text.contains(secret), "the URL is a secret");
    }
}

#[test]
fn a_deployment_does_not_wait_for_slack() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.slack.push_str("\nwait = \"0s\"");
    pipeline.slack.answer(Answer::Hang);
    pipeline.commit("Change [load test: abort]");
    let ended = pipeline.run();
    ended.is(
        0,
        &["✗ send a notification: not sent yet: Slack did not answer within 3s"],
    );
}

#[test]
fn truncated_results_never_pass() {
    let mut pipeline = Pipeline::new();
    for script in [": > results.json", "head -c 200 \"$1\" > results.json"] {
        let facts = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/facts/locust/passed/stats.json"
        );
        let command = ["/bin/sh", "-c", script, "sh", facts];
        pipeline.setting.load_test = command.map(str::to_owned).to_vec();
        let message = format!("Change {script} [load test: abort]");
        let ended = stops(&pipeline, &message, "load-test-errored");
        assert!(
            ended.stdout.contains("results-incomplete"),
            "{}",
            ended.stdout
        );
    }
}
