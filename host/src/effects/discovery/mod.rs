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
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use ureq::http::header::{ACCEPT, AUTHORIZATION};

use super::Failure;
use super::probe::Target;
use crate::child::{self, Failed};
use crate::contract::history::MOST_NODES;
use crate::http::{Client, host_and_port};
use crate::limits::LIST;
use crate::secret;
use crate::server_settings::nodes::{Discovery, Format, List, Source};
use crate::tls::Trust;
use member::{Members, quoted};

/// The most pages of one list.
const MOST_PAGES: usize = 100;
/// The name of the list in errors.
const LIST_OF_NODES: &str = "the server with the list of nodes";

impl Discovery {
    /// Finds the nodes, sorted by name. The list can be shorter than [`Self::min_nodes`], and can be empty.
    ///
    /// # Errors
    ///
    /// If the list can't be read as a whole: one line that is safe to print.
    pub fn find(&self) -> Result<Vec<Target>, String> {
        let mut members = Members::default();
        match &self.source {
            Source::Url {
                url,
                token,
                trust,
                list,
            } => self.ask(url, (token.as_ref(), trust), list, &mut members)?,
            Source::Command {
                arguments,
                folder,
                without,
                list,
            } => {
                let command = child::command(arguments, folder, without);
                let printed = self.run(command.ok_or("the command is empty")?)?;
                if read(&printed, list, &mut members)?.is_some() {
                    return Err("the list is a page of a longer one".to_owned());
                }
            }
            Source::Dns(url) => return self.resolve(url),
        }
        Ok(members.sorted())
    }

    /// Explains why so many nodes are too few: `found 1 node, and min-nodes is 2`. Returns `None` if they are enough.
    pub fn shortage(&self, found: usize) -> Option<String> {
        let nodes = if found == 1 { "node" } else { "nodes" };
        match self.min_nodes {
            least if found >= least => None,
            1 => Some("found no node".to_owned()),
            least => Some(format!("found {found} {nodes}, and `min-nodes` is {least}")),
        }
    }

    /// Asks a server for all pages.
    fn ask(
        &self,
        url: &str,
        (token, trust): (Option<&secret::Source>, &Trust),
        list: &List,
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
            next = read(&body, list, members)?;
            if next.is_none() {
                return Ok(());
            }
        }
        Err(format!("the list has more than {MOST_PAGES} pages"))
    }

    /// Runs the command, and returns its output.
    fn run(&self, mut command: Command) -> Result<Vec<u8>, String> {
        let program = quoted(&command.get_program().to_string_lossy());
        let limit = LIST.within(self.time_limit);
        child::printed(&mut command, &limit).map_err(|failed| match failed {
            Failed::Run(error) if error.kind() == ErrorKind::TimedOut => {
                format!(
                    "the command {program} did not end within {:?}",
                    self.time_limit
                )
            }
            Failed::Run(error) => format!("the command {program} failed to run: {error}"),
            Failed::Ended(how) => format!("the command {program} ended with {how}"),
        })
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

/// Reads one page of a list, and returns the place of the next one.
fn read(text: &[u8], list: &List, members: &mut Members) -> Result<Option<String>, String> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    match list.format {
        Format::Endpointslices => return endpoint_slices::read(text, list, members),
        Format::HttpSd => http_sd::read(text, list, members),
        Format::Consul => consul::read(text, list, members),
        Format::Lines => lines::read(text, list, members),
    }
    .map(|()| None)
}
