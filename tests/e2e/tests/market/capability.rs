//! Which of two real nodes gets a job with a proof, or of a runtime class.

use cyxwiz_domain::Address;
use cyxwiz_tests_e2e::{JobFile, Stack, eventually};
use serde_json::json;

/// A node that sees this proves nothing.
const NO_PROOFS: (&str, &str) = ("CYXWIZ_NODE__PROOF__ENABLED", "false");
const WHY: &str = "makes no proofs with the circuit z16x4-ci";

#[test]
fn a_job_with_a_proof_goes_to_the_node_that_proves_and_without_one_its_user_is_told_why() {
    let stack = Stack::up();
    stack.kill("node-1");
    stack.bring_up(&[NO_PROOFS]);
    stack.kill("node-2");
    let job = JobFile::integers(stack.dir()).write(stack.dir());
    let job = job.to_str().expect("UTF-8");

    let estimate = eventually("one node to be online, and one to be missed", || {
        let estimate = stack.cyxwiz(&["job", "estimate", job]);
        assert_ne!(estimate.code, 0, "{}", estimate.stdout);
        let told = estimate.stderr;
        (told.contains("offline") && told.contains(WHY)).then_some(told)
    });
    assert_eq!(estimate.matches(WHY).count(), 1, "{estimate}");
    let run = stack.cyxwiz(&["job", "run", job]);
    assert_ne!(run.code, 0, "{}", run.stdout);
    assert!(run.stderr.contains(WHY), "{}", run.stderr);

    stack.bring_up(&[]);
    let run = stack.spawn(&["job", "run", job]);
    assert_eq!(stack.node_called(assigned(&stack)), "node-2");
    run.kill();
}

/// The address of the node that the user's job is assigned to.
fn assigned(stack: &Stack) -> Address {
    eventually("the job to be assigned", || {
        let jobs = stack.cyxwiz(&["job", "list"]).json();
        let mut nodes = jobs.as_array()?.iter().map(|job| job["node"].as_str());
        nodes.find_map(|node| node?.parse().ok())
    })
}

#[test]
fn a_job_of_a_runtime_class_goes_to_the_node_that_keeps_it_and_without_one_its_user_is_told_why() {
    let threads = |threads| [("CYXWIZ_NODE__TRAINER__THREADS", threads)];
    let stack = Stack::up();
    stack.kill("node-1");
    stack.bring_up(&threads("1"));
    stack.kill("node-2");
    let job = JobFile::audited().replace(
        "tier = \"audited\"",
        "tier = \"audited\"\nruntime = \"torch-2.11-avx2-4\"",
    );
    let job = job.write(stack.dir());
    let job = job.to_str().expect("UTF-8");

    let why = "does not keep the runtime class torch-2.11-avx2-4";
    let estimate = eventually("one node to be online, and one to be missed", || {
        let estimate = stack.cyxwiz(&["job", "estimate", job]);
        assert_ne!(estimate.code, 0, "{}", estimate.stdout);
        let told = estimate.stderr;
        (told.contains("offline") && told.contains(why)).then_some(told)
    });
    assert_eq!(estimate.matches(why).count(), 1, "{estimate}");

    stack.bring_up(&threads("4"));
    let nodes = eventually("both nodes to be listed", || {
        let nodes = stack.cyxwiz(&["node", "list"]).json();
        (nodes.as_array()?.len() == 2).then_some(nodes)
    });
    let mut kept: Vec<_> = nodes.as_array().expect("an array").iter().collect();
    kept.sort_by_key(|node| node["runtime_classes"].to_string().len());
    assert_eq!(kept[0]["runtime_classes"], json!(["torch-2.11-avx2-1"]));
    assert_eq!(
        kept[1]["runtime_classes"],
        json!(["torch-2.11-avx2-1", "torch-2.11-avx2-4"])
    );
    let circuits = kept[0]["circuits"].as_array().expect("names");
    assert!(circuits.contains(&json!("z16x4-ci")), "{circuits:?}");

    let run = stack.spawn(&["job", "run", job]);
    assert_eq!(stack.node_called(assigned(&stack)), "node-2");
    run.kill();
}
