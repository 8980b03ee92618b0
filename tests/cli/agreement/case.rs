//! Random configurations, messages and evidence, and the answers that follow from the documented rules.

use std::fmt::{self, Write as _};
use std::thread;

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// The actions, the strongest label first.
pub const ACTIONS: [&str; 3] = ["abort", "skip", "warn"];

/// Texts that look like a label and are none.
const NEAR_MISSES: [&str; 4] = [
    "[load test:skip]",
    "[load test: (abort)]",
    "[load tests: warn]",
    "[Load Test: abort]",
];

/// Legal names: beginnings of each other, with hyphens, and with words that tags have.
const NAMES: [&str; 8] = [
    "stage",
    "prod",
    "pre",
    "pre-prod",
    "stage-loadtest",
    "latest",
    "eu--1-",
    "0",
];

/// What a team sets, what a commit says, how it was built and tested, and where the commands run.
#[derive(Clone)]
pub struct Case {
    /// The names of the environments, in order.
    pub environments: Vec<String>,
    pub publish_branch: Option<&'static str>,
    pub default_action: Option<&'static str>,
    pub required_jobs: Vec<&'static str>,
    pub thresholds: Thresholds,
    /// An action that counts more than the file's: `GREENLIGHT_DEFAULT_ACTION` or `--default-action`.
    pub override_action: Option<&'static str>,
    pub message: String,
    /// The actions of the labels in the message.
    pub labels: Vec<&'static str>,
    pub build: Build,
    pub measured: Measured,
    pub place: Place,
}

#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    pub min_requests: u64,
    pub max_failures: u64,
    pub max_p95: Option<u64>,
}

/// How the commit was built.
#[derive(Clone, Debug)]
pub struct Build {
    pub is_of_publish_branch: bool,
    /// The status of each required job; `None` if the build does not have the job.
    pub jobs: Vec<Option<&'static str>>,
}

/// What a load test measured.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    pub requests: u64,
    pub failures: u64,
    pub p95: u64,
}

#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// The root of the repository, with the file.
    Root,
    /// A folder below it.
    Below,
    /// Another folder: a variable names the file, a flag the repository.
    Elsewhere,
}

impl Case {
    /// The file. Deployments fail at once, so that a run ends with its first decision about one.
    pub fn file(&self) -> String {
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
                "[[environment]]\nname = \"{name}\"\ndeploy = [\"false\"]\nnodes = [\"http://127.0.0.1:1\"]\n\
                 convergence-rounds = 1"
            );
        }
        let Thresholds {
            min_requests,
            max_failures,
            max_p95,
        } = self.thresholds;
        let _ = writeln!(
            text,
            "[load-test]\ncommand = [\"false\"]\nformat = \"k6\"\nresults = \"r.json\"\n\
             [load-test.thresholds]\nmin-requests = {min_requests}\nmax-failures = {max_failures}"
        );
        if let Some(limit) = max_p95 {
            let _ = writeln!(text, "max-p95 = {limit}");
        }
        text.push_str("[serve]\ntoken-variable = \"HOOK_SECRET\"\nrepositories = [\"shop\"]\n");
        text
    }

    /// The action that counts: the strongest label's, else the overriding one, the file's or the default.
    pub fn action(&self) -> &'static str {
        let label = ACTIONS.into_iter().find(|it| self.labels.contains(it));
        let set = label.or(self.override_action).or(self.default_action);
        set.unwrap_or("warn")
    }

    /// Whether a label sets the action.
    pub fn is_labeled(&self) -> bool {
        !self.labels.is_empty()
    }

    /// The branch whose builds are published.
    pub fn branch(&self) -> &'static str {
        self.publish_branch.unwrap_or("main")
    }

    /// The tags of a commit for an action, in the order of the environments.
    pub fn tags(&self, action: &str, commit: &str) -> Vec<String> {
        let task = match action {
            "skip" => String::new(),
            action => format!("loadtest-{action}-"),
        };
        let tasks = std::iter::once(task.as_str()).chain(std::iter::repeat(""));
        let names = self.environments.iter().zip(tasks);
        let tags = names.map(|(name, task)| format!("{name}-{task}{commit}"));
        tags.chain(["latest".to_owned()]).collect()
    }

    /// The codes of the reasons against publishing the build; empty if it is published.
    pub fn refusals(&self) -> Vec<String> {
        let branch = (!self.build.is_of_publish_branch).then_some("branch-not-published");
        let jobs = self.required_jobs.iter().zip(&self.build.jobs);
        let jobs = jobs.filter_map(|(_, status)| match status {
            Some("passed") => None,
            Some(status) => Some(format!("job-{status}")),
            None => Some("job-missing".to_owned()),
        });
        let mut codes: Vec<_> = branch.map(str::to_owned).into_iter().chain(jobs).collect();
        codes.sort_unstable();
        codes
    }

    /// The verdict on what was measured.
    pub fn verdict(&self) -> &'static str {
        let (limits, measured) = (self.thresholds, self.measured);
        if measured.failures > limits.max_failures
            || limits.max_p95.is_some_and(|it| measured.p95 > it)
        {
            "failed"
        } else if measured.requests < limits.min_requests {
            "inconclusive"
        } else {
            "passed"
        }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            override_action,
            message,
            build,
            measured,
            place,
            ..
        } = self;
        writeln!(f, "\n--- greenlight.toml\n{}", self.file())?;
        writeln!(f, "--- message\n{message}")?;
        writeln!(
            f,
            "--- overriding action: {override_action:?}, action that counts: {}",
            self.action()
        )?;
        writeln!(f, "--- {build:?}, {measured:?}, {place:?}")
    }
}

/// The threads that check cases at the same time.
const THREADS: u32 = 2;

/// Checks a property with at least so many random cases, and looks for a simpler case that fails in at most so many
/// steps. `property` makes it for one thread. A failure shows the case, and the seed that repeats it.
pub fn check<P: Fn(&Case)>(cases: u32, steps: u32, property: impl Fn() -> P + Sync) {
    let config = Config::default();
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => fastrand::u64(..),
    };
    let check_some = |thread: u32| {
        let mut runner = TestRunner::new(Config {
            cases: cases.div_ceil(THREADS),
            max_shrink_iters: steps,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(seed.wrapping_add(u64::from(thread))),
            ..config.clone()
        });
        let property = property();
        let checked = runner.run(&random(), |case| {
            property(&case);
            Ok(())
        });
        if let Err(error) = checked {
            panic!("{error}\nrepeat it with PROPTEST_RNG_SEED={seed}");
        }
    };
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let check_some = &check_some;
            scope.spawn(move || check_some(thread));
        }
    });
}

fn random() -> impl Strategy<Value = Case> {
    let action = || option::of(select(ACTIONS.to_vec()));
    let branch = option::of(select(vec!["trunk", "release/1"]));
    let jobs = proptest::sample::subsequence(vec!["test", "lint", "build image"], 0..=3);
    let place = select(vec![Place::Root, Place::Below, Place::Elsewhere]);
    let measured = (
        select(vec![5, 2_000_000]),
        select(vec![0, 2, 4]),
        select(vec![100, 60_000]),
    )
        .prop_map(|(requests, failures, p95)| Measured {
            requests,
            failures,
            p95,
        });
    (
        (environments(), branch, action(), jobs, thresholds()),
        (action(), message(), build(), measured, place),
    )
        .prop_map(
            |(set, (override_action, message, build, measured, place))| {
                let (environments, publish_branch, default_action, required_jobs, thresholds) = set;
                let (message, labels) = message;
                Case {
                    environments,
                    publish_branch,
                    default_action,
                    required_jobs,
                    thresholds,
                    override_action,
                    message,
                    labels,
                    build,
                    measured,
                    place,
                }
            },
        )
}

/// Two to four environments. A name that begins with a load test tag of the first one would be ambiguous.
fn environments() -> impl Strategy<Value = Vec<String>> {
    let name = prop_oneof![
        3 => select(NAMES.to_vec()).prop_map(str::to_owned),
        1 => "[a-z0-9][a-z0-9-]{0,12}",
    ];
    let names = btree_set(name, 2..=4).prop_map(Vec::from_iter);
    names.prop_shuffle()
}

/// The built-in load test is fast, makes some hundred requests, and none of them fails.
fn thresholds() -> impl Strategy<Value = Thresholds> {
    let limits = (
        select(vec![1, 1_000_000]),
        select(vec![0, 3]),
        option::of(Just(30_000)),
    );
    limits.prop_map(|(min_requests, max_failures, max_p95)| Thresholds {
        min_requests,
        max_failures,
        max_p95,
    })
}

/// Mostly one that is published.
fn build() -> impl Strategy<Value = Build> {
    let status = prop_oneof![
        6 => Just(Some("passed")),
        1 => select(vec![None, Some("failed"), Some("skipped"), Some("running")]),
    ];
    (proptest::bool::weighted(0.8), vec(status, 3)).prop_map(|(is_of_publish_branch, jobs)| Build {
        is_of_publish_branch,
        jobs,
    })
}

/// A message of words, labels and near misses in the subject and in the body, and the actions of the labels.
fn message() -> impl Strategy<Value = (String, Vec<&'static str>)> {
    let labels = vec(select(ACTIONS.to_vec()), 0..=3);
    let near_misses = vec(select(NEAR_MISSES.to_vec()), 0..=2);
    let words = vec("[a-zé]{1,8}", 0..=4);
    let gaps = vec(select(vec![" ", "\n", "\n\n", "\r\n"]), 9);
    (labels, near_misses, words)
        .prop_flat_map(|(labels, near_misses, words)| {
            let labeled = labels.iter().map(|it| format!("[load test: {it}]"));
            let others = near_misses.into_iter().map(str::to_owned).chain(words);
            let parts: Vec<String> = labeled.chain(others).collect();
            (Just(parts).prop_shuffle(), Just(labels))
        })
        .prop_flat_map(move |parts| (Just(parts), gaps.clone()))
        .prop_map(|((parts, labels), gaps)| {
            let parts = parts.iter().zip(gaps);
            let parts: Vec<_> = parts.map(|(part, gap)| [gap, part].concat()).collect();
            (format!("Change{}\n", parts.concat()), labels)
        })
}
