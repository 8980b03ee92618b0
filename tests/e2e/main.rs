//! `greenlight run` from end to end, with nothing faked that can be real: a registry, images, a service
//! whose nodes roll one by one, Locust, `PostgreSQL`, Chromium, git. A stand-in is there for Slack alone.
//!
//! `tests/e2e/install` installs what is needed; a program that is missing is an error with its name.

mod advice;
mod by_hand;
mod canceled;
mod certificates;
#[expect(dead_code, reason = "the tests of the server use the rest")]
mod chromium;
mod config_check;
mod contained_commits;
mod damaged;
mod damaged_records;
mod discovery;
mod faults;
mod faults_of_files;
mod first_day;
mod half_way;
mod hot_fix;
mod http;
mod image;
mod killed_while_asking;
mod load_tests;
mod locust;
mod metrics_server;
mod once;
mod outbox;
mod outlived;
mod parts;
mod people;
mod pipeline;
mod policies;
#[expect(dead_code, reason = "the tests of the journal use the rest")]
#[path = "../journal/postgres_server.rs"]
mod postgres_server;
mod process;
mod processes;
#[expect(dead_code, reason = "the tests of the server use the rest")]
mod programs;
mod promotion;
#[expect(dead_code, reason = "the tests of the server use the rest")]
mod registry;
mod registry_client;
mod report;
mod request;
mod resumed;
mod rivals;
mod seed;
mod service;
mod shared;
mod slack;
mod steps;
mod survival;
#[expect(dead_code, reason = "the rest of it is for the tests of the host")]
#[path = "../../host/src/tls/stand_in.rs"]
mod tls_server;
mod under_way;
mod waiting;
mod watching;
mod windows;
