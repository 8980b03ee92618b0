//! Deployment windows: the parts of a week in which deployments may start.

pub mod weekly;
pub mod zone;
