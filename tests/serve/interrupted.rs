//! The pages of the server while a deployment is interrupted: its process was killed before the end.

use rustix::process::{Pid, Signal, kill_process};

use crate::chromium;
use crate::pipeline::{LIMIT, Pipeline};
use crate::server::{Server, table};

/// The process of the deployment is killed after one node of production was replaced.
fn interrupted() -> Pipeline {
    let mut pipeline = Pipeline::recorded();
    pipeline.fail_after_one_node();
    pipeline.setting.deploy_prod = None;
    pipeline.setting.serve = Some(table(""));
    pipeline.commit("Reserve stock [load test: skip]");
    let tags = pipeline.tags();
    pipeline.prod.pace(std::time::Duration::from_mins(10));
    let mut run = pipeline.start(&["run", "--tag", &tags[0]]);
    pipeline.prod.wait("deployment", |state| {
        state.deployments.iter().any(|it| it.state == "rolling")
    });
    kill_process(Pid::from_child(run.child()), Signal::KILL).expect("it runs");
    run.wait(LIMIT);
    pipeline
}

#[test]
fn an_interrupted_deployment_is_not_called_running() {
    let pipeline = interrupted();
    let server = Server::start(&pipeline);
    let page = server.get("/");
    let said = format!(
        "a deployment to prod was interrupted; at the last check, all 3 nodes of prod serve {}",
        &pipeline.before[..12]
    );
    assert!(page.contains(&said), "no {said:?} in {page}");
    assert!(page.contains(r#"<header class="warned""#), "{page}");
    assert!(page.contains(r#"<section id="interrupted">"#), "{page}");
    assert!(!page.contains(r#"<section id="running">"#), "{page}");
    assert!(page.contains("Interrupted in prod"), "{page}");
    let report = server.get("/deployments/1");
    assert!(report.contains("Interrupted in prod"), "{report}");
    assert!(server.stop().success());
}

/// The script of the page shows times in the time zone of the reader. Without the script, the page shows UTC.
#[test]
fn times_are_in_the_zone_of_the_reader() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(""));
    pipeline.commit("Reserve stock [load test: skip]");
    assert_eq!(pipeline.run().status, 0);
    let server = Server::start(&pipeline);
    let url = format!("http://{}/", server.address);
    let times = |dom: &str| -> Vec<(String, String)> {
        let times = dom.split("<time datetime=\"").skip(1);
        times
            .map(|it| {
                let (exact, rest) = it.split_once('"').expect("an instant");
                let (_, text) = rest.split_once('>').expect("a text");
                let (text, _) = text.split_once("</time>").expect("its end");
                (exact.to_owned(), text.to_owned())
            })
            .collect()
    };
    // A time zone without daylight saving time: always UTC+5:45.
    let dom = chromium::dump_dom_in("Asia/Kathmandu", &url);
    let shown = times(&dom);
    assert!(shown.len() > 3, "{dom}");
    for (exact, text) in shown {
        let clock = exact.get(11..16).expect("a time");
        let (hours, minutes) = clock.split_once(':').expect("a time");
        let of_day = hours.parse::<u32>().expect("hours") * 60;
        let of_day = (of_day + minutes.parse::<u32>().expect("minutes") + 345) % (24 * 60);
        let here = format!("{:02}:{:02}", of_day / 60, of_day % 60);
        assert!(text.ends_with(&here), "{exact} is {here}, and not {text}");
    }
    for (exact, text) in times(&server.get("/")) {
        let clock = exact.get(11..16).expect("a time");
        assert!(text.contains(clock), "{exact}: {text}");
    }
    assert!(server.stop().success());
}
