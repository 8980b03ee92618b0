//! The inbox of a file: deliveries that are durable, against a plain file that is appended to and synced.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use greenlight::journal::inbox::{Delivery, PushEvent};
use greenlight::journal::{self, Location, NewDeployment, Row};

/// The body of a delivery: about as long as those that registries send.
const BODY: usize = 1000;

/// Measures batches of several sizes, and how long one takes while another process writes.
pub fn run(folder: &Path) {
    let location = Location::File(folder.join("inbox.db"));
    let mut inbox = journal::open_inbox(&location).expect("an inbox");
    let mut plain = OpenOptions::new()
        .append(true)
        .create(true)
        .open(folder.join("plain"))
        .expect("a file");
    let mut number = 0;
    let mut batch = |size: usize| -> Vec<Delivery> {
        (0..size)
            .map(|_| {
                number += 1;
                delivery(number)
            })
            .collect()
    };
    for size in [1, 16, 64, 256] {
        // In turn, because a disk's speed drifts.
        let rounds: Vec<_> = (0..100)
            .map(|_| {
                let batch = batch(size);
                let began = Instant::now();
                inbox.accept(&batch).expect("accepted");
                let ours = began.elapsed();
                let began = Instant::now();
                plain.write_all(&batch[0].body).expect("written");
                plain.sync_all().expect("synced");
                (ours, began.elapsed())
            })
            .collect();
        let ours = median(rounds.iter().map(|(ours, _)| ours.as_secs_f64()));
        let theirs = median(rounds.iter().map(|(_, theirs)| theirs.as_secs_f64()));
        let size = f64::from(u32::try_from(size).expect("small"));
        println!(
            "{:<40} {:>8.2} (at least 0.5; {:.2} ms a batch, {:.2} ms a sync)",
            format!("inbox in batches of {size} / append + sync"),
            size / ours * theirs,
            ours * 1e3,
            theirs * 1e3
        );
    }
    beside_a_writer(&location, &mut *inbox, &mut batch);
}

fn beside_a_writer(
    location: &Location,
    inbox: &mut dyn journal::inbox::Inbox,
    batch: &mut dyn FnMut(usize) -> Vec<Delivery>,
) {
    let mut store = journal::open(location).expect("a journal");
    let new = NewDeployment {
        tag: "stage-1".to_owned(),
        digest: None,
        commit: "1".to_owned(),
        began: 1,
        request: None,
    };
    let deployment = store.begin(&new).expect("begun");
    let ended = AtomicBool::new(false);
    let mut took: Vec<f64> = std::thread::scope(|scope| {
        scope.spawn(|| {
            for position in 1.. {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let row = Row {
                    position,
                    at: 1,
                    body: "{}".repeat(200),
                };
                store.append(deployment, &row).expect("appended");
            }
        });
        let took = (0..300)
            .map(|_| {
                let batch = batch(16);
                let began = Instant::now();
                inbox.accept(&batch).expect("accepted");
                began.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        ended.store(true, Ordering::Relaxed);
        took
    });
    took.sort_by(f64::total_cmp);
    println!(
        "{:<40} {:>8.1} ms (at most 50; median {:.1} ms, 99 of 100 {:.1} ms)",
        "longest of 300 batches beside a writer", took[299], took[150], took[297]
    );
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    crate::processes::median(figures.collect())
}

fn delivery(number: u64) -> Delivery {
    Delivery {
        at: number,
        source: "distribution".to_owned(),
        body: vec![b'x'; BODY],
        push_events: vec![PushEvent {
            repository: "shop/web".to_owned(),
            tag: format!("stage-{number:040x}"),
            digest: Some(format!("sha256:{number:064x}")),
        }],
    }
}
