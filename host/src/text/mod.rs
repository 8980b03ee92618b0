//! Text for people and programs: escaping, times, numbers and JSON. Knows nothing of releases.

pub mod escape;
pub mod json;
pub mod number;
pub mod place;
pub mod time;
