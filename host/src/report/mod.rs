//! Answers, as people and programs read them. Pure: nothing here prints.

pub mod decision;
pub mod export;
pub mod figures;
#[cfg(test)]
pub(crate) mod fixture;
pub mod harmless;
pub mod headline;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod moment;
pub mod sarif;
pub mod schema;
pub mod snippet;
pub mod story;
pub mod words;
