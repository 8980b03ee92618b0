//! The CI system around this process.

use std::env;

use super::Error;
use crate::facts::ci::{self, CiEnvironment, Variables};

/// Reads what the CI system says, if this runs in one.
pub fn here() -> Result<Option<CiEnvironment>, Error> {
    variables(|variables| {
        let found = ci::detect(variables)?;
        Ok(found.map(|(system, _)| CiEnvironment::read(system, variables)))
    })
}

/// Looks into the variables of this process.
pub fn variables<T>(read: impl FnOnce(&Variables<'_>) -> T) -> T {
    read(&Variables::new(&|name| env::var_os(name)))
}
