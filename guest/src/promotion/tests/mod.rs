//! Tests of whole decisions: the order of the questions, deployments driven to their end, and what
//! must hold for any history.

mod drive;
mod properties;
mod questions;
