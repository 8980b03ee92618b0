//! Each message to Slack arrives once, even if Slack was unreachable, greenlight was killed, or another process sends
//! it.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::pipeline::{LIMIT, Pipeline, WEBHOOK};
use crate::slack::Answer;
use crate::{under_way, waiting};

/// A pipeline whose `greenlight run` does not wait for Slack at its end.
fn hasty() -> Pipeline {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    pipeline.setting.slack = format!("{WEBHOOK}\nwait = \"0s\"");
    pipeline
}

/// Waits until Slack has received this number of requests, with any result.
fn until_asked(pipeline: &Pipeline, count: usize) {
    waiting::until("requests", LIMIT, || {
        (pipeline.slack.asked() >= count).then_some(())
    });
}

/// Changes the table of the outbox directly in the database.
fn tamper(pipeline: &Pipeline, statement: &str) {
    let file = pipeline.folder().join(".greenlight/journal.db");
    let connection = rusqlite::Connection::open(file).expect("the journal");
    connection.execute_batch(statement).expect("changed");
}

#[test]
fn a_message_arrives_when_slack_is_back() {
    let mut pipeline = hasty();
    WEBHOOK.clone_into(&mut pipeline.setting.slack);
    pipeline.slack.answer(Answer::Refuse(503));
    let commit = pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let run = pipeline.start(&["run", "--tag", &tags[0]]);
    until_asked(&pipeline, 3);
    assert_eq!(
        pipeline.conclusion(1).as_deref(),
        Some("promoted"),
        "greenlight has ended early"
    );
    pipeline.slack.answer(Answer::Accept);
    assert_eq!(run.wait(LIMIT).code(), Some(0));
    let accepted = pipeline.slack.accepted();
    assert_eq!(accepted.len(), 1, "{accepted:?}");
    assert!(
        accepted[0].contains(&format!("{} was promoted", &commit[..12])),
        "{accepted:?}"
    );
}

#[test]
fn the_next_run_sends_what_is_left() {
    let pipeline = hasty();
    pipeline.slack.answer(Answer::Refuse(503));
    let first = pipeline.commit("Change [load test: skip]");
    let left = pipeline.run();
    left.is(
        0,
        &["not sent yet: Slack answered with status 503; greenlight tries again"],
    );
    let note = "Slack has not accepted 1 message (Slack answered with status 503)";
    assert!(left.stderr.contains(note), "{}", left.stderr);
    pipeline.greenlight(&["status"]).is(
        0,
        &["message to Slack not sent yet: `promoted` of deployment 1: Slack answered with status 503"],
    );
    pipeline.slack.answer(Answer::Accept);
    // The next attempt of the message may not be due yet.
    tamper(&pipeline, "UPDATE outbox SET due = 0, boot_due = 0");
    let second = pipeline.commit("Next change [load test: skip]");
    pipeline.run().is(0, &[]);
    let accepted = pipeline.slack.accepted();
    let of = |commit: &str| {
        let text = format!("{} was promoted", &commit[..12]);
        accepted.iter().filter(|it| it.contains(&text)).count()
    };
    assert_eq!(
        (of(&first), of(&second), accepted.len()),
        (1, 1, 2),
        "{accepted:?}"
    );
    let status = pipeline.greenlight(&["status"]).stdout;
    assert!(!status.contains("message to Slack"), "{status}");
}

#[test]
fn a_message_that_may_have_arrived_is_not_sent_again() {
    let pipeline = hasty();
    pipeline.slack.answer(Answer::Swallow);
    let first = pipeline.commit("Change [load test: skip]");
    let unknown = "the message may have arrived: Slack did not answer within 3s";
    pipeline.run().is(0, &[unknown]);
    pipeline.greenlight(&["status", "1"]).is(0, &[unknown]);
    pipeline.slack.answer(Answer::Accept);
    let second = pipeline.commit("Next change [load test: skip]");
    pipeline.run().is(0, &[]);
    let told = pipeline.told();
    let of = |commit: &str| told.iter().filter(|it| it.contains(&commit[..12])).count();
    assert_eq!((of(&first), of(&second)), (1, 1), "{told:?}");
}

/// If greenlight is killed while Slack has the message and has not answered, the message is not sent again. If
/// greenlight is killed immediately before it stores the message, the message is sent.
#[test]
fn a_kill_neither_repeats_a_message_nor_loses_it() {
    for was_handed_over in [true, false] {
        let pipeline = hasty();
        pipeline.slack.answer(Answer::Swallow);
        let commit = pipeline.commit("Change [load test: skip]");
        let tags = pipeline.tags();
        let mut run = pipeline.start(&["run", "--tag", &tags[0]]);
        waiting::until("message", LIMIT, || pipeline.slack.messages().pop());
        kill_process(Pid::from_child(run.child()), Signal::KILL).expect("it runs");
        run.wait(LIMIT);
        pipeline.slack.answer(Answer::Accept);
        tamper(
            &pipeline,
            if was_handed_over {
                // End the claim of the killed process.
                "UPDATE outbox SET due = 0, boot_due = 0"
            } else {
                "DELETE FROM outbox; UPDATE anchors SET row_count = 0 WHERE name = 'outbox'"
            },
        );
        pipeline.greenlight(&["run", "--resume"]).is(0, &[]);
        assert_eq!(pipeline.conclusion(1).as_deref(), Some("promoted"));
        let told = pipeline.told();
        let asked = if was_handed_over { 1 } else { 2 };
        assert_eq!(told.len(), asked, "{told:?}");
        assert!(told.iter().all(|it| it.contains(&commit[..12])), "{told:?}");
    }
}

#[test]
fn a_bot_updates_its_message() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    pipeline.setting.load_test = vec!["false".to_owned()];
    pipeline.setting.slack = format!(
        "token-variable = \"SLACK_TOKEN\"\nchannel = \"C0123456789\"\napi = \"{}\"\n\
         [report]\nurl = \"https://greenlight.example.org/deployments/{{deployment}}\"",
        pipeline.slack.api()
    );
    let commit = pipeline.commit("feat: pool [load test: warn]");
    let tags = pipeline.tags();
    let run = under_way::deploying(&pipeline, &tags[0]);
    waiting::until("the first message", LIMIT, || {
        (!pipeline.slack.messages().is_empty()).then_some(())
    });
    pipeline.stage.pace(Duration::ZERO);
    assert_eq!(run.wait(LIMIT).code(), Some(0));
    let messages = pipeline.slack.messages();
    let methods: Vec<_> = messages.iter().map(|it| it.method.as_str()).collect();
    let (first, updates) = methods.split_first().expect("a message");
    assert_eq!(*first, "chat.postMessage");
    assert!(!updates.is_empty(), "{methods:?}");
    assert!(updates.iter().all(|it| *it == "chat.update"), "{methods:?}");
    let text = |place: usize| messages[place].body["text"].as_str().expect("a text");
    let begins = format!("{} is being released", &commit[..12]);
    assert!(text(0).contains(&begins), "{}", text(0));
    let place = messages.len() - 1;
    assert!(text(place).starts_with(":warning:"), "{}", text(place));
    assert!(
        text(place).contains("was promoted with a warning"),
        "{}",
        text(place)
    );
    let last = messages[place].body.to_string();
    for said in [
        "feat: pool [load test: warn], by ",
        "continues with a warning",
        "load test of stage: ",
        "find out what the warning means for production",
        "<https://greenlight.example.org/deployments/1|Report>",
    ] {
        assert!(last.contains(said), "{said:?} in {last}");
    }
    let journal = format!("{:?}", pipeline.entries(1));
    assert!(
        !journal.contains(crate::slack::TOKEN),
        "the token is a secret"
    );
}

/// If Slack does not answer, greenlight sends it no message. So all messages arrive when Slack answers again.
#[test]
fn a_slack_that_hangs_loses_nothing() {
    let pipeline = hasty();
    pipeline.slack.answer(Answer::Hang);
    let mut commits = Vec::new();
    for number in 0..3 {
        commits.push(pipeline.commit(&format!("Change {number} [load test: skip]")));
        pipeline.run().is(0, &[]);
    }
    assert_eq!(pipeline.slack.messages(), []);
    pipeline.slack.answer(Answer::Accept);
    tamper(&pipeline, "UPDATE outbox SET due = 0, boot_due = 0");
    commits.push(pipeline.commit("Last change [load test: skip]"));
    pipeline.run().is(0, &[]);
    let accepted = pipeline.slack.accepted();
    for commit in &commits {
        let about = accepted.iter().filter(|it| it.contains(&commit[..12]));
        assert_eq!(about.count(), 1, "{commit} in {accepted:?}");
    }
}

/// A deployment with a bot does not wait for Slack, and its message is sent once.
#[test]
fn a_bot_posts_once_whatever_slack_does() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    pipeline.setting.slack = format!(
        "token-variable = \"SLACK_TOKEN\"\nchannel = \"C0123456789\"\napi = \"{}\"",
        pipeline.slack.api()
    );
    pipeline.slack.answer(Answer::Hang);
    let commit = pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let run = pipeline.start(&["run", "--tag", &tags[0]]);
    pipeline.until_status(1, "deployment 1: promoted");
    pipeline.slack.answer(Answer::Accept);
    assert_eq!(run.wait(LIMIT).code(), Some(0));
    let messages = pipeline.slack.messages();
    let posts = messages.iter().filter(|it| it.method == "chat.postMessage");
    assert_eq!(posts.count(), 1, "{messages:?}");
    let accepted = pipeline.slack.accepted();
    let last = accepted.last().expect("a message");
    assert!(
        last.contains(&format!("{} was promoted", &commit[..12])),
        "{last}"
    );
}

#[test]
fn a_message_says_what_failed() {
    let mut pipeline = hasty();
    let script = "echo uploading; echo 'quota exceeded' >&2; exit 3";
    let deploy = ["/bin/sh", "-c", script].map(str::to_owned);
    pipeline.setting.deploy_prod = Some(deploy.to_vec());
    let commit = pipeline.commit("feat: pool [load test: skip]");
    assert_eq!(pipeline.run().status, 1);
    let messages = pipeline.slack.messages();
    assert_eq!(messages.len(), 1, "{messages:?}");
    let told = messages[0].body.to_string();
    for said in [
        "feat: pool [load test: skip], by ",
        "deploy command of prod: exit status 3",
        "uploading\\nquota exceeded",
        &format!("`git revert {}`", &commit[..12]),
    ] {
        assert!(told.contains(said), "{said:?} in {told}");
    }
}
