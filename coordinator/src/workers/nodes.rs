//! Keeps what is known of the nodes' stakes and reputations up to date.

use std::{sync::Arc, time::Duration};

use cyxwiz_domain::Address;
use futures::{StreamExt as _, TryStreamExt as _};

use super::Worker;
use crate::{app::App, db, error::Error};

/// Requests under way at once.
const CONCURRENCY: usize = 16;

/// See the module.
pub struct Nodes(Arc<App>);

impl Nodes {
    /// Works for `app`.
    pub fn new(app: Arc<App>) -> Self {
        Self(app)
    }
}

#[async_trait::async_trait]
impl Worker for Nodes {
    fn name(&self) -> &'static str {
        "nodes"
    }

    fn interval(&self) -> Duration {
        self.0.settings.workers.nodes
    }

    async fn tick(&self) -> Result<(), Error> {
        let app = &self.0;
        let nodes = db::nodes::all(&app.pool, app.settings.nodes.stale_after).await?;
        let online = nodes.into_iter().filter(|node| node.candidate.online);
        let owners: Vec<_> = online.map(|node| node.candidate.owner).collect();
        metrics::gauge!("cyxwiz_nodes_online").set(owners.len() as f64);
        futures::stream::iter(owners)
            .map(|owner| look_at(app, owner))
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await
    }
}

/// Takes over what the chain says about a node now.
///
/// # Errors
/// [`Error::Chain`] and [`Error::Database`].
pub async fn look_at(app: &App, owner: Address) -> Result<(), Error> {
    // Read before the accounts: they are at least as new as this slot.
    let slot = app.chain.slot().await?;
    let (account, record) = tokio::try_join!(app.chain.node(owner), app.chain.reputation(owner))?;
    let Some(account) = account else {
        // Node accounts are never closed: this is another chain than before.
        tracing::warn!(node = %owner, "a known node is not in the registry");
        return Ok(());
    };
    let score = record.map_or(0, |record| record.score);
    db::nodes::mirror(&app.pool, &account, score, slot).await
}
