//! The hourly sign of life on the chain, for whoever does not ask the coordinator.

use std::{sync::Arc, time::Duration};

use cyxwiz_chain::{ChainError, NodeAccount};

use crate::node::Node;

/// Seconds until the next attempt after a failed one.
const RETRY: u64 = 300;

/// Sends a heartbeat whenever one is due, until the node goes down. One that fails is tried again
/// later: nothing depends on it.
pub async fn keep(node: Arc<Node>) {
    loop {
        let wait = beat(&node).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "failed to send the chain a heartbeat");
            RETRY
        });
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(wait)) => {}
            () = node.shutdown.cancelled() => return,
        }
    }
}

/// Sends a heartbeat if one is due; seconds until the next one is.
///
/// # Errors
/// If the chain refuses or does not answer.
pub async fn beat(node: &Node) -> Result<u64, ChainError> {
    let Some(account) = node.ledger.node().await? else {
        return Ok(RETRY);
    };
    let wait = until_due(&account, node.ledger.unix_time().await?);
    if wait > 0 {
        return Ok(wait);
    }
    node.ledger.heartbeat().await?;
    Ok(NodeAccount::HEARTBEAT_SECONDS.unsigned_abs())
}

/// Seconds until the chain takes the next heartbeat, by its clock.
fn until_due(account: &NodeAccount, now: i64) -> u64 {
    let due = match account.last_heartbeat_at {
        0 => now,
        last => last.saturating_add(NodeAccount::HEARTBEAT_SECONDS),
    };
    u64::try_from(due.saturating_sub(now)).unwrap_or(0)
}
