//! A stand-in for Slack, the only part of the tests that is not real. It answers incoming webhooks as
//! <https://api.slack.com/messaging/webhooks#handling_errors> says, and the calls of a bot as
//! <https://docs.slack.dev/reference/methods/chat.postMessage> and
//! <https://docs.slack.dev/reference/methods/chat.update> say.

use std::io::Write as _;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use crate::request::Request;

/// The path of the only webhook there is. It is a secret: it must show up nowhere.
const HOOK: &str = "/services/T0000/B0000/not-to-be-shown";

/// The address of the API.
const API: &str = "/api/";

/// The token of the only bot, which is a secret.
pub const TOKEN: &str = "not-to-be-shown-either";

/// How messages are answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// As Slack does when all is well.
    Accept,
    /// With this status, and the message is lost.
    Refuse(u16),
    /// Not at all, until this changes.
    Hang,
    /// Like `Hang`, but a request without effect is answered.
    Swallow,
}

/// A message that arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The method of the API; empty for a webhook.
    pub method: String,
    /// Its body.
    pub body: Value,
    /// What was said to it when it arrived.
    pub answer: Answer,
}

/// A running stand-in; it ends when it is dropped.
pub struct Slack {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    answer: Answer,
    messages: Vec<Message>,
    /// How many requests arrived.
    asked: usize,
    ended: bool,
    /// All connections, so that none is waited for at the end.
    connections: Vec<TcpStream>,
}

impl Slack {
    /// Starts one that accepts messages.
    #[track_caller]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                answer: Answer::Accept,
                messages: Vec::new(),
                asked: 0,
                ended: false,
                connections: Vec::new(),
            }),
            changed: Condvar::new(),
        });
        let listener = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.listen(&listener)
        });
        Self {
            address,
            shared,
            listener: Some(listener),
        }
    }

    /// The webhook's URL.
    pub fn url(&self) -> String {
        format!("http://{}{HOOK}", self.address)
    }

    /// The address of the API.
    pub fn api(&self) -> String {
        format!("http://{}{}", self.address, API.trim_end_matches('/'))
    }

    /// The number of requests that arrived, including requests without effect.
    pub fn asked(&self) -> usize {
        self.shared.state().asked
    }

    /// The texts of the messages that were accepted, in order.
    pub fn accepted(&self) -> Vec<String> {
        let messages = self.messages().into_iter();
        messages
            .filter(|it| it.answer == Answer::Accept)
            .map(|it| it.body["text"].as_str().expect("a text").to_owned())
            .collect()
    }

    /// Sets how messages are answered from now on. The ones that hang are answered, too.
    pub fn answer(&self, answer: Answer) {
        self.shared.state().answer = answer;
        self.shared.changed.notify_all();
    }

    /// All messages that arrived, in order, also those that were refused.
    pub fn messages(&self) -> Vec<Message> {
        self.shared.state().messages.clone()
    }
}

impl Drop for Slack {
    fn drop(&mut self) {
        {
            let mut state = self.shared.state();
            state.ended = true;
            for connection in &state.connections {
                let _ = connection.shutdown(Shutdown::Both);
            }
        }
        self.shared.changed.notify_all();
        // The listener waits for a connection: this is the last one.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl Shared {
    /// A panic elsewhere leaves nothing half done here.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(self: &Arc<Self>, listener: &TcpListener) {
        let mut threads = Vec::new();
        for stream in listener.incoming() {
            let mut state = self.state();
            if state.ended {
                break;
            }
            let Ok(stream) = stream else { continue };
            state.connections.extend(stream.try_clone());
            let shared = Arc::clone(self);
            threads.push(thread::spawn(move || shared.serve(&stream)));
        }
        for thread in threads {
            let _ = thread.join();
        }
    }

    /// Answers one request, and closes. A client that goes away is not missed.
    fn serve(&self, stream: &TcpStream) -> Option<()> {
        let Request {
            method,
            path,
            token,
            body,
        } = Request::read(stream)?;
        self.state().asked += 1;
        if method == "GET" {
            let status = self.look()?;
            return answer(stream, status, "seen");
        }
        let (status, text) = match path.strip_prefix(API) {
            None if path == HOOK => self.receive("", &body)?,
            None => (404, "no_service".to_owned()),
            Some(_) if token != TOKEN => (
                200,
                json!({"ok": false, "error": "invalid_auth"}).to_string(),
            ),
            Some(method) => match self.receive(method, &body)? {
                (200, ts) => {
                    let answer = json!({"ok": true, "channel": "C0123456789", "ts": ts});
                    (200, answer.to_string())
                }
                refused => refused,
            },
        };
        answer(stream, status, &text)
    }

    /// The status for a request without effect; `None` when the stand-in ends.
    fn look(&self) -> Option<u16> {
        let hangs = |state: &mut State| state.answer == Answer::Hang && !state.ended;
        let waited = self.changed.wait_while(self.state(), hangs);
        let state = waited.unwrap_or_else(PoisonError::into_inner);
        match state.answer {
            Answer::Accept | Answer::Swallow => Some(404),
            Answer::Refuse(status) => Some(status),
            Answer::Hang => None,
        }
    }

    /// The status and the text for a message; `None` when the stand-in ends. For the API, the text is the time stamp of
    /// the message.
    fn receive(&self, method: &str, body: &[u8]) -> Option<(u16, String)> {
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return Some((400, "invalid_payload".to_owned()));
        };
        if body.get("text").or(body.get("blocks")).is_none() {
            return Some((400, "no_text".to_owned()));
        }
        let mut state = self.state();
        let answer = state.answer;
        let ts = match body["ts"].as_str() {
            Some(ts) => ts.to_owned(),
            None => format!("1503435956.{:06}", state.messages.len()),
        };
        state.messages.push(Message {
            method: method.to_owned(),
            body,
            answer,
        });
        let hangs = |state: &mut State| {
            matches!(state.answer, Answer::Hang | Answer::Swallow) && !state.ended
        };
        let waited = self.changed.wait_while(state, hangs);
        let state = waited.unwrap_or_else(PoisonError::into_inner);
        match state.answer {
            Answer::Accept if method.is_empty() => Some((200, "ok".to_owned())),
            Answer::Accept => Some((200, ts)),
            Answer::Refuse(status) => Some((status, "server_error".to_owned())),
            Answer::Hang | Answer::Swallow => None,
        }
    }
}

/// Sends a response, and closes the connection.
fn answer(mut stream: &TcpStream, status: u16, text: &str) -> Option<()> {
    let length = text.len();
    write!(
        stream,
        "HTTP/1.1 {status} Said\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{text}"
    )
    .ok()?;
    stream.shutdown(Shutdown::Both).ok()
}
