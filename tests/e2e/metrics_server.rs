//! A stand-in for a metrics server: it answers instant queries as
//! <https://prometheus.io/docs/prometheus/latest/querying/api/> says.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use crate::request::Request;

/// A running stand-in; it ends when it is dropped.
pub struct MetricsServer {
    address: SocketAddr,
    shared: Arc<Mutex<State>>,
    listener: Option<JoinHandle<()>>,
}

struct State {
    /// The status and the body of the next answers.
    answer: (u16, String),
    /// The paths of the requests, with their queries.
    asked: Vec<String>,
    ended: bool,
}

impl MetricsServer {
    /// Starts a server whose queries have this value.
    pub fn start(value: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Mutex::new(State {
            answer: (200, one(value)),
            asked: Vec::new(),
            ended: false,
        }));
        let state = shared.clone();
        let listener = thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                if state.lock().expect("a state").ended {
                    break;
                }
                let request = Request::read(&stream);
                let mut state = state.lock().expect("a state");
                state.asked.extend(request.map(|it| it.path));
                let (status, body) = &state.answer;
                // The client may have closed the connection.
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Self {
            address,
            shared,
            listener: Some(listener),
        }
    }

    /// The table of the configuration.
    pub fn table(&self) -> String {
        format!("[metrics]\nurl = \"http://{}\"\n", self.address)
    }

    /// From now on, queries have this value.
    pub fn has(&self, value: &str) {
        self.shared.lock().expect("a state").answer = (200, one(value));
    }

    /// From now on, queries are answered with this status and an HTML page.
    pub fn fails(&self, status: u16) {
        let page = "<html>an error</html>".to_owned();
        self.shared.lock().expect("a state").answer = (status, page);
    }

    /// The paths of the requests so far.
    pub fn asked(&self) -> Vec<String> {
        self.shared.lock().expect("a state").asked.clone()
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        self.shared.lock().expect("a state").ended = true;
        drop(TcpStream::connect(self.address));
        let ended = self.listener.take().map(JoinHandle::join);
        if !thread::panicking() {
            ended
                .expect("it ends once")
                .expect("a server that does not panic");
        }
    }
}

/// The answer with one series.
fn one(value: &str) -> String {
    format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{}},"value":[1,"{value}"]}}]}}}}"#
    )
}
