//! The journal's storage: the same promises of a file and of a database.

mod clock;
mod contract;
mod damaged_rows;
mod encrypted;
mod first_format;
mod first_format_entries;
mod first_format_load_tests;
mod freezes;
mod gone;
mod inbox;
mod killed;
mod later_formats;
mod leases;
mod lossy;
mod outbox;
mod pages;
mod place;
mod postgres_server;
#[expect(dead_code, reason = "the rest of it is for the tests of the host")]
#[path = "../../host/src/tls/stand_in.rs"]
mod tls_stand_in;
