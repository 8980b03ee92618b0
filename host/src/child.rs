//! Child processes: what they say on standard error.

use std::io::{self, Read};
use std::thread::{self, JoinHandle};

/// What is kept of it, in bytes. People read the first lines.
const KEPT: u64 = 64 << 10;

/// Reads a pipe to its end in a thread of its own, and keeps the beginning. A child whose pipe no thread
/// empties stops in the middle of its work.
pub fn listen(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut said = Vec::new();
        // A pipe that breaks has said all it will.
        let _ = pipe.by_ref().take(KEPT).read_to_end(&mut said);
        let _ = io::copy(&mut pipe, &mut io::sink());
        String::from_utf8_lossy(&said).into_owned()
    })
}

/// Waits for the end of what a child says.
pub fn said(listener: JoinHandle<String>) -> String {
    // It does not panic; if it did, nothing was said.
    listener.join().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_is_kept_and_the_rest_is_read() {
        let text = vec![b'x'; 1 << 20];
        let (mut read, mut write) = io::pipe().expect("a pipe");
        let listener = listen(read.try_clone().expect("a pipe"));
        io::Write::write_all(&mut write, &text).expect("somebody reads");
        drop(write);
        assert_eq!(said(listener).len() as u64, KEPT);
        assert_eq!(read.read(&mut [0]).expect("the end"), 0);
    }
}
