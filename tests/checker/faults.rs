//! The faults that hit a service, and how each ends.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fastrand::Rng;
use rusqlite::Connection;
use rustix::process::{Signal, kill_process, kill_process_group};

use crate::processes::{self, Role};
use crate::shop::{LEASE, Shop};

/// The largest offset of a clock from the real time, in seconds.
pub const LATEST: i64 = 10_800;

/// How long greenlight waits for a locked file, in seconds.
const BUSY: f64 = 20.0;

/// How long a fault waits until a command runs.
const AIM: Duration = Duration::from_millis(1500);

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The server is killed.
    KillServer,
    /// A process that drives a deployment is killed.
    KillRun,
    /// A deploy command or a load test is killed, with everything that it started.
    KillCommand,
    /// A process that drives a deployment gets SIGTERM.
    Interrupt,
    /// A process that drives a deployment is stopped, in most cases for longer than its lease.
    StopRun,
    /// The server is stopped, in most cases for longer than its claims.
    StopServer,
    /// The store does not answer, in rare cases for longer than greenlight waits for a locked file.
    LockStore,
    /// Files cannot grow.
    FullDisk,
    /// The clock jumps, by up to three hours forwards or backwards.
    ClockJump,
    /// Nodes and registry do not answer.
    Silence,
}

/// All faults, each with its weight.
const FAULTS: [(Fault, u32); 10] = [
    (Fault::KillServer, 10),
    (Fault::KillRun, 20),
    (Fault::KillCommand, 8),
    (Fault::Interrupt, 6),
    (Fault::StopRun, 14),
    (Fault::StopServer, 4),
    (Fault::LockStore, 6),
    (Fault::FullDisk, 8),
    (Fault::ClockJump, 10),
    (Fault::Silence, 6),
];

/// The faults of a service.
#[derive(Default)]
pub struct Faults {
    /// Each ends one fault.
    ending: Vec<JoinHandle<()>>,
    /// How many faults keep the server from answering.
    stopped: Arc<AtomicUsize>,
    /// How many faults lock the store.
    locked: Arc<AtomicUsize>,
    /// When the traffic ends. A long fault that would end later is not injected.
    pub traffic_ends: Option<Instant>,
    /// How many faults of each kind were injected.
    pub counts: BTreeMap<Fault, usize>,
}

impl Faults {
    /// Injects a random fault. Does nothing if the fault has no target now.
    pub fn inject(&mut self, shop: &mut Shop, random: &mut Rng) {
        let fault = weighted(&FAULTS, random);
        if let Some(what) = self.hit(fault, shop, random) {
            shop.log.fault(format!("{fault:?}: {what}"));
            *self.counts.entry(fault).or_default() += 1;
        }
        self.ending.retain(|it| !it.is_finished());
    }

    /// Waits until all faults have ended.
    pub fn end(&mut self, shop: &Shop) {
        for ending in self.ending.drain(..) {
            ending.join().expect("it ends a fault");
        }
        processes::limit_files(shop.folder(), None);
    }

    /// Whether the server is stopped, so that it can't answer.
    pub fn keep_from_answering(&self) -> bool {
        self.stopped.load(Ordering::SeqCst) > 0
    }

    fn hit(&mut self, fault: Fault, shop: &mut Shop, random: &mut Rng) -> Option<String> {
        let folder = shop.folder().to_owned();
        // Half of the faults wait for a command: commands run for a small part of the time only.
        if fault == Fault::KillCommand || random.bool() {
            let end = Instant::now() + AIM;
            while Instant::now() < end && processes::with(&folder, Role::Command).is_empty() {
                thread::sleep(Duration::from_millis(20));
            }
        }
        let mut one = |role| {
            let found = processes::with(&folder, role);
            random.choice(found)
        };
        let lease = f64::from(LEASE);
        match fault {
            Fault::KillServer => {
                let pid = one(Role::Server)?;
                shop.kill_server();
                Some(format!("process {pid}"))
            }
            Fault::KillRun => {
                let pid = one(Role::Run)?;
                kill_process(pid, Signal::KILL).ok()?;
                Some(format!("process {pid}"))
            }
            Fault::KillCommand => {
                let pid = one(Role::Command)?;
                kill_process_group(pid, Signal::KILL).ok()?;
                Some(format!("group {pid}"))
            }
            Fault::Interrupt => {
                let pid = one(Role::Run)?;
                kill_process(pid, Signal::TERM).ok()?;
                Some(format!("process {pid}"))
            }
            Fault::StopRun | Fault::StopServer => {
                let (role, away) = match fault {
                    Fault::StopRun => (Role::Run, Arc::default()),
                    _ => (Role::Server, Arc::clone(&self.stopped)),
                };
                let pid = one(role)?;
                kill_process(pid, Signal::STOP).ok()?;
                let seconds = lease * (0.6 + random.f64());
                let log = shop.log.clone();
                self.until(seconds, &away, move || {
                    // The process may have been killed.
                    let _ = kill_process(pid, Signal::CONT);
                    log.fault(format!("process {pid} goes on"));
                });
                Some(format!("process {pid} for {seconds:.1} s"))
            }
            Fault::LockStore => self.lock_store(shop, random),
            Fault::FullDisk => {
                let size = fs::metadata(shop.journal()).ok()?.len();
                processes::limit_files(&folder, Some(size - random.u64(0..=4096.min(size))));
                let seconds = 0.2 + random.f64() * lease;
                self.until(seconds, &Arc::default(), move || {
                    processes::limit_files(&folder, None);
                });
                Some(format!("for {seconds:.1} s"))
            }
            // The clocks of several machines and of their database agree within seconds.
            Fault::ClockJump if shop.database.is_some() => None,
            Fault::ClockJump => {
                let offset = random.i64(-LATEST..=LATEST);
                shop.shift_clock(offset);
                Some(format!("to {offset} s from the real time"))
            }
            Fault::Silence => {
                let answer = shop.silence();
                let seconds = 0.3 + random.f64() * 2.0;
                self.until(seconds, &Arc::default(), answer);
                Some(format!("for {seconds:.1} s"))
            }
        }
    }

    /// Ends the database for a while, or locks the file.
    fn lock_store(&mut self, shop: &Shop, random: &mut Rng) -> Option<String> {
        if self.locked.load(Ordering::SeqCst) > 0 {
            return None;
        }
        let locked = Arc::clone(&self.locked);
        let short = random.f64() * f64::from(LEASE) * 1.4;
        if let Some((server, _)) = &shop.database {
            server.crash();
            let server = Arc::clone(server);
            self.until(short, &locked, move || server.start());
            return Some(format!("the database ends for {short:.1} s"));
        }
        if !shop.journal().exists() {
            return None;
        }
        let store = Connection::open(shop.journal()).ok()?;
        store.execute_batch("BEGIN EXCLUSIVE").ok()?;
        let long = BUSY + 0.5 + random.f64() * 2.0;
        let end = Instant::now() + Duration::from_secs_f64(long);
        let is_long = random.u8(0..10) == 0 && self.traffic_ends.is_some_and(|it| end < it);
        let seconds = if is_long { long } else { short };
        self.until(seconds, &locked, move || {
            let _ = store.execute_batch("ROLLBACK");
        });
        Some(format!("for {seconds:.1} s"))
    }

    /// Ends a fault after some seconds, and counts it in `lasting` until then.
    fn until(
        &mut self,
        seconds: f64,
        lasting: &Arc<AtomicUsize>,
        end: impl FnOnce() + Send + 'static,
    ) {
        lasting.fetch_add(1, Ordering::SeqCst);
        let lasting = Arc::clone(lasting);
        self.ending.push(thread::spawn(move || {
            thread::sleep(Duration::from_secs_f64(seconds));
            end();
            lasting.fetch_sub(1, Ordering::SeqCst);
        }));
    }
}

/// A random choice with weights.
pub fn weighted<T: Copy>(choices: &[(T, u32)], random: &mut Rng) -> T {
    let all = choices.iter().map(|it| it.1).sum();
    let mut at = random.u32(0..all);
    for (choice, weight) in choices {
        if at < *weight {
            return *choice;
        }
        at -= weight;
    }
    unreachable!("the weights add up")
}
