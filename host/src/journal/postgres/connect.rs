use std::thread;
use std::time::{Duration, Instant};

use ::postgres::{Client, NoTls};

use super::{Address, migrate};
use crate::journal::sql::{Answer, Fault};
use crate::journal::{Error, Result};
use crate::retry::Backoff;

/// How long to wait before a lost connection is made again. The delays are spread, so that clients that lost the
/// server together do not come back together.
pub const RECONNECT: Backoff = Backoff {
    first: Duration::from_millis(20),
    factor: 2.0,
    longest: Duration::from_secs(1),
    spread: (0.5, 1.5),
};

/// What each session asks for. A transaction whose client fell silent must not keep its locks, and what is
/// committed has to be on disk, whatever the server does for others. Names without a schema are the journal's.
const SESSION: &str = "
SET lock_timeout = '5s';
SET statement_timeout = '10s';
SET idle_in_transaction_session_timeout = '10s';
SET search_path = pg_catalog, greenlight, pg_temp;
SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local');
";

/// Connects to a server, and tries again until the deadline while the server can't be reached.
pub fn connect(address: &Address, deadline: Instant) -> Result<Client> {
    let mut attempt = 0;
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
        thread::sleep(RECONNECT.delay(attempt, fastrand::f64()).min(left));
        attempt += 1;
    }
}

fn session(address: &Address) -> Answer<Client> {
    let mut client = address.config().connect(NoTls)?;
    client.batch_execute(SESSION)?;
    migrate::migrate(&mut client)?;
    Ok(client)
}
