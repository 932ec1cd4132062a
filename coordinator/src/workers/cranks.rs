//! Ends escrows whose time is over, by the chain's own clock. Anyone may; this
//! coordinator does it when nobody else has.

use std::{sync::Arc, time::Duration};

use super::Worker;
use crate::{
    app::{App, seconds},
    db,
    error::Error,
};

/// See the module.
pub struct Cranks(Arc<App>);

impl Cranks {
    /// Works for `app`.
    pub fn new(app: Arc<App>) -> Self {
        Self(app)
    }
}

#[async_trait::async_trait]
impl Worker for Cranks {
    fn name(&self) -> &'static str {
        "cranks"
    }

    fn interval(&self) -> Duration {
        self.0.settings.workers.cranks
    }

    async fn tick(&self) -> Result<(), Error> {
        let grace = seconds(self.0.settings.workers.crank_grace);
        let now = self.0.chain.unix_time().await?;
        let due = db::chain_writes::intend_due(&self.0.pool, now - grace).await?;
        if due > 0 {
            tracing::info!(due, "escrows are due to be ended");
        }
        Ok(())
    }
}
