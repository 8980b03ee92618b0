//! Nodes that serve a commit.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// A node that gives the same answer to each request. It ends when it is dropped.
pub struct Node {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl Node {
    /// Starts a node that answers with this body, and with these header lines, each with `\r\n`.
    pub fn answering(body: Vec<u8>, headers: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let server = thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                // A client that is gone got no answer.
                let _ = stream.and_then(|stream| answer(stream, &body, headers));
            }
        });
        Self {
            address,
            is_over,
            server: Some(server),
        }
    }

    /// Starts a node that serves a commit.
    pub fn serving(commit: &str) -> Self {
        Self::answering(format!("{{\"commit\": \"{commit}\"}}").into_bytes(), "")
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(server) = self.server.take()
            && !thread::panicking()
        {
            server.join().expect("a node that does not panic");
        }
    }
}

fn answer(stream: TcpStream, body: &[u8], headers: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 && line != "\r\n" {
        line.clear();
    }
    let mut stream = reader.into_inner();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n"
    )?;
    stream.write_all(body)
}
