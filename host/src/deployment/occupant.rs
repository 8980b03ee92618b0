//! What goes on in an environment that another deployment holds.

use super::entry::{Details, Entry};
use super::log;
use super::{Error, READ};
use crate::clock;
use crate::contract::promotion::{Action, LockHolder, RunningLoadTest};
use crate::journal::{self, Store};

/// Describes the deployment that holds an environment, from its records.
pub(super) fn of(
    store: &mut dyn Store,
    environment: &str,
    holder: journal::Occupant,
) -> Result<LockHolder, Error> {
    let entries = log::read(store, holder.deployment)?;
    let mut effects = entries.iter().rev().filter(|it| {
        matches!(
            it.entry,
            Entry::Started { .. } | Entry::Happened { .. } | Entry::Concluded { .. }
        )
    });
    let began = match effects.next().map(|it| (it.at, &it.entry)) {
        Some((
            at,
            Entry::Started {
                effect: Action::LoadTest(run),
            },
        )) if run.environment == environment => Some(at),
        _ => None,
    };
    let load_test = match began {
        None => None,
        Some(began) => Some(RunningLoadTest {
            left: last_duration(store)?.map(|took| {
                let so_far = clock::milliseconds().saturating_sub(began);
                u32::try_from(took.saturating_sub(so_far).div_ceil(1000)).unwrap_or(u32::MAX)
            }),
        }),
    };
    Ok(LockHolder {
        environment: environment.to_owned(),
        commit: holder.commit,
        load_test,
    })
}

/// How long the latest load test took that ran to its end, in milliseconds.
fn last_duration(store: &mut dyn Store) -> Result<Option<u64>, Error> {
    for header in store.deployments(READ)? {
        let entries = log::read(store, header.number)?;
        let mut latest = entries.iter().rev();
        let took = latest.find_map(|it| match &it.entry {
            Entry::Happened {
                details: Details::LoadTest { command, .. },
                ..
            } => Some(command.took),
            _ => None,
        });
        if took.is_some() {
            return Ok(took);
        }
    }
    Ok(None)
}
