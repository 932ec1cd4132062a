use cyxwiz_domain::{Address, Amount, Digest};

use crate::address;

/// A registered node. Times are Unix seconds of the chain's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeAccount {
    /// Where it lives.
    pub address: Address,
    /// The wallet that registered it and is paid for its jobs.
    pub owner: Address,
    /// Staked, what is locked or requested back included.
    pub stake: Amount,
    /// Locked by jobs.
    pub locked: Amount,
    /// Requested back.
    pub unstake_amount: Amount,
    /// When the requested part may be withdrawn.
    pub unstake_at: i64,
    /// Jobs that lock stake.
    pub active_jobs: u32,
    /// Nothing is withdrawn before.
    pub locked_until: i64,
    /// Takes no job before.
    pub suspended_until: i64,
    /// Takes no job ever.
    pub banned: bool,
    /// `host:port` that engines connect to.
    pub endpoint: String,
    /// SHA-256 of the node's TLS certificate, as of the last change of the account; see
    /// [`NodeAccount::fingerprint_at`].
    pub tls_fingerprint: Digest,
    /// The announced certificate and when it counts alone.
    pub next_tls_fingerprint: Option<(Digest, i64)>,
    /// Region name.
    pub region: String,
    /// Device name.
    pub gpu_model: String,
    /// Device memory in MiB.
    pub vram_mib: u32,
    /// Main memory in MiB.
    pub ram_mib: u32,
    /// Speed in thousandths of the reference machine's.
    pub rate_milli: u32,
    /// Registration.
    pub registered_at: i64,
    /// Last heartbeat on the chain, 0 for none.
    pub last_heartbeat_at: i64,
    /// Reward accrued and not claimed, as of the last change of the stake.
    pub reward_accrued: Amount,
    /// Counts changes.
    pub seq: u64,
}

impl NodeAccount {
    pub(crate) fn new(at: Address, node: node_registry::Node) -> Self {
        Self {
            address: at,
            owner: address(&node.owner),
            stake: Amount(node.stake),
            locked: Amount(node.locked),
            unstake_amount: Amount(node.unstake_amount),
            unstake_at: node.unstake_at,
            active_jobs: node.active_jobs,
            locked_until: node.locked_until,
            suspended_until: node.suspended_until,
            banned: node.banned,
            endpoint: node.endpoint,
            tls_fingerprint: Digest(node.tls_fingerprint),
            next_tls_fingerprint: (node.next_tls_fingerprint != [0; 32])
                .then_some((Digest(node.next_tls_fingerprint), node.rotates_at)),
            region: node.region,
            gpu_model: node.gpu_model,
            vram_mib: node.vram_mib,
            ram_mib: node.ram_mib,
            rate_milli: node.rate_milli,
            registered_at: node.registered_at,
            last_heartbeat_at: node.last_heartbeat_at,
            reward_accrued: Amount(node.reward_accrued),
            seq: node.seq,
        }
    }

    /// Stake that a further job can lock.
    pub fn free_stake(&self) -> Amount {
        let free = self.stake.0.saturating_sub(self.locked.0);
        Amount(free.saturating_sub(self.unstake_amount.0))
    }
}

/// The stake that a job of this amount locks.
pub fn required_stake(job_amount: Amount) -> Amount {
    Amount(node_registry::math::required_stake(job_amount.0))
}
