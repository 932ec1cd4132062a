//! The main job, as `scripts/demo` runs it.

use std::path::Path;

use cyxwiz_domain::Digest;
use cyxwiz_tests_e2e::{JobFile, Stack, eventually};

use crate::engine_killed::first_job;

#[test]
fn a_job_is_trained_verified_and_paid() {
    let stack = Stack::up();
    let job = JobFile::digits().write(stack.dir());
    let result = stack
        .cyxwiz(&["job", "run", job.to_str().expect("UTF-8")])
        .json();

    assert_eq!(result["epochs"], 20);
    let accuracy = result["accuracy"].as_f64().expect("a number");
    assert!(accuracy >= 0.95, "accuracy {accuracy}");

    let weights = std::fs::read(Path::new(result["weights_file"].as_str().expect("a path")))
        .expect("the weights are there");
    let digest = Digest::of(&weights).to_string();
    assert_eq!(result["weights_sha256"], digest);

    for name in [
        "create_escrow",
        "assign_node",
        "submit_completion",
        "accept",
    ] {
        let signature = result["transactions"][name].as_str().unwrap_or_default();
        assert!(
            signature.len() > 80,
            "{name}: '{signature}' is no signature"
        );
    }

    let (before, after) = (&result["balances"]["before"], &result["balances"]["after"]);
    let amount = |side: &serde_json::Value, name: &str| -> i128 {
        let value = &side[name];
        let number = value.as_i64().map(i128::from);
        number
            .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
            .unwrap_or_else(|| panic!("{name} in {side}"))
    };
    let gained = |name| amount(after, name) - amount(before, name);
    assert_eq!(result["balances"]["conserved"], true);
    assert_eq!(gained("user") + gained("node") + gained("platform"), 0);
    assert_eq!(amount(after, "escrow"), 0);
    // 90 % and 10 % of what the user paid, the node keeping the remainder.
    let paid = -gained("user");
    assert!(paid > 0);
    assert_eq!(gained("platform"), paid / 10);
    assert_eq!(gained("node"), paid - paid / 10);

    // The coordinator learns of the payment from the chain, a moment later.
    eventually("the coordinator to see the payment", || {
        let jobs = stack.cyxwiz(&["job", "list"]).json();
        (first_job(&jobs)?["state"] == "paid").then_some(())
    });
}
