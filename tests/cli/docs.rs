//! The documentation holds: every block of README and of `host/docs` is run or checked, every link leads
//! somewhere, and the pages below `reference` are what the program says of itself.
//!
//! With `UPDATE_DOCS=1` transcripts and generated pages are rewritten from what comes out, instead of compared:
//!
//! ```sh
//! UPDATE_DOCS=1 cargo test -p greenlight --test cli docs::
//! ```

mod blocks;
mod commands;
mod decision_pages;
mod generated;
mod help;
mod links;
mod log_fields;
pub mod pages;
mod recovery;
mod scripts;
mod snippets;
mod transcripts;
pub mod workshop;

/// Whether pages are rewritten instead of compared.
fn is_update() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some_and(|it| it == "1")
}
