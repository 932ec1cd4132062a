//! Signs of life on the chain.

use std::sync::atomic::Ordering;

use cyxwiz_node::chain_heartbeat::beat;

use crate::{
    escrows::node_account,
    stand::{Setup, Stand},
};

#[tokio::test]
async fn the_chain_hears_from_the_node_every_hour_and_not_more_often() {
    let stand = Stand::new(Setup::default()).await;
    let (node, chain) = (&stand.node.node, &stand.escrows);
    let start = chain.now.load(Ordering::SeqCst);
    // seconds that have passed, and seconds that the next one waits
    let steps = [(0, 3_600), (1, 3_599), (3_599, 1), (3_600, 3_600)];

    assert_eq!(beat(node).await.expect("the chain answers"), 300);
    assert!(chain.heartbeats().is_empty(), "it is not registered");
    chain.register(node_account(node.identity.address()));
    for (passed, waits) in steps {
        chain.now.store(start + passed, Ordering::SeqCst);
        assert_eq!(beat(node).await.expect("the chain answers"), waits);
    }
    assert_eq!(chain.heartbeats(), [start, start + 3_600]);
}
