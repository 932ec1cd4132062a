//! What a node has to lose.

use cyxwiz_domain::{Address, Amount};

use crate::Stack;

/// Stake and record of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeStanding {
    /// Everything staked.
    pub stake: Amount,
    /// Of that, locked by jobs.
    pub locked: Amount,
    /// Jobs under way.
    pub active_jobs: u32,
    /// Score, of 1,000.
    pub score: u16,
    /// Jobs given up.
    pub failed: u32,
    /// Jobs past their deadline.
    pub timed_out: u32,
    /// Jobs handed back.
    pub declined: u32,
}

impl NodeStanding {
    /// As the chain has it.
    ///
    /// # Panics
    /// When the chain does not answer, or does not know the node.
    pub async fn of(stack: &Stack, owner: Address) -> Self {
        let chain = stack.chain();
        let node = chain.node(owner).await.expect("the chain");
        let node = node.expect("registered");
        let record = chain.reputation(owner).await.expect("the chain");
        let record = record.expect("a record");
        Self {
            stake: node.stake,
            locked: node.locked,
            active_jobs: node.active_jobs,
            score: record.score,
            failed: record.jobs_failed,
            timed_out: record.jobs_timed_out,
            declined: record.jobs_declined,
        }
    }

    /// What becomes of this, that of a node with one job, when the job is handed back: nothing is lost, and
    /// the record says so.
    pub fn after_handing_back(self) -> Self {
        Self {
            locked: Amount::ZERO,
            active_jobs: 0,
            declined: self.declined + 1,
            ..self
        }
    }
}
