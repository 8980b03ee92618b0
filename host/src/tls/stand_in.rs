//! An authority, certificates and an HTTPS server for tests.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::{fs, io};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// A certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub struct Certificate {
    certificate: String,
    key: String,
}

/// The files of a certificate.
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = named("an authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// Writes its certificate to a file in a folder.
    pub fn write(&self, folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(format!("{name}.pem"));
        fs::write(&path, self.0.pem()).expect("a file");
        path
    }

    /// Makes a certificate for a server of these names.
    pub fn server(&self, names: &[&str]) -> Certificate {
        self.certificate(names, |_| {})
    }

    /// Makes a certificate that expired years ago.
    pub fn expired(&self, names: &[&str]) -> Certificate {
        self.certificate(names, |params| {
            params.not_before = date_time_ymd(2019, 1, 1);
            params.not_after = date_time_ymd(2020, 1, 1);
        })
    }

    /// Makes a certificate for a client.
    pub fn client(&self, name: &str) -> Certificate {
        self.server(&[name])
    }

    fn certificate(&self, names: &[&str], change: fn(&mut CertificateParams)) -> Certificate {
        let names = names.iter().map(|it| (*it).to_owned());
        let mut params = CertificateParams::new(names.collect::<Vec<_>>()).expect("names");
        // OpenSSL takes a certificate with the name of its authority for one that signed itself.
        params.distinguished_name = named("a certificate of a test");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Certificate {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

impl Certificate {
    /// Writes the certificate and the key to files in a folder.
    pub fn write(&self, folder: &Path, name: &str) -> Files {
        let certificate = folder.join(format!("{name}.crt"));
        let key = folder.join(format!("{name}.key"));
        fs::write(&certificate, &self.certificate).expect("a file");
        fs::write(&key, &self.key).expect("a file");
        Files { certificate, key }
    }

    fn der(&self) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes());
        (certificate.expect("a certificate"), key.expect("a key"))
    }
}

/// A server with TLS that answers every request with the same body. It ends when it is dropped.
pub struct Server {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server with a certificate. If the test gives an authority, the server demands a client certificate of this
    /// authority.
    pub fn start(certificate: &Certificate, clients: Option<&Authority>, body: &str) -> Self {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("TLS");
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.0.der().clone()).expect("an authority");
                let provider = Arc::new(ring::default_provider());
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let (certificate, key) = certificate.der();
        let config = builder.with_single_cert(vec![certificate], key);
        let config = Arc::new(config.expect("a certificate with its key"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let stopped = Arc::new(AtomicBool::new(false));
        let (stop, body) = (stopped.clone(), body.to_owned());
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let stream = stream.expect("a connection");
                // A client that refuses the certificate closes the connection.
                let _ = serve(stream, config.clone(), &body);
            }
        });
        Self {
            address,
            stopped,
            thread: Some(thread),
        }
    }

    /// The URL of this server, by the name `localhost`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// The URL of this server, by its address.
    pub fn url_of_address(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        let ended = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            ended
                .expect("it ends once")
                .expect("a server that does not panic");
        }
    }
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>, body: &str) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut head = Vec::new();
    let mut read = || -> io::Result<()> {
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        Ok(())
    };
    if let Err(error) = read() {
        // Sends the alert, and reads what the client sends: otherwise the alert could be lost with the connection.
        let _ = stream.conn.write_tls(&mut stream.sock);
        stream.sock.shutdown(std::net::Shutdown::Write)?;
        io::copy(&mut stream.sock, &mut io::sink())?;
        return Err(error);
    }
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"
    )?;
    stream.flush()?;
    stream.conn.send_close_notify();
    stream.conn.complete_io(&mut stream.sock)?;
    Ok(())
}
