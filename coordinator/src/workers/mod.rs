//! Background work. Each worker does one thing over and over; any number of
//! replicas may run all of them.

pub mod chain_writer;
pub mod cranks;
mod empty;
pub mod indexer;
pub mod nodes;
pub mod placement;
pub mod transcripts;
pub mod uptime;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt as _;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{app::App, error::Error};

/// Something done over and over.
#[async_trait::async_trait]
pub trait Worker: Send + Sync + 'static {
    /// For logs and metrics.
    fn name(&self) -> &'static str;

    /// Between the end of a tick and the next one.
    fn interval(&self) -> Duration;

    /// One round. An error is logged, and the next round comes all the same.
    async fn tick(&self) -> Result<(), Error>;

    /// Returns when there is something to do before the interval is over.
    async fn wake(&self) {
        std::future::pending().await
    }
}

/// Starts all workers; they end their tick when `stop` is cancelled.
pub fn start(app: &Arc<App>, tracker: &TaskTracker, stop: &CancellationToken) {
    let workers: [Box<dyn Worker>; 7] = [
        // First: what a crash has left under way.
        Box::new(chain_writer::ChainWriter::new(Arc::clone(app))),
        Box::new(indexer::Indexer::new(Arc::clone(app))),
        Box::new(transcripts::Transcripts::new(Arc::clone(app))),
        Box::new(placement::Placement::new(Arc::clone(app))),
        Box::new(cranks::Cranks::new(Arc::clone(app))),
        Box::new(nodes::Nodes::new(Arc::clone(app))),
        Box::new(uptime::Uptime::new(Arc::clone(app))),
    ];
    for worker in workers {
        tracker.spawn(run(worker, stop.clone()));
    }
}

async fn run(worker: Box<dyn Worker>, stop: CancellationToken) {
    let name = worker.name();
    // Logged when it begins and when it ends, not at every round in between.
    let mut failing = false;
    while !stop.is_cancelled() {
        let outcome = AssertUnwindSafe(worker.tick()).catch_unwind().await;
        let failure = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("panicked".to_owned()),
        };
        let result = if failure.is_some() { "error" } else { "ok" };
        metrics::counter!("cyxwiz_worker_ticks_total", "worker" => name, "result" => result)
            .increment(1);
        match failure {
            Some(error) if !failing => tracing::error!(worker = name, error, "a round failed"),
            Some(error) => tracing::debug!(worker = name, error, "a round failed again"),
            None if failing => tracing::info!(worker = name, "works again"),
            None => {}
        }
        failing = result == "error";
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(worker.interval()) => {}
            // Not while it fails: a wake-up would come again and again.
            () = worker.wake(), if !failing => {}
        }
    }
    tracing::debug!(worker = name, "ended");
}
