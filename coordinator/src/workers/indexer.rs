//! Follows the escrows of all unsettled jobs. The chain is the truth: what it
//! says is taken over, and every change of a row wakes whoever watches the job.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use cyxwiz_chain::{EscrowAccount, EscrowConfig};
use cyxwiz_domain::{Address, JobId};

use super::{Worker, empty::EmptyReads, nodes};
use crate::{app::App, db, error::Error, job::EscrowView};

/// See the module.
pub struct Indexer {
    app: Arc<App>,
    empty: Mutex<EmptyReads>,
}

impl Indexer {
    /// Works for `app`.
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            empty: Mutex::default(),
        }
    }

    /// Notes what was read of an escrow; whether it is gone.
    fn is_gone(&self, id: JobId, read: Option<&EscrowAccount>) -> bool {
        let mut empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner);
        empty.note(id, read.is_some(), Instant::now())
    }
}

#[async_trait::async_trait]
impl Worker for Indexer {
    fn name(&self) -> &'static str {
        "indexer"
    }

    fn interval(&self) -> Duration {
        self.app.settings.workers.indexer
    }

    async fn tick(&self) -> Result<(), Error> {
        let app = &self.app;
        let watched = db::jobs::watched(&app.pool).await?;
        if watched.is_empty() {
            return Ok(());
        }
        let addresses: Vec<_> = watched.iter().map(|job| job.escrow).collect();
        let (escrows, config) =
            tokio::try_join!(app.chain.escrows(&addresses), app.chain.escrow_config())?;
        for (job, escrow) in watched.iter().zip(escrows) {
            // One that was never seen has yet to come.
            let gone = job.escrow_state.is_some() && self.is_gone(job.id, escrow.as_ref());
            match (escrow, &job.escrow_state) {
                (Some(escrow), _) if job.seq.is_none_or(|known| known < escrow.seq) => {
                    take_over(app, job.id, &escrow, &config).await?;
                }
                (None, Some(last_seen)) if gone => {
                    db::jobs::mirror_closed(&app.pool, job.id, last_seen).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Looks at one job's escrow now.
///
/// # Errors
/// [`Error::Chain`] and [`Error::Database`].
pub async fn look_at(app: &App, id: JobId, escrow: Address) -> Result<(), Error> {
    let (escrow, config) = tokio::try_join!(app.chain.escrow(escrow), app.chain.escrow_config())?;
    match escrow {
        Some(escrow) => take_over(app, id, &escrow, &config).await,
        None => Ok(()),
    }
}

async fn take_over(
    app: &App,
    id: JobId,
    escrow: &EscrowAccount,
    config: &EscrowConfig,
) -> Result<(), Error> {
    let view = EscrowView::new(escrow, config);
    let mut transaction = app.pool.begin().await?;
    let changed = db::jobs::mirror(&mut transaction, id, &view).await?;
    transaction.commit().await?;
    if changed {
        tracing::info!(job = %id, escrow = view.escrow_state, seq = view.seq, "the escrow changed");
        if let Some(owner) = escrow.node {
            // Its stake and reputation have moved too, and it may be free again.
            nodes::look_at(app, owner).await?;
        }
    }
    Ok(())
}
