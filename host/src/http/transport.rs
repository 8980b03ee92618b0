//! TLS for the HTTP client, and errors of connections in words.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::{AlertDescription, ClientConnection, StreamOwned};
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::{Duration, Instant};
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout,
    Transport, TransportAdapter,
};

use crate::tls::{Context, explain};

/// The reason why a connection failed, in a text that is safe to print. It is the content of `ureq::Error::Other`.
#[derive(Debug)]
pub struct Failed {
    /// What is wrong, and what to do.
    pub why: String,
    /// False only if certainly no part of the request was accepted.
    pub sent: bool,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Failed {}

impl Failed {
    fn error(why: impl Into<String>) -> Error {
        Error::Other(Box::new(Self {
            why: why.into(),
            sent: false,
        }))
    }

    /// The failure in an error of the library.
    pub fn of(error: &Error) -> Option<&Self> {
        match error {
            Error::Other(inner) => inner.downcast_ref(),
            _ => None,
        }
    }
}

/// Refuses every request, because the settings of the proxy can't be used. The resolution of the name is the first part of
/// a request.
#[derive(Debug)]
pub struct Refuse(pub String);

impl Resolver for Refuse {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Err(Failed::error(self.0.as_str()))
    }
}

/// Connects through a proxy, if the client has one. Errors name the variable that names the proxy.
#[derive(Debug, Default)]
pub struct ThroughProxy {
    connector: ConnectProxyConnector,
    variable: &'static str,
}

impl ThroughProxy {
    /// Makes a connector for the proxy that this variable names.
    pub fn new(variable: &'static str) -> Self {
        Self {
            variable,
            ..Self::default()
        }
    }
}

impl<In: Transport> Connector<In> for ThroughProxy {
    type Out = Either<In, Box<dyn Transport>>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let connected = self.connector.connect(details, chained);
        connected.map_err(|error| match error {
            Error::Timeout(_) => error,
            error => {
                let why = match &error {
                    _ if let Some(failed) = Failed::of(&error) => failed.why.clone(),
                    Error::ConnectProxyFailed(why) => refusal(why),
                    Error::HostNotFound => "unknown host name".to_owned(),
                    Error::Io(error) if super::is_unknown_name(error) => {
                        "unknown host name".to_owned()
                    }
                    Error::Io(error) => error.kind().to_string(),
                    _ => "no connection".to_owned(),
                };
                Failed::error(format!(
                    "the proxy that the variable `{}` names can't be used: {why}",
                    self.variable
                ))
            }
        })
    }
}

/// The refusal of a proxy. The text of the library is `proxy server responded 403/403`.
fn refusal(why: &str) -> String {
    let status = why.strip_prefix("proxy server responded ");
    let status = status.and_then(|it| it.split('/').next());
    status.map_or_else(
        || why.to_owned(),
        |it| format!("it answered with status {it}"),
    )
}

/// Adds TLS to the connections for `https` URLs.
#[derive(Debug)]
pub struct AddTls(pub Arc<Context>);

impl<In: Transport> Connector<In> for AddTls {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let context = self.0.clone();
        let config = context.config().map_err(Failed::error)?;
        let name = bare.to_owned().try_into();
        let name = name.map_err(|_| Failed::error(format!("`{host}` is not a host name")))?;
        let failed = |error: &rustls::Error| Failed::error(explain(error, host, context.trust()));
        let mut connection = ClientConnection::new(config, name).map_err(|error| failed(&error))?;
        let mut socket = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        socket.set_timeout(left(details));
        // No part of the request is sent before the handshake is complete.
        connection
            .complete_io(&mut socket)
            .map_err(|error| match rustls_error(&error) {
                Some(error) => failed(error),
                None => match Error::from(error) {
                    Error::Io(error) => Failed::error(format!(
                        "the TLS handshake with `{host}` failed: {}",
                        error.kind()
                    )),
                    other => other,
                },
            })?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Either::B(TlsTransport {
            buffers,
            stream: StreamOwned::new(connection, socket),
            host: host.to_owned(),
            context,
        })))
    }
}

/// The rest of the time limit: the details have the limit from before the connection.
fn left(details: &ConnectionDetails<'_>) -> NextTimeout {
    let mut timeout = details.timeout;
    if let Duration::Exact(limit) = timeout.after
        && let (Instant::Exact(start), Instant::Exact(now)) =
            (details.now, (details.current_time)())
    {
        let passed = now.saturating_duration_since(start);
        timeout.after = Duration::Exact(limit.saturating_sub(passed));
    }
    timeout
}

/// The error of the TLS library that a stream reports.
fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// A connection with TLS.
pub struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
    host: String,
    context: Arc<Context>,
}

impl TlsTransport {
    /// Explains an alert. In TLS 1.3, a server refuses the certificate of a client after the handshake.
    fn error(&self, error: io::Error) -> Error {
        match rustls_error(&error) {
            Some(error) => Error::Other(Box::new(Failed {
                why: explain(error, &self.host, self.context.trust()),
                // A server that demands a certificate reads no request before it has one.
                sent: !matches!(
                    error,
                    rustls::Error::AlertReceived(AlertDescription::CertificateRequired)
                ),
            })),
            None => error.into(),
        }
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        use io::Write as _;

        self.stream.get_mut().set_timeout(timeout);
        let sent = self.stream.write_all(&self.buffers.output()[..amount]);
        sent.map_err(|error| self.error(error))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        use io::Read as _;

        self.stream.get_mut().set_timeout(timeout);
        let read = self.stream.read(self.buffers.input_append_buf());
        let amount = read.map_err(|error| self.error(error))?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTransport")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}
