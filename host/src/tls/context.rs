//! The configuration of the TLS library, which is made when a connection needs it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::{Identity, NamedFile, Roots, Trust, Verify, verify};
use crate::limits::{self, file};

/// A configuration for connections, made from the same files until one of them is replaced.
#[derive(Debug)]
pub struct Context {
    trust: Trust,
    verify: Verify,
    made: Mutex<Option<(Vec<State>, Arc<ClientConfig>)>>,
}

/// The attributes of a file that change when it is replaced: its inode, its size, and the second and nanosecond of its last
/// change. `None` if the file can't be read.
type State = Option<(u64, u64, i64, i64)>;

impl Context {
    /// Makes a context. Reads nothing.
    pub const fn new(trust: Trust, verify: Verify) -> Self {
        Self {
            trust,
            verify,
            made: Mutex::new(None),
        }
    }

    /// Whom this context trusts.
    pub const fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The configuration. Reads the files if they were not read yet, or if one of them was replaced.
    ///
    /// # Errors
    ///
    /// If a file can't be used, with the setting that names it, or if no authority is trusted.
    pub fn config(&self) -> Result<Arc<ClientConfig>, String> {
        let files: Vec<State> = self.trust.all_files().map(state).collect();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, config)) = &*made
            && *of == files
        {
            return Ok(config.clone());
        }
        let config = Arc::new(self.make()?);
        *made = Some((files, config.clone()));
        Ok(config)
    }

    fn make(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone());
        let builder = builder.with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| error.to_string())?;
        let roots = match self.verify {
            Verify::Name | Verify::Authority => Some(self.roots()?),
            Verify::Nothing => None,
        };
        let builder = match (self.verify, roots) {
            (Verify::Name, Some(roots)) => builder.with_root_certificates(roots),
            (_, roots) => {
                let verifier = Arc::new(verify::AnyName::new(roots, provider));
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(verifier)
            }
        };
        match &self.trust.identity {
            None => Ok(builder.with_no_client_auth()),
            Some(identity) => {
                let (certificates, key) = read_identity(identity)?;
                builder
                    .with_client_auth_cert(certificates, key)
                    .map_err(|error| {
                        let Identity { certificate, key } = identity;
                        format!(
                            "the key in {} can't be used with the certificate in {}: {error}",
                            named(key),
                            named(certificate)
                        )
                    })
            }
        }
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut store = RootCertStore::empty();
        let roots = self.trust.roots;
        if matches!(roots, Some(Roots::Bundled | Roots::Both)) {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if matches!(roots, Some(Roots::System | Roots::Both)) {
            let found = rustls_native_certs::load_native_certs();
            // Old certificates that the library can't read are of no use to a connection.
            let (added, _) = store.add_parsable_certificates(found.certs);
            if added == 0 && roots == Some(Roots::System) {
                return Err(
                    "the operating system has no list of trusted certificates; install the package `ca-certificates`, \
                     name a list with the variable `SSL_CERT_FILE`, or set `roots` in `[tls]` to `both`"
                        .to_owned(),
                );
            }
        }
        for file in &self.trust.files {
            for certificate in read_certificates(file)? {
                store.add(certificate).map_err(|error| {
                    format!(
                        "{} has a certificate that can't be used: {error}",
                        named(file)
                    )
                })?;
            }
        }
        Ok(store)
    }
}

/// The cryptography for servers of tests, the same as for clients.
pub(super) fn supported(provider: &CryptoProvider) -> Vec<rustls::SignatureScheme> {
    provider
        .signature_verification_algorithms
        .supported_schemes()
}

fn state(file: &NamedFile) -> State {
    let found = fs::metadata(&file.path).ok()?;
    Some((found.ino(), found.size(), found.mtime(), found.mtime_nsec()))
}

fn named(file: &NamedFile) -> String {
    format!("`{}` (`{}`)", file.path.display(), file.setting)
}

fn read(file: &NamedFile) -> Result<Vec<u8>, String> {
    file::read(&file.path, &limits::CERTIFICATES)
        .map_err(|error| format!("failed to read {}: {error}", named(file)))
}

fn read_certificates(file: &NamedFile) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = read(file)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match certificates {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(format!(
            "{} holds no certificates in PEM, which begin with `-----BEGIN CERTIFICATE-----`",
            named(file)
        )),
    }
}

type Read = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn read_identity(identity: &Identity) -> Result<Read, String> {
    let certificates = read_certificates(&identity.certificate)?;
    // The error of the library is not repeated: the file is a secret.
    let key = PrivateKeyDer::from_pem_slice(&read(&identity.key)?);
    let key = key.map_err(|_| {
        format!(
            "{} holds no private key in PEM without a password",
            named(&identity.key)
        )
    })?;
    Ok((certificates, key))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::tls::stand_in::Authority;

    fn file(setting: &str, path: &Path) -> NamedFile {
        NamedFile {
            setting: setting.to_owned(),
            path: path.to_owned(),
        }
    }

    fn context(files: Vec<NamedFile>, identity: Option<Identity>) -> Context {
        let trust = Trust {
            roots: None,
            files,
            identity,
            ..Trust::default()
        };
        Context::new(trust, Verify::Name)
    }

    #[test]
    fn a_wrong_file_is_named_with_its_setting() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        let of = || context(vec![file("slack.ca-file", &path)], None).config();
        let why = of().expect_err("no file");
        assert!(why.contains("ca.pem` (`slack.ca-file`)"), "{why}");
        fs::write(&path, "hush").expect("a file");
        let why = of().expect_err("no certificates");
        assert!(
            why.contains("(`slack.ca-file`) holds no certificates"),
            "{why}"
        );
        assert!(!why.contains("hush"), "{why}");
        let damaged = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        fs::write(&path, damaged).expect("a file");
        let why = of().expect_err("a damaged certificate");
        assert!(why.contains("a certificate that can't be used"), "{why}");
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new();
        let ca = authority.write(folder.path(), "ca");
        let one = authority.client("one").write(folder.path(), "one");
        let two = authority.client("two").write(folder.path(), "two");
        let identity = |certificate: &Path, key: &Path| Identity {
            certificate: file("tls.client-certificate", certificate),
            key: file("tls.client-key", key),
        };
        let of = |identity| context(vec![file("tls.ca-file", &ca)], Some(identity)).config();
        assert!(of(identity(&one.certificate, &one.key)).is_ok());
        let why = of(identity(&one.certificate, &two.key)).expect_err("another key");
        assert!(why.contains("(`tls.client-key`) can't be used"), "{why}");
        let why = of(identity(&one.certificate, &one.certificate)).expect_err("no key");
        assert!(
            why.contains("(`tls.client-key`) holds no private key"),
            "{why}"
        );
    }

    #[test]
    fn files_are_read_again_after_they_were_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Authority::new().write(folder.path(), "ca");
        let context = context(vec![file("tls.ca-file", &path)], None);
        let first = context.config().expect("a configuration");
        let same = context.config().expect("a configuration");
        assert!(Arc::ptr_eq(&first, &same));
        let other = Authority::new().write(folder.path(), "other");
        fs::rename(other, &path).expect("a replaced file");
        let new = context.config().expect("a configuration");
        assert!(!Arc::ptr_eq(&first, &new));
    }

    #[test]
    fn bundled_authorities_need_no_file() {
        let trust = Trust {
            roots: Some(Roots::Bundled),
            ..Trust::default()
        };
        let roots = Context::new(trust, Verify::Name).roots();
        assert!(roots.expect("authorities").len() > 100);
    }
}
