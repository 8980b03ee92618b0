//! Answers, as people and programs read them. Pure: nothing here prints.

pub mod awaited;
pub mod export;
pub mod headline;
pub mod html;
pub mod junit;
pub mod markdown;
pub mod sarif;
mod sarif_format;
pub mod terminal;

#[cfg(test)]
pub(crate) use crate::deployment::timeline::{fixture, fixture_parts};
