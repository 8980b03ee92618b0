//! Finds the nodes of an environment whose addresses change.
//!
//! The list is read anew for each round: an old list could hide a node that serves an old release.

mod consul;
mod endpoint_slices;
mod http_sd;
mod lines;
mod member;
#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::net::ToSocketAddrs as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use ureq::http::header::{ACCEPT, AUTHORIZATION};

use super::Failure;
use super::probe::Target;
use crate::child;
use crate::contract::history::MOST_NODES;
use crate::http::{Client, host_and_port};
use crate::limits::LIST;
use crate::secret;
use crate::server_settings::nodes::{Discovery, Format, Source};
use crate::tls::Trust;
use member::{Members, quoted};

/// The most pages of one list.
const MOST_PAGES: usize = 100;
/// How many characters of the standard error of a command an error repeats.
const REPEATED: usize = 300;
/// The name of the list in errors.
const LIST_OF_NODES: &str = "the server with the list of nodes";

impl Discovery {
    /// Finds the nodes, sorted by name. There can be fewer than [`Self::min_nodes`], even none.
    ///
    /// # Errors
    ///
    /// If the list can't be read as a whole: one line that is safe to print.
    pub fn find(&self) -> Result<Vec<Target>, String> {
        let mut members = Members::default();
        match &self.source {
            Source::Url { url, token, trust } => {
                self.ask(url, (token.as_ref(), trust), &mut members)?;
            }
            Source::Command { .. } => {
                let printed = self.run()?;
                if self.read(&printed, &mut members)?.is_some() {
                    return Err("the list is a page of a longer one".to_owned());
                }
            }
            Source::Dns(url) => return self.resolve(url),
        }
        Ok(members.sorted())
    }

    /// What is wrong with so many nodes: `found 1 node, and min-nodes is 2`. `None` if they are enough.
    pub fn shortage(&self, found: usize) -> Option<String> {
        let nodes = if found == 1 { "node" } else { "nodes" };
        match self.min_nodes {
            least if found >= least => None,
            1 => Some("found no node".to_owned()),
            least => Some(format!("found {found} {nodes}, and `min-nodes` is {least}")),
        }
    }

    /// Reads one page, and returns the place of the next one.
    fn read(&self, text: &[u8], members: &mut Members) -> Result<Option<String>, String> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let shape = &self.shape;
        match self.format {
            Format::Endpointslices => return endpoint_slices::read(text, shape, members),
            Format::HttpSd => http_sd::read(text, shape, members),
            Format::Consul => consul::read(text, shape, members),
            Format::Lines => lines::read(text, shape, members),
        }
        .map(|()| None)
    }

    /// Asks a server for all pages.
    fn ask(
        &self,
        url: &str,
        (token, trust): (Option<&secret::Source>, &Trust),
        members: &mut Members,
    ) -> Result<(), String> {
        let until = Instant::now() + self.time_limit;
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!("no complete list within {:?}", self.time_limit));
            }
            let client = Client::new(left, trust);
            let mut request = client
                .agent(url)
                .get(url)
                .header(ACCEPT, "application/json, */*");
            if let Some(token) = token {
                let token = token.token("token").map_err(|it| it.line())?;
                request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
            }
            if let Some(place) = &next {
                request = request.query("continue", place);
            }
            let failed =
                |error: &ureq::Error| Failure::of(error, LIST_OF_NODES, self.time_limit).why;
            let mut response = request.call().map_err(|it| failed(&it))?;
            let status = response.status().as_u16();
            let body = response.body_mut().with_config().limit(LIST.bytes);
            let body = body.read_to_vec().map_err(|error| match error {
                ureq::Error::BodyExceedsLimit(_) => {
                    format!("{LIST_OF_NODES} answered with more than {}", LIST.size())
                }
                error => failed(&error),
            })?;
            if status != 200 {
                let body = String::from_utf8_lossy(&body);
                return Err(format!(
                    "{LIST_OF_NODES} answered with status {status}: {}",
                    quoted(&body)
                ));
            }
            next = self.read(&body, members)?;
            if next.is_none() {
                return Ok(());
            }
        }
        Err(format!("the list has more than {MOST_PAGES} pages"))
    }

    /// Runs the command, and returns what it printed.
    fn run(&self) -> Result<Vec<u8>, String> {
        let Source::Command {
            arguments,
            folder,
            without,
        } = &self.source
        else {
            return Ok(Vec::new());
        };
        let [program, arguments @ ..] = arguments.as_slice() else {
            return Err("the command is empty".to_owned());
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .process_group(0);
        for variable in without {
            command.env_remove(variable);
        }
        let limit = LIST.within(self.time_limit);
        let output = child::output(&mut command, &limit).map_err(|error| match error.kind() {
            ErrorKind::TimedOut => {
                format!(
                    "the command {} did not end within {:?}",
                    quoted(program),
                    self.time_limit
                )
            }
            _ => format!("the command {} failed to run: {error}", quoted(program)),
        })?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said: String = said.trim().chars().take(REPEATED).collect();
        Err(format!(
            "the command {} ended with {}: {}",
            quoted(program),
            output.status,
            quoted(&said)
        ))
    }

    /// Resolves the host name of a URL. Each address is a node.
    fn resolve(&self, url: &str) -> Result<Vec<Target>, String> {
        let (host, port) = host_and_port(url).ok_or_else(|| "`dns` is not a URL".to_owned())?;
        let (sender, resolved) = channel();
        // The system's resolver has no time limit of its own. A thread that is late ends with the program.
        thread::spawn(move || sender.send((host.as_str(), port).to_socket_addrs()));
        let resolved = resolved
            .recv_timeout(self.time_limit)
            .map_err(|_| format!("the host name did not resolve within {:?}", self.time_limit))?
            .map_err(|error| {
                format!(
                    "the host name did not resolve: {}",
                    quoted(&error.to_string())
                )
            })?;
        let mut addresses: Vec<_> = resolved.collect();
        addresses.sort_unstable();
        addresses.dedup();
        if addresses.len() > MOST_NODES {
            return Err("the host name has too many addresses".to_owned());
        }
        Ok(addresses
            .into_iter()
            .map(|address| Target {
                name: format!("{url} ({})", address.ip()),
                url: url.to_owned(),
                address: Some(address),
            })
            .collect())
    }
}
