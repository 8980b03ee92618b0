//! Inputs for the tests of readers: files, pipes, servers and programs whose data is too long or too slow.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// The size of a large input, in bytes: 100 MB.
pub(super) const LARGE: usize = 100_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feed {
    Large,
    Endless,
    Slow,
}

pub(super) const FEEDS: [Feed; 3] = [Feed::Large, Feed::Endless, Feed::Slow];

/// A shell script that prints `beginning` and then the input.
pub(super) fn script(feed: Feed, beginning: &str) -> String {
    let feed = match feed {
        Feed::Large => format!("head -c {LARGE} /dev/zero"),
        Feed::Endless => "cat /dev/zero".to_owned(),
        Feed::Slow => "while printf a; do sleep 1; done".to_owned(),
    };
    format!("printf '{beginning}'; {feed}")
}

/// Sends the answer of a server: a status line, headers, and a body with the input.
fn answer(stream: &mut TcpStream, status: &str, feed: Feed) -> io::Result<()> {
    let length = match feed {
        Feed::Large => format!("content-length: {LARGE}\r\n"),
        Feed::Endless | Feed::Slow => String::new(),
    };
    let head = format!("HTTP/1.1 {status}\r\n{length}connection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    pour(stream, br#"{"tags": ["#, br#""a","#, feed)
}

/// Writes `beginning`, and then repeats `text` until the input is complete or a write fails.
pub(super) fn pour(
    to: &mut impl io::Write,
    beginning: &[u8],
    text: &[u8],
    feed: Feed,
) -> io::Result<()> {
    to.write_all(beginning)?;
    let chunk = text.repeat(1 + (64 << 10) / text.len());
    let mut sent = 0;
    loop {
        match feed {
            Feed::Slow => {
                to.write_all(&text[..1])?;
                to.flush()?;
                thread::sleep(Duration::from_secs(1));
            }
            Feed::Large if sent > LARGE => return Ok(()),
            Feed::Large | Feed::Endless => to.write_all(&chunk)?,
        }
        sent += chunk.len();
    }
}

/// Starts a server that answers the requests of the reader with this limit, until the process ends. Returns its URL.
pub(super) fn server(limit: &'static str, feed: Feed) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let own = url.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let own = own.clone();
            thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
                let first = lines.next().and_then(Result::ok).unwrap_or_default();
                let rest = lines.map_while(Result::ok);
                rest.take_while(|it| !it.is_empty()).for_each(drop);
                let is_challenge = limit == crate::limits::TOKEN.of && !first.contains("/token");
                // A write fails if the reader closes the connection at its limit. That is no error here.
                let _ = if is_challenge {
                    let wanted = format!("WWW-Authenticate: Bearer realm=\"{own}/token\"");
                    let head = format!("HTTP/1.1 401 No\r\n{wanted}\r\ncontent-length: 0\r\n\r\n");
                    stream.write_all(head.as_bytes())
                } else if limit == crate::limits::SLACK.of {
                    answer(&mut stream, "500 Oops", feed)
                } else {
                    answer(&mut stream, "200 OK", feed)
                };
            });
        }
    });
    url
}

/// Writes a program named `git` that prints the input.
pub(super) fn fake_git(folder: &Path, feed: Feed) {
    let id = "0123456789abcdef0123456789abcdef01234567";
    let beginning = match feed {
        Feed::Large => format!("{id} commit {LARGE}\\n"),
        Feed::Endless => String::new(),
        Feed::Slow => format!("{id} commit 1000\\n"),
    };
    let path = folder.join("git");
    fs::write(&path, format!("#!/bin/sh\n{}\n", script(feed, &beginning))).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
}

/// Creates a source of the input and returns its path: a sparse file, a device or a pipe.
pub(super) fn path(folder: &Path, feed: Feed) -> String {
    let path = folder.join("fed");
    match feed {
        Feed::Large => {
            let file = File::create(&path).expect("a file");
            file.set_len(LARGE as u64).expect("a length");
        }
        Feed::Endless => return "/dev/zero".to_owned(),
        Feed::Slow => {
            let made = Command::new("mkfifo").arg(&path).status();
            assert!(made.expect("mkfifo").success());
            // Opened for reading and writing, because opening a pipe only for writing waits for a reader.
            let pipe = OpenOptions::new().read(true).write(true).open(&path);
            let mut pipe = pipe.expect("a pipe");
            thread::spawn(move || pour(&mut pipe, b"", b"a", Feed::Slow));
        }
    }
    path.display().to_string()
}
