//! The team's configuration decides; the template adds none of its own.

use super::{SHELLS, Shown, configuration, exported, job, machine, run, variables};
use crate::settings;

#[test]
fn every_job_uses_the_configuration_of_the_team() {
    let configuration = configuration();
    for config in settings::CONFIG {
        // A job runs with variables; `GREENLIGHT_CONFIG` is one of them if the file is not `greenlight.toml`.
        let given = |more: &[(&str, &str)]| {
            let config = config.map(|file| ("GREENLIGHT_CONFIG", file));
            let all: Vec<_> = config.into_iter().chain(more.iter().copied()).collect();
            variables(&all)
        };
        let jobs = settings::JOBS.join(" ");
        let all = given(&[("GREENLIGHT_JOBS", &jobs)]);
        let tags = job(&configuration, ".greenlight-tags");

        let main = machine(settings::MESSAGE, "main");
        let _nodes = settings::prepare(&main, config);
        let (shown, ended) = run(&main, SHELLS[1], &tags, &all);
        assert_eq!(shown, Shown::Failed, "{ended}");
        ended.says(settings::OTHER_BRANCH);

        let trunk = machine(settings::MESSAGE, settings::BRANCH);
        let _nodes = settings::prepare(&trunk, config);
        let label = job(&configuration, ".greenlight-label");
        let (shown, ended) = run(&trunk, SHELLS[1], &label, &given(&[]));
        assert_eq!(shown, Shown::Passed, "{ended}");
        assert_eq!(exported(&trunk, &label)["GREENLIGHT_ACTION"], "abort");
        let one = given(&[("GREENLIGHT_JOBS", "test")]);
        let (shown, ended) = run(&trunk, SHELLS[1], &tags, &one);
        assert_eq!(shown, Shown::Failed, "{ended}");
        ended.says(settings::MISSING_JOB);
        let (shown, ended) = run(&trunk, SHELLS[1], &tags, &all);
        assert_eq!(shown, Shown::Passed, "{ended}");
        let expected = settings::tags(&trunk);
        let printed = &exported(&trunk, &tags)["GREENLIGHT_TAGS"];
        assert_eq!(*printed, expected.join(" "));

        let tag = ("TAG", expected[0].as_str());
        let resolve = job(&configuration, ".greenlight-resolve");
        let (shown, ended) = run(&trunk, SHELLS[1], &resolve, &given(&[tag]));
        assert_eq!(shown, Shown::Passed, "{ended}");
        assert_eq!(exported(&trunk, &resolve)["GREENLIGHT_ENVIRONMENT"], "qa");
        let decide = job(&configuration, ".greenlight-decide");
        let evidence = given(&[tag, ("STAGE", "converged"), ("LOAD_TEST", "failed")]);
        let (shown, ended) = run(&trunk, SHELLS[1], &decide, &evidence);
        assert_eq!(shown, Shown::Failed, "{ended}");
        let reason = &exported(&trunk, &decide)["GREENLIGHT_REASON"];
        assert_eq!(reason, "load-test-failed");
        let deploy = job(&configuration, ".greenlight-run");
        let (shown, ended) = run(&trunk, SHELLS[1], &deploy, &given(&[tag]));
        assert_eq!(shown, Shown::Passed, "{ended}");
        assert_eq!(settings::live(&trunk), trunk.commit);
    }
}
