//! Sockets to the servers of an address, and the limit of the bytes that arrive through a socket.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, LoadBalanceHosts};

use crate::journal::sql::{Answer, Fault};
use crate::limits::DATABASE;
use crate::limits::file::too_long;

/// The default port of `PostgreSQL`.
const PORT: u16 = 5432;

/// A server of an address.
#[derive(Debug)]
pub enum Server {
    /// A name or an IP address to connect to, a port, and the name in the certificate.
    Tcp(String, u16, String),
    /// The path of a socket.
    Unix(PathBuf),
}

/// The servers of an address, in the order in which they are tried.
pub fn servers(config: &Config) -> Vec<Server> {
    let (hosts, ips) = (config.get_hosts(), config.get_hostaddrs());
    let ports = config.get_ports();
    let server = |place| {
        let port = ports.get(place).or(ports.first()).copied().unwrap_or(PORT);
        match (ips.get(place), hosts.get(place)) {
            (Some(ip), host) => {
                let ip = IpAddr::to_string(ip);
                let name = match host {
                    Some(Host::Tcp(name)) => name.clone(),
                    Some(Host::Unix(_)) | None => ip.clone(),
                };
                Some(Server::Tcp(ip, port, name))
            }
            (None, Some(Host::Tcp(name))) => Some(Server::Tcp(name.clone(), port, name.clone())),
            (None, Some(Host::Unix(folder))) => {
                Some(Server::Unix(folder.join(format!(".s.PGSQL.{port}"))))
            }
            (None, None) => None,
        }
    };
    let mut servers: Vec<_> = (0..hosts.len().max(ips.len())).filter_map(server).collect();
    if config.get_load_balance_hosts() == LoadBalanceHosts::Random {
        fastrand::shuffle(&mut servers);
    }
    servers
}

/// A socket of either kind.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects to a server, within the time limit of the address.
pub async fn open(server: &Server, config: &Config) -> Answer<Box<dyn Stream>> {
    let opening = async {
        match server {
            Server::Unix(path) => {
                let stream = UnixStream::connect(path).await?;
                Ok(Box::new(stream) as Box<dyn Stream>)
            }
            Server::Tcp(name, port, _) => {
                let mut last = None;
                for address in lookup_host((name.as_str(), *port)).await? {
                    match TcpStream::connect(address).await {
                        Ok(stream) => {
                            prepare(&stream, config)?;
                            return Ok(Box::new(stream) as Box<dyn Stream>);
                        }
                        Err(error) => last = Some(error),
                    }
                }
                Err(last.unwrap_or_else(|| io::Error::other("the name has no address")))
            }
        }
    };
    let opened = match config.get_connect_timeout() {
        Some(time_limit) => tokio::time::timeout(*time_limit, opening)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
        None => opening.await,
    };
    opened.map_err(|error: io::Error| Fault::Lost(format!("error connecting to server: {error}")))
}

/// Sets the options that detect a lost connection.
fn prepare(stream: &TcpStream, config: &Config) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if let Some(silence) = config.get_tcp_user_timeout() {
        let milliseconds = u32::try_from(silence.as_millis()).unwrap_or(u32::MAX);
        sockopt::set_tcp_user_timeout(stream, milliseconds)?;
    }
    if config.get_keepalives() {
        sockopt::set_socket_keepalive(stream, true)?;
        sockopt::set_tcp_keepidle(stream, config.get_keepalives_idle())?;
        if let Some(interval) = config.get_keepalives_interval() {
            sockopt::set_tcp_keepintvl(stream, interval)?;
        }
        if let Some(retries) = config.get_keepalives_retries() {
            sockopt::set_tcp_keepcnt(stream, retries)?;
        }
    }
    Ok(())
}

/// A stream that fails when an answer exceeds its limit. The client sets the count to 0 before each statement.
pub struct Limited {
    stream: Box<dyn Stream>,
    received: Arc<AtomicU64>,
}

impl Limited {
    /// Counts the bytes of a stream.
    pub fn new(stream: Box<dyn Stream>, received: Arc<AtomicU64>) -> Self {
        Self { stream, received }
    }
}

impl AsyncRead for Limited {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let new = (buffer.filled().len() - before) as u64;
        let all = self.received.fetch_add(new, Ordering::Relaxed) + new;
        Poll::Ready(if all > DATABASE.bytes {
            Err(too_long(&DATABASE))
        } else {
            Ok(())
        })
    }
}

impl AsyncWrite for Limited {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_of_an_address_is_a_server() {
        let shown = |text: &str| {
            let config: Config = text.parse().expect("an address");
            format!("{:?}", servers(&config))
        };
        assert_eq!(
            shown("postgresql://a,b:7/db"),
            r#"[Tcp("a", 5432, "a"), Tcp("b", 7, "b")]"#
        );
        assert_eq!(
            shown("postgresql://a:7/db?hostaddr=127.0.0.1"),
            r#"[Tcp("127.0.0.1", 7, "a")]"#
        );
        assert_eq!(
            shown("postgresql:///db?host=/run/postgresql"),
            r#"[Unix("/run/postgresql/.s.PGSQL.5432")]"#
        );
        let mut both = shown("postgresql://a,b/db?load_balance_hosts=random");
        both.retain(|it| "ab".contains(it));
        assert!(["aabb", "bbaa"].contains(&both.as_str()), "{both}");
    }
}
