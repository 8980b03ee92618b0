//! Connections with TLS to Debian's `PostgreSQL`, with an authority and certificates that the test makes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use greenlight::journal::{self, Location};
use tempfile::TempDir;

use crate::postgres_server::Server;
use crate::tls_stand_in::{Authority, Certificate};

/// The name in the certificates.
const HOST: &str = "db.example";

/// A server with a certificate, and the files of its clients.
struct Encrypted {
    server: Server,
    folder: TempDir,
    authority: Authority,
}

impl Encrypted {
    fn start(certificate: fn(&Authority) -> Certificate, demands: bool) -> Self {
        let authority = Authority::new();
        let server = Server::with_tcp(|folder| {
            let files = certificate(&authority).write(folder, "server");
            fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).expect("ours");
            let ca = authority.write(folder, "clients");
            let mut options = vec![
                "ssl=on".to_owned(),
                option("ssl_cert_file", &files.certificate),
                option("ssl_key_file", &files.key),
                option("ssl_ca_file", &ca),
            ];
            if demands {
                let rules = folder.join("rules");
                let text = "local all all trust\nhostssl all all 127.0.0.1/32 trust clientcert=verify-ca\n";
                fs::write(&rules, text).expect("written");
                options.push(option("hba_file", &rules));
            }
            options
        });
        Self {
            server,
            folder: tempfile::tempdir().expect("a folder"),
            authority,
        }
    }

    /// The parameter that trusts the authority of this server.
    fn trusting(&self) -> String {
        let path = self.authority.write(self.folder.path(), "ca");
        format!("&sslrootcert={}", path.display())
    }
}

fn option(name: &str, path: &Path) -> String {
    format!("{name}={}", path.display())
}

fn valid(authority: &Authority) -> Certificate {
    authority.server(&[HOST])
}

/// Opens the journal at an address. Returns why that failed.
fn open(address: &str) -> Result<Box<dyn journal::Store>, String> {
    let location: Location = address.parse().expect("an address");
    journal::open(&location).map_err(|error| error.to_string())
}

#[track_caller]
fn fails(address: &str) -> String {
    open(address).err().expect("no connection")
}

#[test]
fn a_valid_certificate_is_the_default_for_another_machine() {
    let postgres = Encrypted::start(valid, false);
    let server = &postgres.server;
    let store = open(&server.tcp_database(HOST, &postgres.trusting())).expect("a journal");
    assert_eq!(server.encrypted(), (1, 0));
    drop(store);

    let why = fails(&server.tcp_database(HOST, ""));
    assert!(
        why.contains("`db.example` is of an authority that is not trusted"),
        "{why}"
    );
    assert!(
        why.contains("`sslrootcert` in the address of the database"),
        "{why}"
    );
    let other = Authority::new().write(postgres.folder.path(), "other");
    let why = fails(&server.tcp_database(HOST, &format!("&sslrootcert={}", other.display())));
    assert!(why.contains("not trusted"), "{why}");
    let why = fails(&server.tcp_database(HOST, "&sslrootcert=/none/ca.pem"));
    assert!(why.contains("`/none/ca.pem` (`sslrootcert`)"), "{why}");
}

#[test]
fn the_name_is_verified_unless_the_address_says_otherwise() {
    let postgres = Encrypted::start(valid, false);
    let server = &postgres.server;
    let trusting = postgres.trusting();
    let why = fails(&server.tcp_database("other.example", &trusting));
    assert!(
        why.contains("`other.example` is for other names: db.example"),
        "{why}"
    );
    for parameters in [
        format!("{trusting}&sslmode=verify-ca"),
        format!("{trusting}&sslmode=require"),
        "&sslmode=require".to_owned(),
        "&sslmode=prefer".to_owned(),
    ] {
        let store = open(&server.tcp_database("other.example", &parameters)).expect("a journal");
        assert_eq!(server.encrypted().1, 0, "{parameters}");
        drop(store);
    }
    let other = Authority::new().write(postgres.folder.path(), "other");
    let other = format!("&sslmode=verify-ca&sslrootcert={}", other.display());
    let why = fails(&server.tcp_database(HOST, &other));
    assert!(why.contains("not trusted"), "{why}");
    let store = open(&server.tcp_database(HOST, "&sslmode=disable")).expect("a journal");
    assert_eq!(server.encrypted().1, 1);
    drop(store);
}

#[test]
fn an_expired_certificate_is_refused() {
    let postgres = Encrypted::start(|authority| authority.expired(&[HOST]), false);
    let trusting = postgres.trusting();
    for mode in ["verify-full", "verify-ca"] {
        let parameters = format!("{trusting}&sslmode={mode}");
        let why = fails(&postgres.server.tcp_database(HOST, &parameters));
        assert!(why.contains("`db.example` expired on 2020-01-01"), "{why}");
    }
}

#[test]
fn a_client_certificate_is_shown_to_a_server_that_demands_one() {
    let postgres = Encrypted::start(valid, true);
    let (server, trusting) = (&postgres.server, postgres.trusting());
    let why = fails(&server.tcp_database(HOST, &trusting));
    assert!(
        why.contains("the server demands a client certificate; set `sslcert` and `sslkey`"),
        "{why}"
    );

    let identity = |authority: &Authority, name: &str| {
        let files = authority.client(name).write(postgres.folder.path(), name);
        let (certificate, key) = (files.certificate, files.key);
        format!(
            "{trusting}&sslcert={}&sslkey={}",
            certificate.display(),
            key.display()
        )
    };
    let own = identity(&postgres.authority, "own");
    let store = open(&server.tcp_database(HOST, &own)).expect("a journal");
    assert_eq!(server.encrypted(), (1, 0));
    drop(store);
    let foreign = identity(&Authority::new(), "foreign");
    let why = fails(&server.tcp_database(HOST, &foreign));
    let said = "`db.example` does not accept the client certificate";
    assert!(why.contains(said), "{why}");
}

#[test]
fn a_server_without_tls_is_an_error_that_says_what_to_set() {
    let server = Server::with_tcp(|_| vec!["ssl=off".to_owned()]);
    for parameters in ["", "&sslmode=require"] {
        let why = fails(&server.tcp_database(HOST, parameters));
        assert!(why.contains("`db.example` does not offer TLS"), "{why}");
        assert!(
            why.contains("`ssl = on`") && why.contains("`sslmode=disable`"),
            "{why}"
        );
    }
    for parameters in ["&sslmode=prefer", "&sslmode=disable"] {
        let store = open(&server.tcp_database(HOST, parameters)).expect("a journal");
        assert_eq!(server.encrypted().0, 0, "{parameters}");
        drop(store);
    }
    // Loopback is not encrypted unless the address says so.
    let store = open(&server.tcp_database("localhost", "")).expect("a journal");
    drop(store);
    let location: Location = server.tcp_database(HOST, "").parse().expect("an address");
    let why = journal::versions(&location, Duration::from_secs(10)).expect_err("no TLS");
    assert!(why.to_string().contains("does not offer TLS"), "{why}");
}
