//! What changed in the database, as Postgres notifies it: the same for all
//! replicas, whichever made the change.

use std::sync::Arc;

use cyxwiz_domain::{Address, JobId};
use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

/// Changes that a slow subscriber may lag behind before it has to look anew.
const CAPACITY: usize = 1024;
const JOBS: &str = "jobs";
const CHAIN_WRITES: &str = "chain_writes";

/// A change of a job, or of perhaps any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// This job.
    Job {
        /// Which.
        id: JobId,
        /// Where it runs or shall run.
        node: Option<Address>,
    },
    /// Notifications may have been lost: look at everything.
    Anything,
}

impl Change {
    /// Whether `id` may have changed.
    pub fn concerns_job(self, id: JobId) -> bool {
        match self {
            Self::Job { id: changed, .. } => changed == id,
            Self::Anything => true,
        }
    }

    /// Whether a job of `node` may have changed.
    pub fn concerns_node(self, owner: Address) -> bool {
        match self {
            Self::Job { node, .. } => node == Some(owner),
            Self::Anything => true,
        }
    }
}

/// Hands changes to whoever subscribes.
#[derive(Clone)]
pub struct Events {
    changes: broadcast::Sender<Change>,
    chain_writes: Arc<Notify>,
}

impl Events {
    /// Nothing is listened to yet: see [`Events::listen`].
    pub fn new() -> Self {
        Self {
            changes: broadcast::channel(CAPACITY).0,
            chain_writes: Arc::default(),
        }
    }

    /// Changes from now on.
    pub fn subscribe(&self) -> Subscription {
        Subscription(self.changes.subscribe())
    }

    /// Returns when a chain write was decided.
    pub async fn chain_write(&self) {
        self.chain_writes.notified().await;
    }

    /// Listens until `shutdown`, and reconnects whenever the database is gone.
    pub async fn listen(self, pool: PgPool, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let listening = self.forward(&pool);
            tokio::select! {
                () = shutdown.cancelled() => return,
                ended = listening => if let Err(error) = ended {
                    tracing::warn!(%error, "lost the connection that listens; will connect again");
                },
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {}
            }
        }
    }

    async fn forward(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen_all([JOBS, CHAIN_WRITES]).await?;
        loop {
            // Before the first one, and after a reconnection, some were missed.
            self.publish(Change::Anything);
            self.chain_writes.notify_one();
            while let Some(notification) = listener.try_recv().await? {
                match notification.channel() {
                    CHAIN_WRITES => self.chain_writes.notify_one(),
                    _ => self.publish(parse(notification.payload())),
                }
            }
        }
    }

    fn publish(&self, change: Change) {
        // Fails only when nobody subscribes.
        let _ = self.changes.send(change);
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

/// Changes since a moment.
pub struct Subscription(broadcast::Receiver<Change>);

impl Subscription {
    /// The next change; `None` when the service ends.
    pub async fn next(&mut self) -> Option<Change> {
        match self.0.recv().await {
            Ok(change) => Some(change),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Change::Anything),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// `<id> <state> <node in hex>`, as the trigger writes it.
fn parse(payload: &str) -> Change {
    let mut words = payload.split(' ');
    let id = words.next().and_then(|id| id.parse().ok());
    let node = words.nth(1).and_then(|node| {
        let bytes = hex::decode(node).ok()?;
        Address::from_slice(&bytes).ok()
    });
    id.map_or(Change::Anything, |id| Change::Job { id, node })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_read_and_nonsense_means_anything() {
        let id: JobId = "00000000-0000-0000-0000-000000000007".parse().expect("id");
        let node = Address([1; 32]);
        let text = format!("{id} assigned {}", hex::encode(node.0));
        assert_eq!(
            parse(&text),
            Change::Job {
                id,
                node: Some(node)
            }
        );
        assert_eq!(
            parse(&format!("{id} expired ")),
            Change::Job { id, node: None }
        );
        assert_eq!(parse("?"), Change::Anything);
    }
}
