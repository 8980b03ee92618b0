use std::thread;
use std::time::{Duration, Instant};

use ::postgres::{Client, NoTls};

use super::fault::Fault;
use super::{Address, schema};
use crate::journal::{Error, Result};

/// What each session asks for. A transaction whose client fell silent must not keep its locks, and what is
/// committed has to be on disk, whatever the server does for others.
const SESSION: &str = "
SET lock_timeout = '5s';
SET statement_timeout = '10s';
SET idle_in_transaction_session_timeout = '10s';
SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local');
";

/// Connects to a server, and tries again with growing pauses until the deadline while it is not there.
pub fn connect(address: &Address, deadline: Instant) -> Result<Client> {
    let mut pause = Duration::from_millis(20);
    loop {
        let why = match session(address) {
            Ok(client) => return Ok(client),
            Err(Fault::Final(error)) => return Err(error),
            Err(Fault::Lost(why)) => why,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::Unavailable(format!("`{address}`: {why}")));
        }
        // Somewhere around the pause, so that those who lost the server together don't come back together.
        thread::sleep(pause.mul_f64(0.5 + fastrand::f64()).min(left));
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

fn session(address: &Address) -> std::result::Result<Client, Fault> {
    let mut client = address.config().connect(NoTls)?;
    client.batch_execute(SESSION)?;
    schema::ensure(&mut client)?;
    Ok(client)
}
