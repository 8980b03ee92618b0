//! Webhooks that are accepted: stored by the real server before it answers, against a plain file that the
//! same bodies are appended to, with a sync after each.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How many senders there are.
const SENDERS: usize = 64;

/// How long each side of a pair is measured.
const ROUND: Duration = Duration::from_secs(2);

/// How many pairs are measured.
const ROUNDS: usize = 5;

const SECRET: &str = "a-secret-of-the-benchmark";

/// Measures both in turn, because a disk's speed drifts.
pub fn run(folder: &Path, program: &str) {
    let server = Server::start(folder, program);
    let number = AtomicUsize::new(0);
    let (mut ratios, mut times, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let took = server.accept(&number);
        let ours = rate(took.len());
        let theirs = rate(append(&folder.join("plain")));
        times.extend(took);
        rates.push((ours, theirs));
        ratios.push(ours / theirs);
    }
    ratios.sort_by(f64::total_cmp);
    times.sort_by(f64::total_cmp);
    let (ours, theirs) = rates[ROUNDS / 2];
    println!(
        "{:<40} {:>8.2} (at least 0.5; {ours:.0} / {theirs:.0} a second)",
        "accepted webhooks / append + sync",
        ratios[ROUNDS / 2]
    );
    println!(
        "{:<40} {:>8.1} ms (at most 50; median {:.1} ms, longest {:.1} ms, {SENDERS} senders)",
        "99th percentile of accepting",
        times[times.len() * 99 / 100] * 1e3,
        times[times.len() / 2] * 1e3,
        times[times.len() - 1] * 1e3
    );
}

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path, program: &str) -> Self {
        let config = "[serve]\ntoken-variable = \"SECRET\"\nrepositories = [\"shop\"]\n\
            [[environment]]\nname = \"stage\"\ndeploy = [\"true\"]\nnodes = [\"http://127.0.0.1:1\"]\n\
            [[environment]]\nname = \"prod\"\ndeploy = [\"true\"]\nnodes = [\"http://127.0.0.1:1\"]\n";
        fs::write(folder.join("greenlight.toml"), config).expect("a configuration");
        let mut process = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--repo", "one"])
            .args(["--config", "greenlight.toml"])
            .current_dir(folder)
            .env("SECRET", SECRET)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut said = BufReader::new(process.stderr.take().expect("a pipe"));
        let mut log = said.by_ref().lines().map_while(Result::ok);
        let address = log.find_map(|line| {
            let (_, address) = line.split_once("listening on http://")?;
            Some(address.trim().to_owned())
        });
        let address = address.expect("the server listens");
        // What it says about each push is read, or it would wait for its reader.
        thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Self { process, address }
    }

    /// Seconds that each request took.
    fn accept(&self, number: &AtomicUsize) -> Vec<f64> {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let senders: Vec<_> = (0..SENDERS)
                .map(|_| scope.spawn(|| self.send(number, &over)))
                .collect();
            thread::sleep(ROUND);
            over.store(true, Ordering::Relaxed);
            let took = senders.into_iter().map(|it| it.join().expect("a sender"));
            took.flatten().collect()
        })
    }

    fn send(&self, number: &AtomicUsize, over: &AtomicBool) -> Vec<f64> {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let mut answer = [0; 1024];
        let mut took = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let body = body(number.fetch_add(1, Ordering::Relaxed));
            let request = format!(
                "POST /hooks HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {SECRET}\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            );
            let began = Instant::now();
            stream.write_all(request.as_bytes()).expect("sent");
            let length = stream.read(&mut answer).expect("an answer");
            took.push(began.elapsed().as_secs_f64());
            assert!(answer[..length].starts_with(b"HTTP/1.1 202 "));
        }
        took
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How many bodies a plain file takes, one after the other, each durable.
fn append(path: &Path) -> usize {
    let file = OpenOptions::new().append(true).create(true).open(path);
    let mut file = file.expect("a file");
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < ROUND {
        file.write_all(body(count).as_bytes()).expect("written");
        file.sync_data().expect("synced");
        count += 1;
    }
    count
}

#[expect(clippy::cast_precision_loss, reason = "a figure without fractions")]
fn rate(count: usize) -> f64 {
    count as f64 / ROUND.as_secs_f64()
}

/// What Distribution sends for a push; one in a hundred is a release, the others are what else is pushed.
fn body(number: usize) -> String {
    let tag = if number.is_multiple_of(100) {
        format!("prod-{number:040x}")
    } else {
        format!("branch-{}", number % 100)
    };
    format!(
        "{{\"events\":[{{\"id\":\"{number:032x}\",\"timestamp\":\"2026-01-01T00:00:00.000000000Z\",\
         \"action\":\"push\",\"target\":{{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\
         \"size\":401,\"digest\":\"sha256:{number:064x}\",\"length\":401,\"repository\":\"shop\",\
         \"url\":\"http://registry.example.org/v2/shop/manifests/sha256:{number:064x}\",\
         \"tag\":\"{tag}\"}},\"request\":{{\"id\":\"{number:032x}\",\"addr\":\"192.0.2.1:55102\",\
         \"host\":\"registry.example.org\",\"method\":\"PUT\",\"useragent\":\"skopeo/1.9.3\"}},\
         \"actor\":{{}},\"source\":{{\"addr\":\"registry:5000\",\"instanceID\":\"1\"}}}}]}}"
    )
}
