//! A small HTTP server for tests, on a free port of the loopback interface.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A server that records every request, and answers with a function of the test. It ends when it is dropped.
pub struct StandIn {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    stopped: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl StandIn {
    /// Starts a server. `respond` gets each connection, and the number of earlier requests.
    pub fn start(respond: impl Fn(&mut TcpStream, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let (record, stop, respond) = (requests.clone(), stopped.clone(), Arc::new(respond));
        let server = thread::spawn(move || {
            let mut connections = Vec::new();
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let mut stream = stream.expect("a connection");
                let (record, respond) = (record.clone(), respond.clone());
                connections.push(thread::spawn(move || {
                    let request = request(&mut stream);
                    let before = {
                        let mut record = record.lock().expect("a record");
                        record.push(request);
                        record.len() - 1
                    };
                    respond(&mut stream, before);
                }));
            }
            for connection in connections {
                connection.join().expect("a server that does not panic");
            }
        });
        Self {
            url: format!("http://{address}"),
            address,
            requests,
            stopped,
            server: Some(server),
        }
    }

    /// Every request so far: its lines and its body.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("a record").clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        let ended = self.server.take().map(JoinHandle::join);
        if !thread::panicking() {
            ended
                .expect("it ends once")
                .expect("a server that does not panic");
        }
    }
}

/// The URL of a port without a listener.
pub fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

/// Sends a whole answer. `headers` are lines with `\r\n`.
pub fn answer(stream: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    // The client may have closed the connection.
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
}

/// Sends no answer until the client closes the connection.
pub fn hang(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0; 64]);
}

fn request(stream: &mut TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).unwrap_or(0) > 0 && !head.ends_with("\r\n\r\n") {}
    let length = head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    head + &String::from_utf8_lossy(&body)
}
