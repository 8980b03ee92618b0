//! Nodes that serve a commit, and other servers that always send the same answer.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A node that sends the same answer to each request, until it is dropped.
pub struct Node {
    address: SocketAddr,
    bodies: Arc<Mutex<String>>,
    is_over: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl Node {
    /// Starts a node that answers with this body and these header lines. Each line ends with `\r\n`.
    pub fn answering(body: Vec<u8>, headers: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let is_over = Arc::new(AtomicBool::new(false));
        let bodies = Arc::new(Mutex::new(String::new()));
        let (over, sent) = (is_over.clone(), bodies.clone());
        let server = thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                // An error means that the client closed the connection.
                if let Ok(sent_body) = stream.and_then(|stream| answer(stream, &body, headers)) {
                    sent.lock().expect("bodies").push_str(&sent_body);
                }
            }
        });
        Self {
            address,
            bodies,
            is_over,
            server: Some(server),
        }
    }

    /// Starts a node that serves a commit.
    pub fn serving(commit: &str) -> Self {
        Self::answering(format!("{{\"commit\": \"{commit}\"}}").into_bytes(), "")
    }

    /// The concatenated bodies of all requests so far.
    pub fn bodies(&self) -> String {
        self.bodies.lock().expect("bodies").clone()
    }

    /// The base URL of the node.
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

/// Answers a request, and returns the body of the request.
fn answer(stream: TcpStream, body: &[u8], headers: &str) -> std::io::Result<String> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    let mut length = 0;
    while reader.read_line(&mut line)? > 0 && line != "\r\n" {
        let line_of_length = line.to_ascii_lowercase();
        if let Some(value) = line_of_length.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        line.clear();
    }
    let mut sent = vec![0; length];
    reader.read_exact(&mut sent)?;
    let mut stream = reader.into_inner();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n"
    )?;
    stream.write_all(body)?;
    Ok(String::from_utf8_lossy(&sent).into_owned())
}
