//! Running the load test: the team's own command against an environment whose version is watched.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::commands::{self, Ran};
use super::entry::Details;
use super::log::Log;
use super::nodes::{Nodes, commits};
use super::{Error, baseline};
use crate::config::{self, Config};
use crate::contract::promotion::{Baseline, LoadTestResult, LoadTestRun, Measurement};
use crate::contract::settings::LOAD_TEST;
use crate::contract::types::Settings;
use crate::effects::process::Ending;
use crate::effects::shutdown::Shutdown;
use crate::facts::load_test::{self, Files, Run};

/// How long the version under test may go unwatched.
const WATCH: Duration = Duration::from_secs(5);

/// A load test that is about to run. Its result files are in the folder of this run, or where the configuration is:
/// there they are looked at before the run, to tell new ones from old ones.
pub(super) struct RunningTest<'a> {
    how: &'a config::LoadTest,
    /// The folder of this run.
    own: PathBuf,
    /// The folder of the configuration.
    shared: &'a Path,
    before: Vec<Stamp>,
    judged: Judged,
}

/// What a load test is judged with, besides its own numbers.
#[derive(Default)]
pub(super) struct Judged {
    /// The names of requests that have thresholds.
    names: Vec<String>,
    /// What the last promoted release measured, if it is compared.
    baseline: Option<Baseline>,
}

impl Judged {
    /// Reads what the settings need for a load test.
    pub(super) fn of(
        asked: &LoadTestRun,
        settings: &Settings,
        log: &mut Log,
    ) -> Result<Self, Error> {
        let mut environments = settings.environments.iter();
        let environment = environments.find(|it| it.name == asked.environment);
        let mut tests = environment.into_iter().flat_map(|it| &it.load_tests);
        let Some(test) = tests.find(|it| it.name == asked.name) else {
            return Ok(Self::default());
        };
        let named = test.by_name.iter();
        let mut thresholds = named.map(|it| &it.thresholds).chain([&test.thresholds]);
        let is_compared = thresholds.any(|it| it.max_increase.is_some());
        let store = log.store.as_mut();
        Ok(Self {
            names: test.by_name.iter().map(|it| it.name.clone()).collect(),
            baseline: if is_compared {
                baseline::find(store, asked)?
            } else {
                None
            },
        })
    }
}

/// The results of a load test.
pub(super) struct Measured {
    /// The result that the policy receives.
    pub(super) result: LoadTestResult,
    /// The details for reports.
    pub(super) details: Details,
    /// Its outcome in words.
    pub(super) said: String,
    /// Whether it ran to its end and wrote all results.
    pub(super) well: bool,
}

impl<'a> RunningTest<'a> {
    /// Looks at the result files before the test runs.
    pub(super) fn prepare(
        config: &'a Config,
        how: &'a config::LoadTest,
        own: PathBuf,
        judged: Judged,
    ) -> Self {
        let mut run = Self {
            how,
            own,
            shared: &config.folder,
            before: Vec::new(),
            judged,
        };
        let files = run.files(|file| run.shared.join(file));
        run.before = named(&files).into_iter().map(|it| Stamp::of(it)).collect();
        run
    }

    fn files(&self, path: impl Fn(&Path) -> PathBuf) -> Files {
        Files {
            results: path(&self.how.results),
            history: self.how.history.as_deref().map(&path),
            stats: self.how.stats.as_deref().map(&path),
            exceptions: self.how.exceptions.as_deref().map(&path),
            stale: Vec::new(),
        }
    }

    /// The place of a file that the test has written: in the folder of this run, else where the configuration is.
    fn written(&self, file: &Path) -> PathBuf {
        let own = self.own.join(file);
        if own.exists() {
            own
        } else {
            self.shared.join(file)
        }
    }

    /// Reads what the test wrote, and copies its files into the folder of the deployment under the
    /// position of the next entry.
    pub(super) fn measured(
        self,
        ran: Ran,
        versions: Vec<String>,
        folder: &Path,
        position: u64,
    ) -> Measured {
        let mut files = self.files(|file| self.written(file));
        let expected = named(&files).into_iter().zip(&self.before);
        let (stale, written): (Vec<_>, Vec<_>) = expected
            .partition(|(file, before)| before.is_of_a_file() && Stamp::of(file) == **before);
        let paths = |files: Vec<(&PathBuf, _)>| -> Vec<PathBuf> {
            files.into_iter().map(|(file, _)| file.clone()).collect()
        };
        let (stale, written) = (paths(stale), paths(written));
        files.stale = stale;
        let (mut results, curve) = load_test::read(&Run {
            format: self.how.format,
            files,
            requests: self.how.requests.clone(),
            names: self.judged.names.clone(),
            exit_status: ran.details.exit_status,
        });
        let kept = written.iter();
        let kept = kept.filter_map(|it| keep(it, folder, position)).collect();
        let exit_status = match ran.ending {
            // As shells report a command that does not exist.
            Ending::NotStarted(_) => Some(127),
            _ => ran.details.exit_status,
        };
        // The status of a command that did not start is made up, so the list does not apply to it.
        let exited = ran.details.exit_status;
        let is_success = exited.is_some_and(|it| self.how.success_exit_status.contains(&it));
        if let (Some(status @ (..=-1 | 1..)), true) = (exit_status, is_success) {
            results.notes.push(format!(
                "exit status {status} counts as success (`success-exit-status`)"
            ));
        }
        let well = is_success && results.complete;
        let mut said = format!(
            "{}; {} requests, {} failed",
            ran.details.ended, results.requests, results.failures
        );
        for note in &results.notes {
            let _ = write!(said, "; {note}");
        }
        Measured {
            said: ran.said(said, folder, well),
            well,
            result: LoadTestResult::Measured(Measurement {
                total: results.total(),
                by_name: results.by_name,
                baseline: self.judged.baseline,
                exceptions: results.exceptions,
                duration: results.duration,
                broken_thresholds: results.broken_thresholds,
                exit_status: if is_success { Some(0) } else { exit_status },
                complete: results.complete,
                versions,
            }),
            details: Details::LoadTest {
                command: ran.details,
                notes: results.notes,
                kept,
                curve,
            },
        }
    }
}

/// Does something while the nodes are asked for their version, at least every five seconds. Returns the
/// commits that answered, behind those that are known already.
pub(super) fn watching<T>(
    nodes: Option<&Nodes>,
    interval: Duration,
    known: Vec<String>,
    action: impl FnOnce() -> T,
) -> (T, Vec<String>) {
    let answered = Mutex::new(known);
    let over = Shutdown::never();
    let done = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.wait(interval.min(WATCH)) {
                if let Some(nodes) = nodes {
                    let more = commits(&nodes.ask(&over));
                    let mut all = answered.lock().unwrap_or_else(PoisonError::into_inner);
                    add(&mut all, more);
                }
            }
        });
        let done = action();
        over.request();
        done
    });
    let answered = answered.into_inner();
    (done, answered.unwrap_or_else(PoisonError::into_inner))
}

/// Adds commits that are not known yet.
pub(super) fn add(all: &mut Vec<String>, more: Vec<String>) {
    for commit in more {
        if !all.contains(&commit) {
            all.push(commit);
        }
    }
}

/// What tells whether a file was written anew: its time, size and inode.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp(Option<(SystemTime, u64, u64)>);

impl Stamp {
    fn of(path: &Path) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let seen = fs::metadata(path).and_then(|it| Ok((it.modified()?, it.len(), it.ino())));
        Self(seen.ok())
    }

    /// Whether the file existed.
    fn is_of_a_file(&self) -> bool {
        self.0.is_some()
    }
}

/// The files that are expected, the results first.
fn named(files: &Files) -> Vec<&PathBuf> {
    let others = [&files.history, &files.stats, &files.exceptions];
    let others = others.into_iter().flatten();
    std::iter::once(&files.results).chain(others).collect()
}

/// Copies a result into the folder of the deployment, and returns its name there.
fn keep(file: &Path, folder: &Path, position: u64) -> Option<String> {
    let name = format!("{position:04}-{}", file.file_name()?.to_string_lossy());
    fs::copy(file, folder.join(&name)).ok()?;
    Some(name)
}

/// The name of the folder and the log of a run.
pub(super) fn folder(position: u64, run: &LoadTestRun) -> String {
    let what = match run.name.as_str() {
        LOAD_TEST => LOAD_TEST.to_owned(),
        name => format!("{LOAD_TEST}-{name}"),
    };
    commands::name(position, &what, &run.environment)
}

/// The variable with the name of a load test.
pub(super) fn variables(run: &LoadTestRun) -> Vec<(String, String)> {
    vec![("GREENLIGHT_LOAD_TEST_NAME".to_owned(), run.name.clone())]
}

/// A load test that the policy asks for and the configuration does not have.
pub(super) fn not_configured(run: &LoadTestRun) -> Error {
    let LoadTestRun { environment, name } = run;
    Error::host(
        format!("load test `{name}` in `{environment}` is not configured"),
        "write a `[[load-test]]` table with this `name` and this name in `environments` into the configuration, or \
         label the commit `[load test: skip]`",
    )
}
