//! The limits that hold while a policy runs or is compiled; those that are part of its code are in
//! [`super::profile`].

use std::time::Duration;

use wasmtime::ResourceLimiter;

use super::failure::{Failure, Limit};
use super::profile::MEMORY_LIMIT;

/// Elements of all tables together.
pub const TABLE_ELEMENTS: usize = 100_000;

/// Core instances of one component. A component in an interpreted language has a dozen.
pub const INSTANCES: u32 = 32;

/// Memories of one component.
pub const MEMORIES: u32 = 8;

/// Tables of one component.
pub const TABLES: u32 = 32;

/// Wall-clock time for compiling a foreign component.
pub const COMPILE_TIME: Duration = Duration::from_mins(2);

/// Address space for compiling a foreign component, in bytes.
pub const COMPILE_MEMORY: u64 = 2 << 30;

/// Counts what one instance has taken, over all its memories and tables.
#[derive(Debug, Default)]
pub struct Limiter {
    memory: usize,
    elements: usize,
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if beyond_its_own(desired, maximum, MEMORY_LIMIT) {
            return Ok(false);
        }
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > MEMORY_LIMIT {
            // An error, not `false`: a policy that is refused memory would trap by itself, and the
            // trap would hide which limit it was.
            return Err(Failure::Limit(
                Limit::Memory,
                format!(
                    "it asked for more than {} MiB of memory",
                    MEMORY_LIMIT >> 20
                ),
            )
            .into());
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if beyond_its_own(desired, maximum, TABLE_ELEMENTS) {
            return Ok(false);
        }
        let total = self
            .elements
            .saturating_add(desired.saturating_sub(current));
        if total > TABLE_ELEMENTS {
            return Err(Failure::Limit(
                Limit::Memory,
                format!("it asked for more than {TABLE_ELEMENTS} table elements"),
            )
            .into());
        }
        self.elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES as usize
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }
}

/// Whether a growth goes beyond what the policy itself declared. The engine refuses that anyway, and only
/// what was had counts.
fn beyond_its_own(desired: usize, maximum: Option<usize>, limit: usize) -> bool {
    maximum.is_some_and(|maximum| maximum < limit && desired > maximum)
}
