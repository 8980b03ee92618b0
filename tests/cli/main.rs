//! The program as its users meet it: a command line in, standard output, standard error and a status
//! out. Nothing is inherited from the environment of the tests.

mod harness;

mod agreement;
mod bad_input;
mod cases;
mod commands;
mod decisions;
mod docs;
mod evidence;
mod foreign_policy;
mod fresh;
mod hostile;
mod readme;
mod reference;
mod replay;
mod room;
mod schemas;
mod settings;
mod structure;
#[path = "../e2e/waiting.rs"]
mod waiting;
