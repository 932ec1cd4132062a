//! Nodes that are up earn it: the coordinator counts, the chain remembers.

use cyxwiz_chain::ReputationAccount;
use cyxwiz_domain::Address;
use cyxwiz_tests_e2e::{Stack, eventually_async};

/// The node's record once it holds more than `samples`.
async fn reported(stack: &Stack, node: Address, samples: u64) -> ReputationAccount {
    let chain = stack.chain();
    eventually_async("a report on the node's uptime", || async {
        let record = chain.reputation(node).await.ok()??;
        (record.uptime_total > samples).then_some(record)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_are_up_are_reported_on_hourly() {
    let stack = Stack::up_with(&[
        ("CYXWIZ_COORDINATOR__WORKERS__UPTIME", "200ms"),
        ("CYXWIZ_COORDINATOR__WORKERS__UPTIME_REPORT", "1s"),
    ]);
    let node = stack.wallet("node-1").address();
    let first = reported(&stack, node, 0).await;
    assert!(first.uptime_up > 0 && first.score > 0);

    // the coordinator counts on, and the chain listens an hour later
    stack.advance_time(3_600);
    let second = reported(&stack, node, first.uptime_total).await;
    assert!(second.last_uptime_at - first.last_uptime_at >= 3_600);
    // no sample twice: a report has 120 at most
    assert!(second.uptime_total <= first.uptime_total + 120);
}
