//! The HTTP server: limits the number, duration and size of connections.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::metrics::RequestOutcome;
use super::router::{WebhookRouter, try_again_later};
use crate::effects::shutdown::Shutdown;

/// How many connections are served at a time.
const CONNECTIONS: usize = 512;

/// How many more connections are answered with 503. Further ones are closed without an answer.
const REFUSED_CONNECTIONS: usize = 64;

/// How long the head of a request may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// How large the head of a request may be, in bytes. hyper accepts no lower limit.
const LARGEST_HEAD: usize = 8 << 10;

/// How long a connection may last, with all of its requests.
const CONNECTION_TIMEOUT: Duration = Duration::from_mins(1);

/// How long open connections may take to end after the shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait when the system refuses a connection.
const ACCEPT_DELAY: Duration = Duration::from_millis(100);

/// Serves until the shutdown is requested, and answers the requests that arrived before.
///
/// # Errors
///
/// If the system refuses the runtime or the listener.
pub fn run(listener: TcpListener, webhooks: WebhookRouter) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .build()?;
    runtime.block_on(serve(listener, webhooks))?;
    // A page whose client is gone may still be reading the store.
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    Ok(())
}

async fn serve(listener: TcpListener, webhooks: WebhookRouter) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut shutdown = std::pin::pin!(requested(webhooks.shared.context.shutdown.clone()));
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let refused_connections = Arc::new(Semaphore::new(REFUSED_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let shared = Arc::clone(&webhooks.shared);
    let (routes, busy) = (webhooks.routes(), busy());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(reason = %error, "failed to accept a connection; trying again");
                tokio::time::sleep(ACCEPT_DELAY).await;
                continue;
            }
        };
        if let Ok(permit) = Arc::clone(&connections).try_acquire_owned() {
            spawn_connection(stream, routes.clone(), permit, &graceful);
        } else {
            tracing::debug!("too many connections");
            shared.metrics.request(RequestOutcome::Shed);
            if let Ok(permit) = Arc::clone(&refused_connections).try_acquire_owned() {
                spawn_connection(stream, busy.clone(), permit, &graceful);
            }
        }
    }
    drop(listener);
    // A connection that takes longer has not sent its request.
    let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await;
    Ok(())
}

fn spawn_connection(
    stream: TcpStream,
    routes: Router,
    permit: OwnedSemaphorePermit,
    graceful: &GracefulShutdown,
) {
    // Answers are short, and should not wait for more data.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // Clients that disconnect or do not speak HTTP need no handling; slow ones lose their place.
        let _ = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await;
        drop(permit);
    });
}

/// Answers each request with 503.
fn busy() -> Router {
    Router::new()
        .fallback(|| async { try_again_later(StatusCode::SERVICE_UNAVAILABLE).into_response() })
}

async fn requested(shutdown: Shutdown) {
    while !shutdown.is_requested() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
