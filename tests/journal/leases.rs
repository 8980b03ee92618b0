//! Who holds a lock.

use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use greenlight::journal::{Claim, ClaimRequest, Holder, Lease, Lock, Occupant, Store};

use crate::place::{Place, for_both, holder};

for_both!(
    an_environment_has_one_holder,
    a_lease_expires,
    a_former_holder_can_change_nothing,
    a_race_has_one_winner,
    a_dead_holder_is_no_holder,
);

const LONG: Duration = Duration::from_mins(10);
const SHORT: Duration = Duration::from_millis(30);

fn claim(store: &mut dyn Store, deployment: u64, holder: &Holder, time: Duration) -> Claim {
    claim_of(store, "stage", deployment, holder, time)
}

fn claim_of(
    store: &mut dyn Store,
    environment: &str,
    deployment: u64,
    holder: &Holder,
    time_to_live: Duration,
) -> Claim {
    let request = ClaimRequest {
        lock: &Lock::environment(environment),
        deployment,
        commit: "c0ffee",
        holder,
        time_to_live,
    };
    store.claim(&request).expect("an answer")
}

fn held(claim: Claim) -> Lease {
    match claim {
        Claim::Held(lease) => lease,
        Claim::Busy(occupant) => panic!("it is held by {occupant:?}"),
    }
}

fn busy(claim: Claim) -> Occupant {
    match claim {
        Claim::Held(lease) => panic!("it was free: {lease:?}"),
        Claim::Busy(occupant) => occupant,
    }
}

fn an_environment_has_one_holder(place: &Place) {
    let (mut ours, mut theirs) = (place.open(), place.open());
    let (we, they) = (holder("we"), holder("they"));
    let first = held(claim(&mut *ours, 1, &we, LONG));
    let occupant = busy(claim(&mut *theirs, 2, &they, LONG));
    assert_eq!(
        (occupant.deployment, occupant.commit.as_str()),
        (1, "c0ffee")
    );
    assert_eq!(occupant.holder, we.as_str());
    assert_eq!(
        theirs.leases().expect("read"),
        [(Lock::environment("stage"), occupant.clone())]
    );

    // Another environment, another lease.
    assert!(matches!(
        claim_of(&mut *theirs, "prod", 2, &they, LONG),
        Claim::Held(_)
    ));
    // The same deployment elsewhere, and another deployment of the same process, have to wait as well.
    busy(claim(&mut *theirs, 1, &they, LONG));
    busy(claim(&mut *ours, 2, &we, LONG));

    assert_eq!(ours.renew(&first, &we, LONG * 2), Ok(true));
    assert!(ours.leases().expect("read")[1].1.expires > occupant.expires);
    let again = held(claim(&mut *ours, 1, &we, LONG));
    assert!(again.fence > first.fence);
    assert_eq!(ours.renew(&first, &we, LONG), Ok(false));

    ours.release(&again, &we).expect("released");
    ours.release(&again, &we).expect("it is");
    assert_eq!(ours.leases().expect("read").len(), 1);
    assert!(held(claim(&mut *theirs, 2, &they, LONG)).fence > again.fence);
}

fn a_lease_expires(place: &Place) {
    let (mut ours, mut theirs) = (place.open(), place.open());
    let (we, they) = (holder("we"), holder("they"));
    let first = held(claim(&mut *ours, 1, &we, SHORT));
    let deadline = Instant::now() + Duration::from_secs(20);
    let second = loop {
        match claim(&mut *theirs, 2, &they, SHORT) {
            Claim::Held(lease) => break lease,
            Claim::Busy(_) => assert!(Instant::now() < deadline, "it does not expire"),
        }
    };
    assert!(second.fence > first.fence);
    assert_eq!(ours.renew(&first, &we, LONG), Ok(false));

    // No other holder came in between: it may go on.
    while !theirs.leases().expect("read")[0].1.has_expired {
        assert!(Instant::now() < deadline, "it does not expire");
    }
    assert_eq!(theirs.renew(&second, &they, LONG), Ok(true));
    busy(claim(&mut *ours, 1, &we, LONG));
}

fn a_former_holder_can_change_nothing(place: &Place) {
    let mut store = place.open();
    let (we, they) = (holder("we"), holder("they"));
    let former = held(claim(&mut *store, 1, &we, Duration::ZERO));
    let lease = held(claim(&mut *store, 2, &they, LONG));
    store.release(&former, &we).expect("nothing to do");
    store.release(&former, &they).expect("nothing to do");
    store.release(&lease, &we).expect("nothing to do");
    assert_eq!(store.renew(&former, &we, LONG), Ok(false));
    assert_eq!(store.renew(&lease, &we, LONG), Ok(false));
    assert_eq!(store.renew(&lease, &they, LONG), Ok(true));
}

fn a_race_has_one_winner(place: &Place) {
    let together = &Barrier::new(2);
    let race = |(deployment, mut store): (u64, Box<dyn Store>)| {
        let own = holder(&format!("racer{deployment}"));
        let mut answers = Vec::new();
        for _ in 0..50 {
            together.wait();
            let answer = store.claim(&ClaimRequest {
                lock: &Lock::environment("stage"),
                deployment,
                commit: "c0ffee",
                holder: &own,
                time_to_live: LONG,
            });
            // Both have asked before the winner gives it back, and neither fails before both are through.
            together.wait();
            if let Ok(Claim::Held(lease)) = &answer {
                answers.push(store.release(lease, &own).map(|()| Some(lease.fence)));
            } else {
                answers.push(answer.map(|_| None));
            }
        }
        answers
    };
    let racers = [1, 2].map(|deployment| (deployment, place.open()));
    let answers = thread::scope(|scope| {
        racers
            .map(|racer| scope.spawn(move || race(racer)))
            .map(|racer| racer.join().expect("no panic"))
    });
    let mut fences: Vec<_> = answers
        .into_iter()
        .flatten()
        .filter_map(|answer| answer.expect("an answer"))
        .collect();
    fences.sort_unstable();
    assert_eq!(fences, (1..=50).collect::<Vec<_>>());
}

fn a_dead_holder_is_no_holder(place: &Place) {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "leases::child_that_names_itself", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let output = std::io::BufReader::new(child.stdout.take().expect("piped"));
    let name = std::io::BufRead::lines(output)
        .map(|line| line.expect("text"))
        .find_map(|line| line.split_once("holder ").map(|(_, name)| name.to_owned()))
        .expect("it names itself");
    let theirs = Holder::from_name(&name);
    let mut store = place.open();
    let first = held(claim(&mut *store, 1, &theirs, LONG));
    let own = Holder::this_process();
    assert!(!Holder::is_known_dead(&name));
    busy(claim(&mut *store, 2, &own, LONG));
    child.kill().expect("it lives");
    child.wait().expect("it ended");
    assert!(Holder::is_known_dead(&name));
    // What it had started may still be running: only its own deployment goes on at once.
    busy(claim(&mut *store, 2, &own, LONG));
    assert!(held(claim(&mut *store, 1, &own, LONG)).fence > first.fence);
}

/// Set in the environment of a child of these tests.
pub const CHILD: &str = "GREENLIGHT_TEST_NAMES_ITSELF";

/// The child's part; without the variable there is nothing to do.
#[test]
fn child_that_names_itself() {
    if std::env::var_os(CHILD).is_some() {
        println!("holder {}", Holder::this_process());
        let _ = std::io::stdin().read_line(&mut String::new());
    }
}
