//! What is wrong with a TLS connection, and which setting helps.

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error};

use super::Trust;
use crate::text::escape::escape;
use crate::text::time::instant;

/// Explains an error of a connection to a host. The host is not escaped.
pub fn explain(error: &Error, host: &str, trust: &Trust) -> String {
    match error {
        Error::InvalidCertificate(why) => certificate(why, host, trust),
        Error::AlertReceived(
            AlertDescription::CertificateRequired | AlertDescription::HandshakeFailure,
        ) if trust.identity.is_none() => format!(
            "`{host}` ended the TLS handshake, probably because it demands a client certificate; if it does, set {}",
            trust.identity_setting
        ),
        Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied
            // OpenSSL sends it if an authority of the same name has another key.
            | AlertDescription::DecryptError,
        ) if trust.identity.is_some() => format!(
            "`{host}` does not accept the client certificate ({}); check {}",
            escape(&error.to_string()),
            trust.identity_setting
        ),
        Error::InvalidMessage(_) => {
            format!(
                "`{host}` does not speak TLS on this port; if it does not offer TLS, write an `http` URL"
            )
        }
        other => format!("TLS with `{host}` failed: {}", escape(&other.to_string())),
    }
}

fn certificate(error: &CertificateError, host: &str, trust: &Trust) -> String {
    match error {
        // The signature is bad where an authority of the same name with another key is trusted.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
            "the certificate of `{host}` is of an authority that is not trusted; if the authority is your own, name the \
             file with its certificate with {}",
            trust.ca_setting
        ),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<_> = presented.iter().map(|it| plain(it)).collect();
            let names = escape(&names.join(", ")).into_owned();
            format!("the certificate of `{host}` is for other names: {names}")
        }
        CertificateError::NotValidForName => {
            format!("the certificate of `{host}` is for other names")
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            format!(
                "the certificate of `{host}` expired on {}",
                date(*not_after)
            )
        }
        CertificateError::Expired => format!("the certificate of `{host}` expired"),
        CertificateError::NotValidYetContext { not_before, .. } => format!(
            "the certificate of `{host}` is not valid before {}; check the clock of this machine",
            date(*not_before)
        ),
        CertificateError::NotValidYet => {
            format!("the certificate of `{host}` is not valid yet; check the clock of this machine")
        }
        other => format!(
            "the certificate of `{host}` is not valid: {}",
            escape(&Error::InvalidCertificate(other.clone()).to_string())
        ),
    }
}

/// A name without the kind that the library writes around it: `DnsName("a.example")`.
fn plain(name: &str) -> &str {
    let inner = name.split_once('"').and_then(|(_, it)| it.rsplit_once('"'));
    inner.map_or(name, |(it, _)| it)
}

fn date(time: UnixTime) -> String {
    instant(time.as_secs().saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_plainly() {
        assert_eq!(plain("DnsName(\"a.example\")"), "a.example");
        assert_eq!(plain("127.0.0.1"), "127.0.0.1");
    }
}
