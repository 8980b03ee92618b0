//! The CI system around this process.

use std::env;

use super::Error;
use crate::facts::ci::{self, Surroundings, Variables};

/// Reads what the CI system says, if this runs in one.
pub fn here() -> Result<Option<Surroundings>, Error> {
    variables(|variables| {
        let found = ci::detect(variables)?;
        Ok(found.map(|(system, _)| Surroundings::read(system, variables)))
    })
}

/// Looks into the variables of this process.
pub fn variables<T>(read: impl FnOnce(&Variables<'_>) -> T) -> T {
    read(&Variables::new(&|name| env::var_os(name)))
}
