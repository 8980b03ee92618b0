//! Connections, and what they may take: how many, how long, how large.

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
use tokio::sync::Semaphore;

use super::door::{self, Door};
use crate::effects::shutdown::Shutdown;
use crate::serve::metrics::Answered;

/// How many connections are served at a time.
const CONNECTIONS: usize = 512;

/// How many more are told that there is no room.
const TURNED_AWAY: usize = 64;

/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(5);

/// How large the head of a request may be, in bytes. The least that hyper takes.
const LARGEST_HEAD: usize = 8 << 10;

/// How long a connection may last, with all of its requests.
const LONGEST: Duration = Duration::from_mins(1);

/// How long open connections may take to end.
const GRACE: Duration = Duration::from_secs(10);

/// How long to wait when the system gives no more connections.
const NO_MORE: Duration = Duration::from_millis(100);

/// Serves until the shutdown is raised, and answers what had come in by then.
pub fn run(listener: TcpListener, door: Door) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .build()?;
    runtime.block_on(serve(listener, door))?;
    // Somebody may still be looking into the store for a page that nobody waits for.
    runtime.shutdown_timeout(GRACE);
    Ok(())
}

async fn serve(listener: TcpListener, door: Door) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut over = std::pin::pin!(raised(door.shared.context.shutdown.clone()));
    let (room, turned_away) = (
        Arc::new(Semaphore::new(CONNECTIONS)),
        Arc::new(Semaphore::new(TURNED_AWAY)),
    );
    let graceful = GracefulShutdown::new();
    let shared = Arc::clone(&door.shared);
    let (routes, full) = (door.routes(), full());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut over => break,
        };
        let Ok((stream, _)) = accepted else {
            // Connections end, and then there are some again.
            tokio::time::sleep(NO_MORE).await;
            continue;
        };
        if let Ok(permit) = Arc::clone(&room).try_acquire_owned() {
            converse(stream, routes.clone(), permit, &graceful);
        } else {
            shared.metrics.answered(Answered::Shed);
            if let Ok(permit) = Arc::clone(&turned_away).try_acquire_owned() {
                converse(stream, full.clone(), permit, &graceful);
            }
        }
    }
    drop(listener);
    // Whoever takes longer had not sent its request.
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    Ok(())
}

fn converse(
    stream: TcpStream,
    routes: Router,
    permit: tokio::sync::OwnedSemaphorePermit,
    graceful: &GracefulShutdown,
) {
    // An answer is short; it should not wait for another one.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // A client that goes away, or speaks something else, is its own business; and one that stays for
        // long, or does not read, keeps others out.
        let _ = tokio::time::timeout(LONGEST, connection).await;
        drop(permit);
    });
}

/// Answers that there is no room, whatever was asked.
fn full() -> Router {
    Router::new()
        .fallback(|| async { door::later(StatusCode::SERVICE_UNAVAILABLE).into_response() })
}

async fn raised(shutdown: Shutdown) {
    while !shutdown.is_requested() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
