use cyxwiz_domain::{Address, Tier};

use crate::address;

/// What became of a node's jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReputationAccount {
    /// The node's owner.
    pub owner: Address,
    /// 0 to 1000.
    pub score: u16,
    /// What the score entitles to.
    pub tier: Tier,
    /// Jobs paid in full.
    pub jobs_completed: u32,
    /// Jobs the node gave up.
    pub jobs_failed: u32,
    /// Jobs whose deadline it let pass.
    pub jobs_timed_out: u32,
    /// Jobs the user cancelled.
    pub jobs_cancelled: u32,
    /// Jobs the node handed back.
    pub jobs_declined: u32,
    /// Disputes that were settled for the node.
    pub disputes_won: u32,
    /// Disputes that were settled for the user.
    pub disputes_lost: u32,
    /// Jobs whose work a proof showed.
    pub valid_proofs: u32,
    /// Proofs that the node has signed and that were none.
    pub invalid_proofs: u32,
    /// The most different users that any 16 paid jobs in a row had.
    pub breadth: u16,
    /// Uptime samples that found the node up.
    pub uptime_up: u64,
    /// All uptime samples.
    pub uptime_total: u64,
    /// The last report on its uptime, Unix seconds of the chain's clock; 0 before.
    pub last_uptime_at: i64,
    /// Sum of all stars.
    pub rating_sum: u64,
    /// Number of ratings.
    pub rating_count: u32,
}

impl ReputationAccount {
    pub(crate) fn new(record: &reputation::Reputation) -> Self {
        Self {
            owner: address(&record.owner),
            score: record.score,
            tier: Tier::of_score(record.score),
            jobs_completed: record.jobs_completed,
            jobs_failed: record.jobs_failed,
            jobs_timed_out: record.jobs_timed_out,
            jobs_cancelled: record.jobs_cancelled,
            jobs_declined: record.jobs_declined,
            disputes_won: record.disputes_won,
            disputes_lost: record.disputes_lost,
            valid_proofs: record.valid_proofs,
            invalid_proofs: record.invalid_proofs,
            breadth: record.breadth,
            uptime_up: record.uptime_up,
            uptime_total: record.uptime_total,
            last_uptime_at: record.last_uptime_at,
            rating_sum: record.rating_sum,
            rating_count: record.rating_count,
        }
    }
}

/// What became of a user's jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserReputationAccount {
    /// Jobs settled after assignment.
    pub jobs: u32,
    /// Jobs the user paid in full.
    pub jobs_paid: u32,
    /// Jobs cancelled after assignment.
    pub cancels: u32,
    /// Jobs that their node handed back.
    pub declined: u32,
    /// Disputes that were settled for the user.
    pub disputes_won: u32,
    /// Disputes that were settled for the node.
    pub disputes_lost: u32,
}

impl UserReputationAccount {
    pub(crate) fn new(record: &reputation::UserReputation) -> Self {
        Self {
            jobs: record.jobs,
            jobs_paid: record.jobs_paid,
            cancels: record.cancels,
            declined: record.declined,
            disputes_won: record.disputes_won,
            disputes_lost: record.disputes_lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use cyxwiz_domain::Tier;

    #[test]
    fn tiers_agree_with_the_program() {
        use reputation::math::Tier as OnChain;
        for score in 0..=1000 {
            let ours = Tier::of_score(score);
            let theirs = match reputation::math::tier(score) {
                OnChain::Bronze => Tier::Bronze,
                OnChain::Silver => Tier::Silver,
                OnChain::Gold => Tier::Gold,
                OnChain::Diamond => Tier::Diamond,
            };
            assert_eq!(ours, theirs, "score {score}");
        }
    }
}
