//! Claims that end before their holder knows.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use greenlight::journal::Holder;
use greenlight::journal::inbox::{ClaimedDeploymentRequest, DeploymentRequestState, Inbox};

use super::{LONG, delivery, due, event, holder, ignored, pending, want};
use crate::place::{Place, for_both};

for_both!(
    the_loser_of_a_claim_writes_nothing,
    a_claim_that_is_renewed_does_not_expire,
    a_dead_holder_s_claims_end_at_once_but_for_what_it_was_starting,
);

const SHORT: Duration = Duration::from_millis(30);

fn starting() -> DeploymentRequestState {
    DeploymentRequestState::Starting {
        attempt: 1,
        why: None,
        again_at: 0,
    }
}

fn started(reference: &str) -> DeploymentRequestState {
    DeploymentRequestState::Started {
        reference: reference.to_owned(),
    }
}

/// Waits until there is something to claim.
fn claimed_again(inbox: &mut dyn Inbox) -> ClaimedDeploymentRequest {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(claimed) = due(inbox).pop() {
            return claimed;
        }
        assert!(Instant::now() < deadline, "it does not expire");
    }
}

fn the_loser_of_a_claim_writes_nothing(place: &Place) {
    let (mut ours, mut theirs) = (place.inbox(), place.inbox());
    want(&mut *ours, &[event("a")]);
    let lost = theirs.due(&holder("they"), SHORT, 9).expect("claimed");
    let lost = &lost[0];
    assert_eq!(theirs.write(lost, &starting(), true), Ok(true));
    let claimed = claimed_again(&mut *ours);
    assert!(claimed.fence > lost.fence);
    assert_eq!(
        (&claimed.request.state, claimed.request.attempts),
        (&starting(), 1)
    );

    assert_eq!(theirs.write(lost, &started("theirs"), false), Ok(false));
    assert_eq!(theirs.renew_deployment_request(lost, LONG), Ok(false));
    assert_eq!(
        ours.deployment_request(claimed.request.id),
        Ok(Some(claimed.request.clone()))
    );
    assert_eq!(ours.write(&claimed, &started("ours"), false), Ok(true));
    assert_eq!(theirs.write(lost, &starting(), true), Ok(false));
    let request = theirs
        .deployment_request(claimed.request.id)
        .expect("read")
        .expect("there");
    assert_eq!(request.state, started("ours"));

    ours.accept(&[delivery(1, &[event("b")])])
        .expect("accepted");
    let lost = theirs
        .pending(&holder("they"), Duration::ZERO, 9)
        .expect("claimed");
    let claimed = pending(&mut *ours);
    assert_eq!(claimed.len(), 1);
    assert_eq!(theirs.settle(&lost[0], &ignored("late")), Ok(false));
    assert_eq!(theirs.postpone(&lost[0], 1, "late"), Ok(false));
    assert_eq!(ours.settle(&claimed[0], &ignored("ours")), Ok(true));
}

fn a_claim_that_is_renewed_does_not_expire(place: &Place) {
    let (mut ours, mut theirs) = (place.inbox(), place.inbox());
    want(&mut *ours, &[event("a"), event("b")]);
    let kept = ours.due(&holder("we"), SHORT, 9).expect("claimed");
    assert_eq!(ours.renew_deployment_request(&kept[0], LONG), Ok(true));
    // The other one, claimed for as long, has expired by then.
    assert_eq!(claimed_again(&mut *theirs).request.id, kept[1].request.id);
    assert_eq!(due(&mut *theirs), []);
    assert_eq!(
        ours.write(&kept[0], &DeploymentRequestState::Wanted, false),
        Ok(true)
    );
    assert_eq!(due(&mut *theirs).len(), 1);
}

fn a_dead_holder_s_claims_end_at_once_but_for_what_it_was_starting(place: &Place) {
    let mut inbox = place.inbox();
    want(&mut *inbox, &[event("a"), event("b")]);
    inbox
        .accept(&[delivery(1, &[event("c")])])
        .expect("accepted");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "leases::child_that_names_itself", "--nocapture"])
        .env(crate::leases::CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let output = std::io::BufReader::new(child.stdout.take().expect("piped"));
    let name = std::io::BufRead::lines(output)
        .map(|line| line.expect("text"))
        .find_map(|line| line.split_once("holder ").map(|(_, name)| name.to_owned()))
        .expect("it names itself");
    let theirs = Holder::from_name(name);
    let requests = inbox.due(&theirs, LONG, 9).expect("claimed");
    assert_eq!(inbox.write(&requests[0], &starting(), true), Ok(true));
    assert_eq!(inbox.pending(&theirs, LONG, 9).expect("claimed").len(), 1);
    assert_eq!((due(&mut *inbox), pending(&mut *inbox)), (vec![], vec![]));
    child.kill().expect("it lives");
    child.wait().expect("it ended");
    let freed = due(&mut *inbox);
    assert_eq!(freed.len(), 1);
    assert_eq!(freed[0].request.id, requests[1].request.id);
    assert_eq!(pending(&mut *inbox).len(), 1);
}
