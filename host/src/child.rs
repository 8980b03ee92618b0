//! Child processes: their output on standard error.

use std::io::{self, Read};
use std::thread::{self, JoinHandle};

/// How much of the output is kept, in bytes. People read the first lines.
const KEPT: u64 = 64 << 10;

/// Reads a pipe to its end in a new thread, and keeps the beginning. A child blocks if its pipe is full.
pub fn listen(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut said = Vec::new();
        // A broken pipe has no more output.
        let _ = pipe.by_ref().take(KEPT).read_to_end(&mut said);
        let _ = io::copy(&mut pipe, &mut io::sink());
        String::from_utf8_lossy(&said).into_owned()
    })
}

/// Waits for the end of the output, and returns it.
pub fn said(listener: JoinHandle<String>) -> String {
    // The thread does not panic; if it did, the output would be lost.
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
        io::Write::write_all(&mut write, &text).expect("the thread reads");
        drop(write);
        assert_eq!(said(listener).len() as u64, KEPT);
        assert_eq!(read.read(&mut [0]).expect("the end"), 0);
    }
}
