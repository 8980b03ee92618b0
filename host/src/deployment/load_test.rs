//! Running the load test: the team's own command against an environment whose version is watched.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::convergence::commits;
use super::entry::Details;
use super::files::Stamp;
use super::{Driver, Error};
use crate::config;
use crate::contract::promotion::{Action, Happening, LoadTest, LoadTestResult, Measurement};
use crate::effects::interrupt::Interrupt;
use crate::effects::process::Ending;
use crate::facts;
use crate::facts::load_test::{self, Files, Point, Results};

/// The most points of a curve that are kept in the journal: more than a picture can show.
const POINTS: usize = 600;

impl Driver<'_> {
    pub(super) fn load_test(&mut self, environment: &str, effect: &Action) -> Result<(), Error> {
        let Some(how) = self.means.config.load_test.clone() else {
            return Err(facts::Error::new(
                format!("a load test against `{environment}` is to run, and none is configured"),
                "write a `[load-test]` table into the configuration, or label the commit \
                 `[load test: skip]`",
            )
            .into());
        };
        self.hold(environment)?;
        let files = self.files(&how);
        let named = named(&files);
        let before: Vec<Stamp> = named.iter().map(|it| Stamp::of(it)).collect();
        self.start(effect)?;
        let answered = Mutex::new(commits(&self.ask(environment)));
        let over = Interrupt::never();
        let watched = self.nodes(environment);
        let interval = Duration::from_secs(u64::from(self.settings.poll_interval)).min(WATCH);
        let (finished, command) = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.wait(interval) {
                    if let Some((prober, nodes)) = &watched {
                        add(&answered, commits(&prober.round(nodes, &over)));
                    }
                }
            });
            let ran = self.command(
                &how.command,
                &format!("load-test-{environment}"),
                environment,
                how.time_limit.duration(),
            );
            over.raise();
            ran
        })?;
        if self.was_interrupted(&finished.ending) {
            return self.go_on();
        }
        add(&answered, commits(&self.ask(environment)));
        let mut results = load_test::read(how.format, &files);
        // What was there before is the result of another test.
        if Stamp::of(&files.results) == before[0] {
            let name = how.results.display();
            results = Results {
                notes: vec![format!("the test did not write `{name}` anew")],
                ..Results::default()
            };
        }
        let written = named.iter().zip(&before);
        let written = written.filter(|(file, before)| Stamp::of(file) != **before);
        let written: Vec<_> = written.map(|(file, _)| *file).collect();
        let kept = written.iter().filter_map(|file| self.keep(file)).collect();
        // The curves of another test would be worse than none.
        let drawn = files.history.as_ref().filter(|it| written.contains(it));
        let curve = drawn.map(|it| load_test::curve(it));
        let curve = curve.and_then(Result::ok).map(thinned).unwrap_or_default();
        let versions = answered
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let measurement = Measurement {
            requests: results.requests,
            failures: results.failures,
            exceptions: results.exceptions,
            duration: results.duration,
            p95: results.p95,
            broken_thresholds: results.broken_thresholds,
            exit_status: match finished.ending {
                // As shells say it: there was nothing that a signal could have ended.
                Ending::NotStarted(_) => Some(127),
                _ => command.exit_status,
            },
            complete: results.complete,
            versions,
        };
        let said = format!(
            "{}; {} requests, {} failed",
            command.ended, measurement.requests, measurement.failures
        );
        let well = command.exit_status == Some(0) && results.complete;
        let said = self.with_log(said, &command.log, well);
        let test = LoadTest {
            environment: environment.to_owned(),
            result: LoadTestResult::Measured(measurement),
        };
        let details = Details::LoadTest {
            command,
            notes: results.notes,
            kept,
            curve: curve.iter().map(Into::into).collect(),
        };
        self.happened(Happening::LoadTested(test), details)?;
        self.means.screen.ended(effect, well, &said, finished.took);
        Ok(())
    }

    /// Where the tool leaves its files.
    fn files(&self, how: &config::LoadTest) -> Files {
        let path = |file: &Path| self.means.config.folder.join(file);
        Files {
            results: path(&how.results),
            history: how.history.as_deref().map(path),
            stats: how.stats.as_deref().map(path),
            exceptions: how.exceptions.as_deref().map(path),
        }
    }

    /// Copies a result into the folder of the deployment, and returns its name there.
    fn keep(&self, file: &Path) -> Option<String> {
        let name = format!(
            "{:04}-{}",
            self.log.next(),
            file.file_name()?.to_string_lossy()
        );
        fs::copy(file, self.folder.join(&name)).ok()?;
        Some(name)
    }
}

/// The files that are expected, the results first.
fn named(files: &Files) -> Vec<&PathBuf> {
    let others = [&files.history, &files.stats, &files.exceptions];
    let others = others.into_iter().flatten();
    std::iter::once(&files.results).chain(others).collect()
}

/// How long the version under test may go unwatched.
const WATCH: Duration = Duration::from_secs(5);

fn add(all: &Mutex<Vec<String>>, more: Vec<String>) {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    for commit in more {
        if !all.contains(&commit) {
            all.push(commit);
        }
    }
}

fn thinned(points: Vec<Point>) -> Vec<Point> {
    let step = points.len().div_ceil(POINTS).max(1);
    points.into_iter().step_by(step).collect()
}
