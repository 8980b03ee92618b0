//! Answers, as people and programs read them. Pure: nothing here prints.

pub mod decision;
pub mod harmless;
pub mod json;
pub mod schema;
pub mod snippet;
pub mod words;
