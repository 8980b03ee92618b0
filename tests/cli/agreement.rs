//! One property: whatever the configuration and the message say, no two commands contradict each other about one
//! commit. `host/src/cli/agreement.rs` checks it with many cases in one process; here are fewer cases, with
//! the folders and variables of processes, and with the commands that deploy.

mod case;
mod property;
pub mod server;
mod shop;

use case::Case;
use property::{Commands as _, agree, other, word};
use server::{Place, served};
use shop::Shop;

/// The tag that the message asks for, and the one of another action.
fn tags(case: &Case, shop: &Shop<'_>) -> [String; 2] {
    let action = case.action();
    [action, other(action)].map(|it| case.tags(it, shop.commit()).swap_remove(0))
}

#[test]
fn no_command_contradicts_another() {
    case::check(24, 20, || {
        |case: &Case| {
            let shop = Shop::new(case);
            agree(&shop);
            for tag in tags(case, &shop) {
                assert_eq!(shop.ran(&tag), shop.first_step(&tag), "run --tag {tag}");
            }
        }
    });
}

#[test]
fn the_server_and_a_local_run_contradict_no_command() {
    // A case that fails may have waited for the server, so no simpler one is looked for.
    case::check(3, 0, || {
        |case: &Case| {
            // The settings name the action, then the message of the case.
            let unlabeled = Case {
                message: "Change\n".to_owned(),
                labels: Vec::new(),
                ..case.clone()
            };
            delivered(&Shop::new(&unlabeled));
            let shop = Shop::new(case);
            delivered(&shop);
            ran_locally(&shop);
        }
    });
}

/// The server starts the deployments that `decide` lets start.
fn delivered(shop: &Shop<'_>) {
    let tags = tags(shop.case(), shop);
    let place = Place {
        repository: shop.repository.path(),
        folder: &shop.current(),
        log: &shop.elsewhere.path().join("serve.log"),
        variables: &shop.variables(),
    };
    let decisions = served(&place, &tags.each_ref().map(String::as_str));
    for (tag, refusal) in tags.iter().zip(decisions) {
        let is_go = shop.first_step(tag) == "go";
        assert_eq!(refusal.is_none(), is_go, "serve and {tag}: {refusal:?}");
    }
}

/// `run --local` ends as `explain` says for what its load test has shown.
fn ran_locally(shop: &Shop<'_>) {
    // None of its requests fails.
    let verdict = if shop.case().thresholds.min_requests > 1 {
        "inconclusive"
    } else {
        "passed"
    };
    let (_, explained) = shop.json(&["explain", "HEAD"]);
    let decisions = explained["decisions"].as_array().expect("decisions");
    let expected = decisions
        .iter()
        .find(|it| it["stage"] == "converged" && it["load-test"] == verdict)
        .expect("a decision");
    let (_, ended) = shop.json(&["run", "--local"]);
    assert_eq!(
        word(&ended["permission"]),
        word(&expected["permission"]),
        "run --local, whose load test {verdict}: {ended}"
    );
}
