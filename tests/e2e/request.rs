//! A request that a stand-in receives.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;

/// A request.
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its path, with the query.
    pub path: String,
    /// Its bearer token; empty without one.
    pub token: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Request {
    /// Reads a request. The body needs a `Content-Length`.
    pub fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split(' ').map(str::to_owned);
        let (method, path) = (words.next()?, words.next()?);
        let mut length = 0;
        let mut token = String::new();
        loop {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(':')?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
            if name.eq_ignore_ascii_case("authorization") {
                value
                    .trim()
                    .trim_start_matches("Bearer ")
                    .clone_into(&mut token);
            }
        }
        let mut body = Vec::new();
        reader.take(length).read_to_end(&mut body).ok()?;
        Some(Self {
            method,
            path,
            token,
            body,
        })
    }
}
