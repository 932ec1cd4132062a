//! Ends reservations that nobody paid for, and finds nodes for funded jobs that
//! have none.

use std::{sync::Arc, time::Duration};

use super::Worker;
use crate::{app::App, db, error::Error, scheduling::place_funded};

/// See the module.
pub struct Placement(Arc<App>);

impl Placement {
    /// Works for `app`.
    pub fn new(app: Arc<App>) -> Self {
        Self(app)
    }
}

#[async_trait::async_trait]
impl Worker for Placement {
    fn name(&self) -> &'static str {
        "placement"
    }

    fn interval(&self) -> Duration {
        self.0.settings.workers.placement
    }

    async fn tick(&self) -> Result<(), Error> {
        let app = &self.0;
        let expired = db::placement::expire_reservations(&app.pool).await?;
        if expired > 0 {
            tracing::info!(expired, "reservations ran out");
        }
        db::challenges::forget_expired(&app.pool, chrono::Utc::now().timestamp()).await?;
        let now = app.chain.unix_time().await?;
        for job in db::placement::waiting(&app.pool, now).await? {
            let id = job.submission.id;
            // One job that cannot be placed does not hold up the others.
            match place_funded(app, job, None).await {
                Ok(job) => {
                    if let Some(node) = job.node {
                        tracing::info!(job = %id, %node, "found a node for a waiting job");
                    }
                }
                Err(error) => tracing::warn!(job = %id, %error, "cannot place a waiting job"),
            }
        }
        Ok(())
    }
}
