//! Properties that hold for any location of a journal.

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::encryption::Encryption;
use super::{Address, Location};

/// The password in the cases.
const PASSWORD: &str = "hush";

/// Reads a location. No message shows its password, and the client connects as the address says.
pub(crate) fn location(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    match text.parse::<Location>() {
        Ok(Location::Postgres(address)) => check(text, &address),
        Ok(Location::File(path)) => assert!(!path.as_os_str().is_empty()),
        Err(why) => {
            // An error shows the scheme.
            let scheme = text.split("://").next().unwrap_or_default();
            assert!(
                !why.contains(PASSWORD) || scheme.contains(PASSWORD),
                "{why}"
            );
        }
    }
}

fn check(text: &str, address: &Address) {
    let used = address.config();
    let (written, _) = Encryption::take(text).expect("an address");
    let written: Config = written.parse().expect("an address");
    assert_eq!(used.get_user(), written.get_user());
    assert_eq!(used.get_password(), written.get_password());
    assert_eq!(used.get_dbname(), written.get_dbname());
    assert_eq!(used.get_hosts(), written.get_hosts());
    assert_eq!(used.get_hostaddrs(), written.get_hostaddrs());
    assert_eq!(used.get_ports(), written.get_ports());
    let hosts = used.get_hosts().iter().map(|it| match it {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    let parts: Vec<_> = hosts
        .chain(used.get_user().map(str::to_owned))
        .chain(used.get_dbname().map(str::to_owned))
        .collect();
    let password = used.get_password().map(String::from_utf8_lossy);
    if password.is_some_and(|it| it.contains(PASSWORD)) && !parts.concat().contains(PASSWORD) {
        let shown = format!("{address} {address:?}");
        assert!(!shown.contains(PASSWORD), "{shown}");
    }
}
