//! Which of two real nodes gets a job with a proof.

use cyxwiz_domain::Address;
use cyxwiz_tests_e2e::{JobFile, Stack, eventually};

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
    let node: Address = eventually("the job to be assigned", || {
        let jobs = stack.cyxwiz(&["job", "list"]).json();
        let mut nodes = jobs.as_array()?.iter().map(|job| job["node"].as_str());
        nodes.find_map(|node| node?.parse().ok())
    });
    assert_eq!(stack.node_called(node), "node-2");
    run.kill();
}
