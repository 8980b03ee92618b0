//! TLS for a connection to `PostgreSQL`.
//!
//! Source: <https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL>.

use std::error::Error as _;
use std::io;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use super::socket::{Limited, Server, Stream};
use crate::journal::Error;
use crate::journal::encryption::{Encryption, Mode};
use crate::journal::sql::{Answer, Fault};
use crate::tls::{Context, explain};

/// The request for TLS: its length and its code.
const REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Encrypts a stream to a server, if the parameters of the address require it. A socket of this machine is never
/// encrypted.
pub async fn encrypt(
    mut stream: Limited,
    server: &Server,
    encryption: &Encryption,
) -> Answer<Box<dyn Stream>> {
    let Server::Tcp(_, _, host) = server else {
        return Ok(Box::new(stream));
    };
    let mode = encryption.mode(host);
    if mode == Mode::Disable {
        return Ok(Box::new(stream));
    }
    let context = Context::new(encryption.trust(), encryption.verify(mode));
    let config = context.config().map_err(wrong)?;
    stream.write_all(&REQUEST).await.map_err(|it| lost(&it))?;
    // Exactly one byte is read: what follows it belongs to TLS, so no answer can be inserted before it.
    match stream.read_u8().await.map_err(|it| lost(&it))? {
        b'S' => {}
        b'N' if mode == Mode::Prefer => return Ok(Box::new(stream)),
        _ => {
            return Err(wrong(format!(
                "the server `{host}` does not offer TLS, which the address requires; set `ssl = on` on the server, or, if \
                 the network is trusted, add `sslmode=disable` to the address of the database"
            )));
        }
    }
    let name = ServerName::try_from(host.clone());
    let name = name.map_err(|_| wrong(format!("`{host}` is not a host name")))?;
    let connected = TlsConnector::from(config).connect(name, stream).await;
    match connected {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(match error.get_ref().and_then(|it| it.downcast_ref()) {
            Some(error) => wrong(explain(error, host, context.trust())),
            None => lost(&error),
        }),
    }
}

/// Why the server refused a login, with the parameters that give it a certificate. In TLS 1.3, a server refuses a
/// certificate after the handshake.
pub fn refusal(error: tokio_postgres::Error, server: &Server, encryption: &Encryption) -> Fault {
    let trust = encryption.trust();
    let io = error.source().and_then(|it| it.downcast_ref());
    let alert = io
        .and_then(io::Error::get_ref)
        .and_then(|it| it.downcast_ref());
    if let (Some(alert), Server::Tcp(_, _, host)) = (alert, server) {
        return wrong(explain(alert, host, &trust));
    }
    let demands = error.as_db_error().is_some_and(|it| {
        trust.identity.is_none() && it.message() == "connection requires a valid client certificate"
    });
    if demands {
        let setting = trust.identity_setting;
        return wrong(format!(
            "the server demands a client certificate; set {setting}"
        ));
    }
    error.into()
}

/// A fault that a further attempt does not mend.
fn wrong(why: String) -> Fault {
    Fault::Final(Error::Wrong(why))
}

fn lost(error: &io::Error) -> Fault {
    Fault::Lost(format!("error connecting to server: {error}"))
}
