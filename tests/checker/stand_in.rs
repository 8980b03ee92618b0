//! The stand-ins that answer HTTP: nodes, a registry and Slack, for all services at one address.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use serde_json::json;

use crate::effects::{Effect, EffectsLog};
use crate::request::Request;

/// The server. It ends when it is dropped.
pub struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    shops: Mutex<BTreeMap<String, Shop>>,
    ended: AtomicBool,
}

/// The state of the stand-ins of one service.
struct Shop {
    folder: PathBuf,
    log: EffectsLog,
    /// The digest of each tag in the registry.
    tags: BTreeMap<String, String>,
    /// Whether its nodes and its registry answer.
    answers: bool,
}

impl StandIn {
    /// Starts the server.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared::default());
        let for_listener = Arc::clone(&shared);
        let listener = thread::spawn(move || {
            for stream in listener.incoming() {
                if for_listener.ended.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let shared = Arc::clone(&for_listener);
                thread::spawn(move || shared.serve(&stream));
            }
        });
        Self {
            address,
            shared,
            listener: Some(listener),
        }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a service: its folder has the file `live-ENVIRONMENT` with the commit of each environment.
    pub fn add(&self, name: &str, folder: PathBuf, log: EffectsLog) {
        let shop = Shop {
            folder,
            log,
            tags: BTreeMap::new(),
            answers: true,
        };
        self.shared
            .with(|shops| shops.insert(name.to_owned(), shop));
    }

    /// Pushes an image under a tag.
    pub fn push(&self, name: &str, tag: &str, digest: &str) {
        self.shared.with(|shops| {
            let shop = shops.get_mut(name).expect("a service");
            shop.tags.insert(tag.to_owned(), digest.to_owned());
        });
    }

    /// Makes the nodes and the registry of a service silent, or lets them answer again.
    pub fn answer(&self, name: &str, answers: bool) {
        self.shared
            .with(|shops| shops.get_mut(name).expect("a service").answers = answers);
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // The listener waits for a connection. This is the last one.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

/// An answer: its status, a header, and its body.
type Answer = (u16, String, String);

impl Shared {
    fn with<T>(&self, does: impl FnOnce(&mut BTreeMap<String, Shop>) -> T) -> T {
        let mut shops = self.shops.lock().unwrap_or_else(PoisonError::into_inner);
        does(&mut shops)
    }

    fn serve(&self, mut stream: &TcpStream) -> Option<()> {
        let Request {
            method, path, body, ..
        } = Request::read(stream)?;
        let (status, header, body) = self.answer(&method, &path, &body);
        let content = if method == "HEAD" { "" } else { &body };
        write!(
            stream,
            "HTTP/1.1 {status} Said\r\n{header}content-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{content}",
            body.len()
        )
        .ok()?;
        stream.shutdown(Shutdown::Both).ok()
    }

    fn answer(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let path = path.split('?').next().unwrap_or_default();
        let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
        let plain = |status, text: &str| (status, String::new(), text.to_owned());
        self.with(|shops| match parts[..] {
            ["nodes", name, environment, "__version__"] => {
                let Some(shop) = shops.get(name).filter(|it| it.answers) else {
                    return plain(503, "{}");
                };
                let live = fs::read_to_string(shop.folder.join(format!("live-{environment}")));
                let commit = live.unwrap_or_default().trim().to_owned();
                plain(200, &json!({ "commit": commit }).to_string())
            }
            ["v2", name, "manifests", tag] => {
                let Some(shop) = shops.get(name).filter(|it| it.answers) else {
                    return plain(503, "{}");
                };
                let digest = shop.tags.get(tag).cloned();
                shop.log.write(&Effect::Resolved {
                    tag: tag.to_owned(),
                    digest: digest.clone(),
                });
                match digest {
                    Some(digest) => {
                        let header = format!("docker-content-digest: {digest}\r\n");
                        (200, header, "{}".to_owned())
                    }
                    None => plain(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#),
                }
            }
            ["v2", name, "tags", "list"] => match shops.get(name).filter(|it| it.answers) {
                None => plain(503, "{}"),
                Some(shop) => {
                    let tags: Vec<_> = shop.tags.keys().collect();
                    plain(200, &json!({ "name": name, "tags": tags }).to_string())
                }
            },
            ["slack", name] if method == "POST" => {
                let text = serde_json::from_slice::<serde_json::Value>(body);
                let text = text.expect("JSON")["text"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                let shop = shops.get(name).expect("a service");
                shop.log.write(&Effect::Told { text });
                plain(200, "ok")
            }
            _ => plain(404, "{}"),
        })
    }
}
