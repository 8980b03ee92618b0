//! A way to a database on which an answer is lost.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::{self, JoinHandle};

use tempfile::TempDir;

/// What a socket of `PostgreSQL` is called in its folder.
const SOCKET: &str = ".s.PGSQL.5432";

/// Hands bytes over between clients and a server, until it loses an answer and hangs up on both.
pub struct Lossy {
    folder: TempDir,
    left: Arc<AtomicI64>,
    ended: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Lossy {
    /// Opens the way to the server whose socket is in this folder.
    pub fn new(server: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        let left = Arc::new(AtomicI64::new(0));
        let ended = Arc::new(AtomicBool::new(false));
        let (count, end) = (Arc::clone(&left), Arc::clone(&ended));
        let acceptor = thread::spawn(move || {
            for client in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let client = client.expect("a client");
                let server = UnixStream::connect(server.join(SOCKET)).expect("a server");
                pump(client, server, Arc::clone(&count));
            }
        });
        Self {
            folder,
            left,
            ended,
            acceptor: Some(acceptor),
        }
    }

    /// The folder of its own socket.
    pub fn folder(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// Loses this answer from now, counted from 1.
    pub fn lose(&self, answer: i64) {
        self.left.store(answer, Ordering::SeqCst);
    }

    /// Whether it has been lost.
    pub fn has_lost(&self) -> bool {
        self.left.load(Ordering::SeqCst) <= 0
    }
}

impl Drop for Lossy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // It looks at the flag when a client connects.
        let _ = UnixStream::connect(self.folder.path().join(SOCKET));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

/// Both directions end when one of them does.
fn pump(mut client: UnixStream, mut server: UnixStream, left: Arc<AtomicI64>) {
    let mut questions = client.try_clone().expect("a socket");
    let mut to_server = server.try_clone().expect("a socket");
    thread::spawn(move || {
        let _ = std::io::copy(&mut questions, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        let mut answer = vec![0; 64 << 10];
        while let Ok(length @ 1..) = server.read(&mut answer) {
            if left.fetch_sub(1, Ordering::SeqCst) == 1
                || client.write_all(&answer[..length]).is_err()
            {
                break;
            }
        }
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    });
}
