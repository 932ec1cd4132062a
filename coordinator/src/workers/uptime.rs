//! Samples which nodes are up, and tells the chain of it hourly, many nodes in a transaction.
//!
//! The counts leave the database only once the chain shows a report that is newer than the last one noted, so
//! that no crash makes them count twice; that reports come hourly at most is the chain's own rule.

use std::{sync::Arc, time::Duration};

use cyxwiz_chain::{ReputationAccount, instructions::reputation::batch_uptime};

use super::Worker;
use crate::{
    app::App,
    db::{self, uptime::Due},
    error::Error,
};

/// Nodes whose records' addresses fit a transaction without a lookup table.
const BATCH: usize = 27;
/// How long another replica leaves taken nodes alone: longer than a transaction may take to land.
const LEASE: Duration = Duration::from_secs(180);
/// Least time between two reports on a node, by the chain's clock.
const INTERVAL_SECONDS: i64 = 3_600;

/// See the module.
pub struct Uptime(Arc<App>);

impl Uptime {
    /// Works for `app`.
    pub fn new(app: Arc<App>) -> Self {
        Self(app)
    }
}

/// What is to be done for a node whose report is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The chain has what was sent, since then.
    Reported(i64),
    /// The chain takes a report.
    Send,
    /// Not now: it has no record yet, or the last report is too fresh.
    Wait,
}

fn step(due: &Due, record: Option<&ReputationAccount>, now: i64) -> Step {
    let Some(record) = record else {
        return Step::Wait;
    };
    let last = record.last_uptime_at;
    if last > due.reported_at && due.sent {
        Step::Reported(last)
    } else if now - last >= INTERVAL_SECONDS {
        Step::Send
    } else {
        Step::Wait
    }
}

#[async_trait::async_trait]
impl Worker for Uptime {
    fn name(&self) -> &'static str {
        "uptime"
    }

    fn interval(&self) -> Duration {
        self.0.settings.workers.uptime
    }

    async fn tick(&self) -> Result<(), Error> {
        let app = &self.0;
        let (every, period) = (
            app.settings.workers.uptime,
            app.settings.workers.uptime_report,
        );
        // ticks come a little more than an interval apart, replicas' in between
        let (stale_after, apart) = (app.settings.nodes.stale_after, every.mul_f64(0.9));
        db::uptime::sample(&app.pool, stale_after, apart, period).await?;
        let taken = db::uptime::take_due(&app.pool, BATCH, LEASE).await?;
        if taken.is_empty() {
            return Ok(());
        }
        let now = app.chain.unix_time().await?;
        let send = self.look_at(taken, now).await?;
        if send.is_empty() {
            return Ok(());
        }
        let owners: Vec<_> = send.iter().map(|due| due.owner).collect();
        let nodes = db::uptime::about_to_send(&app.pool, &owners).await?;
        let batch = batch_uptime(app.signer.address(), &nodes);
        let signature = app.chain.execute(&[batch], &app.signer, &[]).await?;
        tracing::debug!(nodes = nodes.len(), signature, "reported uptime");
        let sent = send.into_iter().map(|due| Due { sent: true, ..due });
        self.look_at(sent.collect(), now).await.map(drop)
    }
}

impl Uptime {
    /// Takes what the chain has of these nodes out of their counts; the others that it takes a report on.
    async fn look_at(&self, nodes: Vec<Due>, now: i64) -> Result<Vec<Due>, Error> {
        let app = &self.0;
        let period = app.settings.workers.uptime_report;
        let mut send = Vec::new();
        for due in nodes {
            let record = app.chain.reputation(due.owner).await?;
            match step(&due, record.as_ref(), now) {
                Step::Reported(at) => {
                    db::uptime::reported(&app.pool, due.owner, at, period).await?;
                }
                Step::Send => send.push(due),
                Step::Wait => {}
            }
        }
        Ok(send)
    }
}

#[cfg(test)]
mod tests {
    use cyxwiz_domain::{Address, Tier};

    use super::*;

    fn record(last_uptime_at: i64) -> ReputationAccount {
        ReputationAccount {
            owner: Address([1; 32]),
            score: 0,
            tier: Tier::Bronze,
            jobs_completed: 0,
            jobs_failed: 0,
            jobs_timed_out: 0,
            jobs_cancelled: 0,
            jobs_declined: 0,
            disputes_won: 0,
            disputes_lost: 0,
            valid_proofs: 0,
            invalid_proofs: 0,
            breadth: 0,
            uptime_up: 0,
            uptime_total: 0,
            last_uptime_at,
            rating_sum: 0,
            rating_count: 0,
        }
    }

    #[test]
    fn what_the_chain_has_is_not_sent_again() {
        let now = 100_000;
        let due = |sent, reported_at| Due {
            owner: Address([1; 32]),
            sent,
            reported_at,
        };
        let fresh = now - INTERVAL_SECONDS + 1;
        let cases = [
            (due(false, 0), None, Step::Wait),
            // never reported on
            (due(false, 0), Some(0), Step::Send),
            // sent, and landed: even where that was long ago
            (due(true, 0), Some(fresh), Step::Reported(fresh)),
            (due(true, 500), Some(501), Step::Reported(501)),
            // sent, and not landed
            (due(true, 500), Some(500), Step::Send),
            (due(true, fresh), Some(fresh), Step::Wait),
            // told by another coordinator
            (due(false, 500), Some(501), Step::Send),
            (due(false, 500), Some(fresh), Step::Wait),
        ];
        for (due, last, expected) in cases {
            let record = last.map(record);
            assert_eq!(
                step(&due, record.as_ref(), now),
                expected,
                "{due:?} {last:?}"
            );
        }
    }
}
