//! A stand-in for Jenkins: a job with parameters, a queue, and builds.
//!
//! Source: <https://www.jenkins.io/doc/book/using/remote-access-api/>.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::request::Request;

/// A running stand-in. Its threads end with the test.
pub struct Jenkins {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The parameters of each build, in order.
    builds: Vec<HashMap<String, String>>,
    /// How many requests for a build are answered with 503 before one is accepted.
    busy: usize,
    /// How many builds are accepted without an answer.
    silent: usize,
    refused: usize,
}

impl Jenkins {
    /// Starts one.
    #[track_caller]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(&stream, &shared, address));
            }
        });
        Self { address, state }
    }

    /// The table that starts deployments here.
    pub fn table(&self) -> String {
        format!(
            "[serve.jenkins]\njob = \"http://{}/job/deploy\"\nuser = \"ci\"\ntoken-variable = \"JENKINS_TOKEN\"\n",
            self.address
        )
    }

    /// Answers so many requests with 503 first.
    pub fn busy(&self, times: usize) {
        self.state().busy = times;
    }

    /// Accepts so many builds and answers nothing.
    pub fn silent(&self, times: usize) {
        self.state().silent = times;
    }

    /// How many requests were answered with 503.
    pub fn refused(&self) -> usize {
        self.state().refused
    }

    /// The tags that builds were started for, in order.
    pub fn tags(&self) -> Vec<String> {
        let state = self.state();
        let tags = state.builds.iter().map(|it| it["TAG"].clone());
        tags.collect()
    }

    /// The parameters of each build.
    pub fn builds(&self) -> Vec<HashMap<String, String>> {
        self.state().builds.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(mut stream: &TcpStream, state: &Mutex<State>, address: SocketAddr) -> Option<()> {
    let request = Request::read(stream)?;
    let body = String::from_utf8(request.body).ok()?;
    let (head, text) = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        answer(&mut state, &request.path, &body, address)?
    };
    let length = text.len();
    write!(
        stream,
        "HTTP/1.1 {head}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{text}"
    )
    .ok()?;
    stream.shutdown(Shutdown::Both).ok()
}

/// Status line with headers, and text; nothing where there is no answer.
fn answer(
    state: &mut State,
    path: &str,
    body: &str,
    address: SocketAddr,
) -> Option<(String, String)> {
    let (path, _) = path.split_once('?').unwrap_or((path, ""));
    let builds = || {
        let builds = state.builds.iter().enumerate().map(|(number, parameters)| {
            let parameters = parameters
                .iter()
                .map(|(name, value)| serde_json::json!({ "name": name, "value": value }));
            let parameters: Vec<_> = parameters.collect();
            serde_json::json!({
                "number": number + 1,
                "actions": [{}, { "parameters": parameters }],
            })
        });
        builds.collect::<Vec<_>>()
    };
    Some(match path {
        "/queue/api/json" => ("200 OK".to_owned(), r#"{"items":[]}"#.to_owned()),
        "/job/deploy/api/json" => (
            "200 OK".to_owned(),
            serde_json::json!({ "builds": builds() }).to_string(),
        ),
        "/job/deploy/buildWithParameters" => {
            if state.busy > 0 {
                state.busy -= 1;
                state.refused += 1;
                return Some((
                    "503 Service Unavailable\r\nretry-after: 1".to_owned(),
                    String::new(),
                ));
            }
            let parameters = body.split('&').filter_map(|it| it.split_once('='));
            let parameters =
                parameters.map(|(name, value)| (name.to_owned(), value.replace("%3A", ":")));
            state.builds.push(parameters.collect());
            if state.silent > 0 {
                state.silent -= 1;
                return None;
            }
            let number = state.builds.len();
            (
                format!("201 Created\r\nlocation: http://{address}/queue/item/{number}/"),
                String::new(),
            )
        }
        _ => ("404 Not Found".to_owned(), String::new()),
    })
}
