//! Tells the coordinator of the escrow and waits until the chain names the node.

use std::time::Duration;

use cyxwiz_chain::{EscrowAccount, EscrowState};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{JobRun, balances::Balances};
use crate::{
    coordinator::state_of,
    error::{Error, Result},
};

/// How long the coordinator's view of the chain may lag behind ours.
const LAG: Duration = Duration::from_secs(30);
/// What it says meanwhile.
const LAGS: [&str; 2] = ["escrow_missing", "transcript_missing"];
const POLL: Duration = Duration::from_millis(300);

impl JobRun<'_> {
    /// Has the coordinator check the escrow. Repeating it is harmless.
    pub(super) async fn confirm(&mut self) -> Result<()> {
        self.progress.wait("the coordinator checks the escrow");
        let job = self.store.journal.job_id;
        let signature = self.signature_of("create_escrow");
        let deadline = Instant::now() + LAG;
        loop {
            match self.engine.coordinator.confirm(job, &signature).await {
                Ok(_) => return Ok(()),
                Err(Error::Refused { code, .. })
                    if LAGS.contains(&code.as_str()) && Instant::now() < deadline =>
                {
                    tokio::time::sleep(POLL).await;
                }
                Err(error) => {
                    self.progress.note(format_args!(
                        "the money is safe in the escrow; `cyxwiz job cancel {job}` takes it back, \
                         `cyxwiz job watch {job}` tries again"
                    ));
                    return Err(error);
                }
            }
        }
    }

    /// Waits until the escrow is no longer open.
    pub(super) async fn await_assignment(&mut self) -> Result<()> {
        self.progress.wait("waiting for the node to be assigned");
        let job = self.store.journal.job_id;
        // Pushes save waiting; the chain alone decides.
        let mut pushes = self.engine.coordinator.watch(job).await.ok();
        let mut poll = interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                pushed = async {
                    match &mut pushes {
                        Some(stream) => stream.message().await,
                        None => std::future::pending().await,
                    }
                } => match pushed {
                    Ok(Some(pushed)) => {
                        if !pushed.message.is_empty() {
                            self.progress.remark(&pushed.message);
                        }
                        tracing::debug!(state = %state_of(&pushed)?, "job changed");
                    }
                    Ok(None) | Err(_) => pushes = None,
                },
                _ = poll.tick() => {}
            }
            let escrow = self.engine.funded_escrow(job).await?;
            if escrow.state != EscrowState::Open {
                return self.assigned(&escrow).await;
            }
            self.enforce(&escrow).await?;
        }
    }

    /// Notes what only now is known: the node, if it is another one than offered.
    async fn assigned(&mut self, escrow: &EscrowAccount) -> Result<()> {
        let Some(node) = escrow.node else {
            return Ok(());
        };
        let job = self.store.journal.job_id;
        if let Ok(job) = self.engine.coordinator.job(job).await
            && !job.assign_signature.is_empty()
        {
            self.store
                .note_transaction("assign_node", &job.assign_signature)?;
        }
        let offered = self.store.journal.offer.and_then(|offer| offer.node);
        if offered != Some(node)
            && let Some(before) = &mut self.store.journal.balances_before
        {
            let (chain, user) = (&self.engine.chain, self.engine.user());
            let now = Balances::read(chain, escrow.mint, user, node, escrow.address).await?;
            before.node = now.node;
            self.store.save()?;
        }
        self.progress.note(format_args!("assigned to node {node}"));
        Ok(())
    }

    /// Signature of a transaction of this job, empty if unknown.
    pub(super) fn signature_of(&self, instruction: &str) -> String {
        let known = self.store.journal.transactions.get(instruction);
        known.cloned().unwrap_or_default()
    }
}
