//! Answers, as people and programs read them. Pure: nothing here prints.

pub mod awaited;
pub mod export;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod fixture_parts;
pub mod headline;
pub mod html;
pub mod junit;
pub mod markdown;
pub mod sarif;
mod sarif_format;
pub mod terminal;
