//! Runs every reader on three inputs: 100 MB, an endless stream, and one byte per second. Each run has its own process.
//! The tests check that the reader ends by itself and uses little memory.

mod body;
mod certificates;
mod compressed;
mod database;
mod metrics;
mod nodes;
mod results;

use std::env;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::feeds::{FEEDS, Feed, fake_git, path, script, server};
use super::{ALL, Limit};
use crate::effects::probe::{Answer, Prober};
use crate::effects::registry::Registry;
use crate::effects::shutdown::Shutdown;
use crate::effects::slack::{self, Delivery, Slack};
use crate::effects::{process, trigger};
use crate::facts::{git, history_file, message};
use crate::secret::Source;
use crate::server_settings::{Destination, GitHubSettings, RegistrySettings, TriggerSettings};
use crate::tls::Trust;
use crate::{child, cli, clock, config, deployment, facts, sandbox, serve};

/// The environment variables of a child: the number of its reader, the kind of input, and the source of the input.
const READER: &str = "GREENLIGHT_TEST_READER";
const FEED: &str = "GREENLIGHT_TEST_FEED";
const FROM: &str = "GREENLIGHT_TEST_FROM";

/// The time limit of the readers in a child.
const SHORTER: Duration = Duration::from_millis(1500);

/// The memory of the test binary itself, and of a reader without the data that it keeps, in KiB.
const OWN: u64 = 96 << 10;

/// The shorter time limit of a child; `None` in every other test.
pub(super) fn shorter_time_limit() -> Option<Duration> {
    env::var_os(READER).map(|_| SHORTER)
}

/// Reads the input of a child with the reader of this limit. Returns the result of the reader as text.
fn read(limit: &Limit, feed: Feed, from: &str) -> Result<String, String> {
    let path = Path::new(from);
    let done = |()| "read".to_owned();
    let of = |other: &Limit| limit.of == other.of;
    if of(&super::CONFIGURATION) {
        config::named(path)
            .map(|_| done(()))
            .map_err(|it| it.line())
    } else if of(&super::COMPONENT) {
        sandbox::read(path)
            .map(|_| done(()))
            .map_err(|it| it.to_string())
    } else if of(&super::MESSAGE) {
        message::from_file(path)
            .map(|_| done(()))
            .map_err(|it| it.line())
    } else if of(&super::INPUT) {
        message::from_stdin()
            .map(|_| done(()))
            .map_err(|it| it.line())
    } else if of(&super::RESULT) {
        results::read(path)
    } else if of(&super::HISTORY) {
        history_file::from_file(path)
            .map(|_| done(()))
            .map_err(|it| it.line())
    } else if of(&super::ANSWER) {
        deployment::answer(path).map(|_| done(()))
    } else if of(&super::FACTS) {
        let script = script(feed, "");
        let command = facts::release::command::Command {
            arguments: &["sh", "-c", &script].map(str::to_owned),
            folder: Path::new("/"),
            variables: &[],
            without: &[],
            time_limit: limit.time(),
        };
        command.run().map(|_| done(())).map_err(|it| it.line())
    } else if of(&super::EVENT) {
        facts::ci::read_event(path)
            .map(|_| done(()))
            .map_err(|it| it.line())
    } else if of(&super::EXPORTED) {
        let merged = cli::merge(path, |text| Ok(text.to_owned()));
        merged.map(done).map_err(|it| it.to_string())
    } else if of(&super::SECRET) {
        let secret = Source::File(path.to_owned()).token("token");
        secret.map(|_| done(())).map_err(|it| it.line())
    } else if of(&super::CERTIFICATES) {
        certificates::read(path).map(done)
    } else if of(&super::LOG) {
        let end = serve::end_of(path);
        end.map(|_| done(())).map_err(|it| it.to_string())
    } else if of(&super::CHILD_OUTPUT) {
        let error = serve::last_error(path);
        error.map(|_| done(())).map_err(|it| it.to_string())
    } else if of(&super::COMMIT) {
        git::commit(None, "HEAD")
            .map(|_| done(()))
            .map_err(|it| it.line())
    } else if of(&super::GIT) {
        let output = git::output(git::git(None).arg("rev-list"));
        output.map(|_| done(())).map_err(|it| it.to_string())
    } else if of(&super::CHILD_ERRORS) {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{} >&2", script(feed, ""))]);
        let output = child::output(&mut command, &super::GIT).map_err(|it| it.to_string())?;
        Ok(format!("{} bytes", output.stderr.len()))
    } else if of(&super::LINE) {
        line(feed, path)
    } else if of(&super::NODE) {
        match Prober::new(limit.time(), &Trust::default()).ask(from) {
            Answer::Version(_) => Ok(done(())),
            Answer::Unreachable(why) => Err(why),
        }
    } else if of(&super::LIST) {
        nodes::list(from, limit.time()).map(done)
    } else if of(&super::REGISTRY) || of(&super::TOKEN) {
        tags(from)
    } else if of(&super::METRICS) {
        metrics::read(from)
    } else if of(&super::CI) {
        runs(from)
    } else if of(&super::SLACK) {
        deliver_to(from)
    } else if of(&super::SLACK_API) {
        deliver_by_api(from)
    } else if of(&super::WEBHOOK) || of(&super::FORM) {
        body::read(limit, feed)
    } else if of(&super::DATABASE) {
        database::leases(from)
    } else {
        Err("the test does not know this reader".to_owned())
    }
}

fn tags(url: &str) -> Result<String, String> {
    let registry = Registry::new(RegistrySettings {
        url: url.to_owned(),
        token_server: None,
        account: None,
        trust: Trust::default(),
    });
    let tags = registry.tags("a", &|| true);
    tags.map(|_| "read".to_owned()).map_err(|it| it.line())
}

fn deliver_to(webhook: &str) -> Result<String, String> {
    sent(webhook, |url| Destination::Webhook { url })
}

fn deliver_by_api(url: &str) -> Result<String, String> {
    sent("token", |token| Destination::Bot {
        token,
        channel: "C0123".to_owned(),
        api: url.to_owned(),
    })
}

/// Sends a message to Slack with this secret, and returns the result as text.
fn sent(secret: &str, to: impl FnOnce(Source) -> Destination) -> Result<String, String> {
    let file = tempfile::NamedTempFile::new().map_err(|it| it.to_string())?;
    fs::write(file.path(), secret).map_err(|it| it.to_string())?;
    let to = to(Source::File(file.path().to_owned()));
    let message = slack::Message {
        text: "text".to_owned(),
        ..slack::Message::default()
    };
    match Slack::new(&Trust::default()).deliver(&to, &message, None) {
        Delivery::Arrived { .. } => Ok("arrived".to_owned()),
        Delivery::Failed { why, .. } | Delivery::Unknown { why } => Err(why),
    }
}

fn line(feed: Feed, folder: &Path) -> Result<String, String> {
    let command = ["sh", "-c", &script(feed, "")].map(str::to_owned);
    let task = process::Task {
        command: &command,
        variables: &[],
        without: &[],
        folder,
        log: &folder.join("log"),
        time_limit: SHORTER,
    };
    let mut longest = 0;
    let finished = process::run(&task, &Shutdown::never(), &mut |line| {
        longest = longest.max(line.len());
    });
    let ending = finished.map_err(|it| it.to_string())?.ending;
    if longest as u64 > super::LINE.bytes {
        return Err(format!("a line of {longest} bytes"));
    }
    Ok(format!("{ending:?}"))
}

fn runs(url: &str) -> Result<String, String> {
    let token = tempfile::NamedTempFile::new().map_err(|it| it.to_string())?;
    fs::write(token.path(), "token").map_err(|it| it.to_string())?;
    let github = trigger::of(&TriggerSettings::GitHub(GitHubSettings {
        url: url.to_owned(),
        repository: "a/b".to_owned(),
        token: Source::File(token.path().to_owned()),
        trust: Trust::default(),
    }));
    let found = github.find(&trigger::Request {
        key: "k1".to_owned(),
        repository: "a".to_owned(),
        tag: "b".to_owned(),
        digest: None,
        environment: "stage".to_owned(),
        commit: "c".repeat(40),
        since: clock::milliseconds(),
    });
    found
        .map(|_| "found".to_owned())
        .map_err(|it| it.to_string())
}

/// The peak memory of this process, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("its status");
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"));
    let peak = line.and_then(|it| it.trim().strip_suffix(" kB"));
    peak.and_then(|it| it.trim().parse().ok())
        .expect("a number")
}

/// Runs one reader in a child, and prints its peak memory and its result.
fn as_a_child(reader: &str) {
    let limit = ALL[reader.parse::<usize>().expect("a number")];
    let feed = env::var(FEED).expect("a feed");
    let feed = FEEDS
        .into_iter()
        .find(|it| format!("{it:?}") == feed)
        .expect("a feed");
    let said = read(limit, feed, &env::var(FROM).expect("a source"));
    println!("\nOUTCOME {} {said:?}", peak());
}

/// The number of seconds after which a child is killed, because its reader hangs. The time limit of the reader is much
/// shorter, but 100 MB take long on a busy machine.
const HUNG: &str = "120";

/// Runs a child. Returns its peak memory in KiB, and the result of its reader. A hanging child is killed after [`HUNG`].
fn outcome(reader: usize, feed: Feed) -> (u64, String) {
    let limit = ALL[reader];
    let of = |others: &[&Limit]| others.iter().any(|it| it.of == limit.of);
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new("timeout");
    command
        .arg(HUNG)
        .arg(env::current_exe().expect("this program"));
    let mut from = folder.path().display().to_string();
    let served = [
        &super::NODE,
        &super::LIST,
        &super::REGISTRY,
        &super::TOKEN,
        &super::METRICS,
        &super::CI,
        &super::SLACK,
        &super::SLACK_API,
    ];
    if of(&served) {
        from = server(limit.of, feed);
    } else if of(&[&super::DATABASE]) {
        from = database::database(feed);
    } else if of(&[&super::RESULT]) && feed == Feed::Large {
        results::write(folder.path());
    } else if of(&[&super::INPUT]) {
        let source = path(folder.path(), feed);
        let source = OpenOptions::new().read(true).open(source);
        command.stdin(source.expect("the input"));
    } else if of(&[&super::COMMIT, &super::GIT]) {
        fake_git(folder.path(), feed);
        let path = env::var("PATH").expect("PATH");
        command.env("PATH", format!("{}:{path}", folder.path().display()));
    } else if !of(&[
        &super::CHILD_ERRORS,
        &super::FACTS,
        &super::LINE,
        &super::WEBHOOK,
        &super::FORM,
    ]) {
        from = path(folder.path(), feed);
    }
    let ended = command
        .args([
            "limits::tests::every_reader_is_bounded",
            "--exact",
            "--nocapture",
        ])
        .env(READER, reader.to_string())
        .env(FEED, format!("{feed:?}"))
        .env(FROM, from)
        .output()
        .expect("this program");
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    let outcome = text.lines().find_map(|it| it.strip_prefix("OUTCOME "));
    let outcome = outcome.unwrap_or_else(|| panic!("{}, {feed:?}: {ended:?}", limit.of));
    let (peak, said) = outcome.split_once(' ').expect("two words");
    (peak.parse().expect("a number"), said.to_owned())
}

/// Whether a reader succeeds on an input because it keeps only a part of the input.
fn is_content(limit: &Limit, feed: Feed) -> bool {
    let of = |other: &Limit| limit.of == other.of;
    match feed {
        Feed::Large => [
            &super::LOG,
            &super::CHILD_OUTPUT,
            &super::CHILD_ERRORS,
            // The results are read as a stream. Each file is valid.
            &super::RESULT,
        ]
        .into_iter()
        .any(of),
        Feed::Endless | Feed::Slow => false,
    }
}

#[test]
fn every_reader_is_bounded() {
    if let Ok(reader) = env::var(READER) {
        return as_a_child(&reader);
    }
    let fed = (0..ALL.len()).filter(|it| ALL[*it].of != super::VARIABLE.of);
    let cases: Vec<_> = fed
        .flat_map(|reader| FEEDS.map(|feed| (reader, feed)))
        .collect();
    let next = AtomicUsize::new(0);
    let wrong = thread::scope(|scope| {
        let work = || {
            let mut wrong = String::new();
            while let Some((reader, feed)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                let limit = ALL[*reader];
                let began = Instant::now();
                let (peak, said) = outcome(*reader, *feed);
                let took = began.elapsed();
                println!("{}, {feed:?}: {peak} KiB, {took:.1?}, {said}", limit.of);
                let most = OWN + 4 * limit.bytes / 1024;
                // The limit ends a command, and the reader returns the end of a command as `Ok`.
                let ended = said.starts_with("Err(") || limit.of == super::LINE.of;
                if peak > most || ended == is_content(limit, *feed) {
                    let _ = writeln!(
                        wrong,
                        "{}, {feed:?}: {peak} KiB of {most}, {said}",
                        limit.of
                    );
                }
            }
            wrong
        };
        let workers = [(); 4].map(|()| scope.spawn(work));
        workers.map(|it| it.join().expect("it ended")).concat()
    });
    assert_eq!(wrong, "");
}

#[test]
fn no_program_is_started_with_a_longer_variable() {
    let start = |length: u64| {
        let long = "x".repeat(usize::try_from(length).expect("a length"));
        Command::new("true").env("LONG", long).status()
    };
    let name = "LONG=\0".len() as u64;
    assert!(
        start(super::VARIABLE.bytes - name)
            .expect("a program")
            .success()
    );
    let error = start(super::VARIABLE.bytes).expect_err("too long");
    assert_eq!(error.kind(), io::ErrorKind::ArgumentListTooLong);
}

#[test]
fn each_reader_is_listed_once() {
    for (place, limit) in ALL.iter().enumerate() {
        let others = ALL.iter().skip(place + 1);
        assert!(others.clone().all(|it| it.of != limit.of), "{}", limit.of);
        assert!(!limit.size().contains("bytes"), "{}", limit.size());
    }
}
