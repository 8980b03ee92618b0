//! Tries every server that a configuration names, and changes nothing there.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::clock;
use crate::config::Config;
use crate::config::shown::masked;
use crate::effects::probe::{Answer, Prober};
use crate::effects::registry::Registry;
use crate::effects::shutdown::Shutdown;
use crate::effects::slack::Slack;
use crate::effects::trigger::{self, Request};
use crate::error::Error;
use crate::journal::{self, Location};
use crate::server_settings::nodes::{Discovery, Source};
use crate::server_settings::{Destination, TriggerSettings};
use crate::text::number::short;

/// The time limit for all servers together.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// How many servers are tried at the same time.
const AT_ONCE: usize = 16;

/// A server that a configuration names.
pub(super) struct Server {
    /// The kind of server, for people.
    pub what: String,
    /// Its address, without secrets; empty if the address is a secret.
    pub address: String,
    /// Sends the request.
    ask: Box<dyn FnOnce() -> Tried + Send>,
}

/// The answer of a server in words, or the reason why the server can't be used.
pub(super) type Tried = Result<String, String>;

/// The servers that a configuration names, in the order of the file.
pub(super) fn servers(config: &Config) -> Vec<Server> {
    let mut servers = Vec::new();
    for environment in &config.environments {
        for node in &environment.nodes {
            let (url, time_limit) = (node.clone(), environment.node_time_limit);
            let prober = Prober::new(time_limit.min(TIME_LIMIT), &environment.trust);
            let prober = prober.expecting(environment.document.clone());
            let ask = move || version(&prober, &url);
            let what = format!("node of {}", environment.name);
            servers.push(Server::new(what, node, ask));
        }
        if let Some(discovery) = &environment.discovery {
            let prober = Prober::new(
                environment.node_time_limit.min(TIME_LIMIT),
                &environment.trust,
            );
            let prober = prober.expecting(environment.document.clone());
            let address = match &discovery.source {
                Source::Url { url, .. } | Source::Dns(url) => url.as_str(),
                Source::Command { arguments, .. } => arguments.first().map_or("", String::as_str),
            };
            let mut discovery = discovery.clone();
            discovery.time_limit = discovery.time_limit.min(TIME_LIMIT);
            let what = format!("nodes of {}", environment.name);
            let ask = move || discovered(&discovery, &prober);
            servers.push(Server::new(what, address, ask));
        }
    }
    let location = config.journal.clone();
    let ask = move || look(&location).map_err(|it| it.line());
    servers.push(Server::new("journal", &masked(&config.journal), ask));
    if let Some(slack) = &config.slack {
        let destination = slack.destination.clone();
        let address = match &destination {
            Destination::Webhook { .. } => "",
            Destination::Bot { api, .. } => api,
        };
        let ask = {
            let (to, trust) = (destination.clone(), slack.trust.clone());
            move || {
                let answers = Slack::new(&trust).check_connection(&to);
                answers.map_or_else(|it| Err(it.line()), |()| Ok("answers".to_owned()))
            }
        };
        servers.push(Server::new("Slack", address, ask));
    }
    let serve = config.serve.iter();
    for serve in serve {
        if let Some(registry) = &serve.registry {
            let repositories = serve.repositories.clone();
            let settings = registry.clone();
            let ask = move || {
                let registry = Registry::new(settings);
                let mut asked = repositories.iter();
                match asked.try_for_each(|it| registry.digest(it, TAG).map(drop)) {
                    Ok(()) => Ok(format!("can read {}", repositories.join(", "))),
                    Err(error) => Err(error.line()),
                }
            };
            servers.push(Server::new("registry", &registry.url, ask));
        }
        if let Some(settings) = serve.elsewhere.clone() {
            let address = match &settings {
                TriggerSettings::Jenkins(it) => &it.job,
                TriggerSettings::CircleCi(it) => &it.url,
                TriggerSettings::GitHub(it) => &it.url,
            };
            let address = address.clone();
            let name = settings.name();
            servers.push(Server::new(name, &address, move || ci(&settings)));
        }
    }
    servers
}

/// The tag that the registry is asked for. It does not have to exist.
const TAG: &str = "latest";

impl Server {
    fn new(
        what: impl Into<String>,
        address: &str,
        ask: impl FnOnce() -> Tried + Send + 'static,
    ) -> Self {
        Self {
            what: what.into(),
            address: address.to_owned(),
            ask: Box::new(ask),
        }
    }
}

/// Tries all servers at the same time. Returns the kind, the address and the result of each server, in the given order.
pub(super) fn tried(servers: Vec<Server>) -> Vec<(String, String, Tried)> {
    let deadline = Instant::now() + TIME_LIMIT;
    let mut tried: Vec<_> = servers
        .iter()
        .map(|it| {
            let silent = format!("no answer within {} s", TIME_LIMIT.as_secs());
            (it.what.clone(), it.address.clone(), Err(silent))
        })
        .collect();
    let (sender, results) = channel();
    let mut waiting = servers.into_iter().enumerate();
    let mut start = |count: usize| {
        for (place, server) in waiting.by_ref().take(count) {
            let sender = sender.clone();
            // A thread that is late ends with the program.
            thread::spawn(move || sender.send((place, (server.ask)())));
        }
    };
    start(AT_ONCE);
    for _ in 0..tried.len() {
        let left = deadline.saturating_duration_since(Instant::now());
        match results.recv_timeout(left) {
            Ok((place, result)) => tried[place].2 = result,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
        start(1);
    }
    tried
}

/// Finds nodes, and asks each of them for its version.
fn discovered(discovery: &Discovery, prober: &Prober) -> Tried {
    let targets = discovery.find()?;
    if let Some(why) = discovery.shortage(targets.len()) {
        return Err(why);
    }
    let answers = prober.round(&targets, &Shutdown::never());
    let all = answers.len();
    let nodes = if all == 1 { "node" } else { "nodes" };
    let mut silent = answers.iter().filter_map(|(name, answer, _)| match answer {
        Answer::Unreachable(why) => Some((name, why)),
        Answer::Version(_) => None,
    });
    match silent.next() {
        None => Ok(format!(
            "finds {all} {nodes}, and each answers with its version"
        )),
        Some((name, why)) => Err(format!(
            "finds {all} {nodes}, and {} of them give no usable answer: {name}: {why}",
            silent.count() + 1
        )),
    }
}

/// Asks a node for its version.
fn version(prober: &Prober, url: &str) -> Tried {
    match prober.ask(url) {
        Answer::Version(version) => Ok(format!("serves {}", short(&version.commit))),
        Answer::Unreachable(why) => Err(why),
    }
}

/// Looks for the journal.
fn look(location: &str) -> Result<String, Error> {
    let location: Location = location.parse().map_err(|why| Error::new(why, ""))?;
    Ok(match journal::versions(&location, TIME_LIMIT)? {
        None => "is reached, and has no journal yet; the first deployment creates it".to_owned(),
        Some((found, written)) if found < written => format!(
            "has version {found}; the next command that uses it updates it to version {written}"
        ),
        Some((found, _)) => format!("has version {found}"),
    })
}

/// Looks for a deployment that does not exist.
fn ci(settings: &TriggerSettings) -> Tried {
    let request = Request {
        key: format!("check-{:016x}", fastrand::u64(..)),
        repository: String::new(),
        tag: String::new(),
        digest: None,
        environment: String::new(),
        commit: String::new(),
        since: clock::milliseconds(),
    };
    match trigger::of(settings).find(&request) {
        Ok(_) => Ok("answers, and accepts the token".to_owned()),
        // It answered, but its runs do not show anything about a deployment.
        Err(error @ trigger::Error::Unknown { .. }) => Ok(format!("answers; {error}")),
        Err(error) => Err(error.to_string()),
    }
}
