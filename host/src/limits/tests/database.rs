//! A server that speaks the protocol of `PostgreSQL` until a program has logged in, and then sends the input.
//!
//! Source: <https://www.postgresql.org/docs/current/protocol-message-formats.html>.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::journal::POSTGRES_VERSION;
use crate::limits::feeds::{Feed, LARGE, pour};

/// The types of columns.
const BOOL: u32 = 16;
const INT4: u32 = 23;
const TEXT: u32 = 25;

/// Starts a server, until the process ends. Returns the address of its database.
pub(super) fn database(feed: Feed) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            // A call fails if the reader closes the connection at its limit. That is no error here.
            thread::spawn(move || drop(serve(stream, feed)));
        }
    });
    format!("postgresql://a:b@{address}/c?connect_timeout=1")
}

/// A message: its kind, its length, and its contents.
fn message(kind: u8, contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(4 + contents.len()).expect("a short message");
    [&[kind], &length.to_be_bytes()[..], contents].concat()
}

/// A row with one value.
fn row(value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).expect("a short value");
    message(b'D', &[&[0, 1], &length.to_be_bytes()[..], value].concat())
}

/// The description of rows with one column.
fn description(kind: u32) -> Vec<u8> {
    let mut contents = vec![0, 1, b'a', 0, 0, 0, 0, 0, 0, 0];
    contents.extend(kind.to_be_bytes());
    contents.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0]);
    message(b'T', &contents)
}

const READY: &[u8] = &[b'Z', 0, 0, 0, 5, b'I'];

fn serve(mut stream: TcpStream, feed: Feed) -> io::Result<()> {
    next(&mut stream, false)?;
    stream.write_all(&message(b'R', &[0; 4]))?;
    stream.write_all(READY)?;
    // The value that the statement asks for; `None` for the statement that gets the input.
    let mut wanted: (u32, Option<Vec<u8>>) = (TEXT, None);
    loop {
        let (kind, contents) = next(&mut stream, true)?;
        let text = String::from_utf8_lossy(&contents);
        let said = match kind {
            b'Q' => [&message(b'C', b"SET\0"), READY].concat(),
            b'P' => {
                wanted = if text.contains("server_encoding") {
                    (TEXT, Some(b"UTF8".to_vec()))
                } else if text.contains("pg_class") {
                    (BOOL, Some(vec![1]))
                } else if text.contains("greenlight.about") {
                    let version = i32::try_from(POSTGRES_VERSION).expect("a small number");
                    (INT4, Some(version.to_be_bytes().to_vec()))
                } else {
                    (TEXT, None)
                };
                message(b'1', b"")
            }
            b'D' => {
                // None of the statements has parameters.
                let parameters = message(b't', &[0, 0]);
                [parameters, description(wanted.0)].concat()
            }
            b'B' => message(b'2', b""),
            b'E' => match &wanted.1 {
                Some(value) => [row(value), message(b'C', b"SELECT 1\0")].concat(),
                None => return input(&mut stream, feed),
            },
            b'C' => message(b'3', b""),
            b'S' => READY.to_vec(),
            _ => return Ok(()),
        };
        stream.write_all(&said)?;
    }
}

/// Sends rows: one large row, rows without an end, or one row whose bytes arrive slowly.
fn input(stream: &mut TcpStream, feed: Feed) -> io::Result<()> {
    match feed {
        Feed::Endless => pour(stream, b"", &row(&[b'a'; 1000]), feed),
        Feed::Large | Feed::Slow => {
            let length = u32::try_from(LARGE).expect("a short value");
            let mut head = vec![b'D'];
            head.extend((length + 10).to_be_bytes());
            head.extend([0, 1]);
            head.extend(length.to_be_bytes());
            pour(stream, &head, b"a", feed)
        }
    }
}

/// Reads the next message. The first one has no kind.
fn next(stream: &mut TcpStream, has_kind: bool) -> io::Result<(u8, Vec<u8>)> {
    let mut kind = [0];
    if has_kind {
        stream.read_exact(&mut kind)?;
    }
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u64::from(u32::from_be_bytes(length)).saturating_sub(4);
    let mut contents = Vec::new();
    stream.take(length).read_to_end(&mut contents)?;
    Ok((kind[0], contents))
}

/// Reads the leases of a database.
pub(super) fn leases(address: &str) -> Result<String, String> {
    let location: crate::journal::Location = address.parse()?;
    let mut store = crate::journal::open(&location).map_err(|it| it.to_string())?;
    let found = store.leases();
    found
        .map(|_| "read".to_owned())
        .map_err(|it| it.to_string())
}
