//! `greenlight serve` from end to end: a CNCF Distribution registry sends webhooks, and the server starts
//! deployments. Jenkins and Slack are stand-ins.
//!
//! `tests/e2e/install` installs the programs. A missing program is an error with its name.

mod accessibility;
mod canceled;
#[expect(dead_code, reason = "the tests of deployments use the rest")]
#[path = "../e2e/chromium.rs"]
mod chromium;
mod delivered;
mod faults;
mod foreign_bodies;
mod forged;
#[path = "../e2e/http.rs"]
mod http;
#[path = "../e2e/image.rs"]
mod image;
mod interrupted;
mod jenkins;
mod killed;
#[path = "../e2e/locust.rs"]
#[expect(dead_code, reason = "the tests of deployments use the rest")]
mod locust;
mod logging;
mod many;
mod page;
mod people;
#[path = "../e2e/pipeline.rs"]
#[expect(dead_code, reason = "the tests of deployments use the rest")]
mod pipeline;
#[expect(dead_code, reason = "the tests of the journal use the rest")]
#[path = "../journal/postgres_server.rs"]
mod postgres_server;
#[path = "../e2e/process.rs"]
mod process;
#[path = "../e2e/programs.rs"]
#[expect(dead_code, reason = "the tests of deployments use the rest")]
mod programs;
#[path = "../e2e/registry.rs"]
#[expect(dead_code, reason = "the tests of deployments use the rest")]
mod registry;
#[path = "../e2e/request.rs"]
mod request;
mod server;
#[path = "../e2e/service.rs"]
#[expect(dead_code, reason = "the tests of deployments use the rest")]
mod service;
#[path = "../e2e/slack.rs"]
#[expect(dead_code, reason = "the tests of deployments use the rest")]
mod slack;
mod trial;
#[path = "../e2e/waiting.rs"]
mod waiting;
