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
    /// Seconds between two heartbeats on the chain, at least.
    pub const HEARTBEAT_SECONDS: i64 = node_registry::Node::HEARTBEAT_SECONDS;

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

    /// The fingerprint of the certificate that counts at `now`, by the chain's clock.
    pub fn fingerprint_at(&self, now: i64) -> Digest {
        match self.next_tls_fingerprint {
            Some((next, rotates_at)) if now >= rotates_at => next,
            _ => self.tls_fingerprint,
        }
    }

    /// The fingerprints that the node may show at `now`: the one that counts, and one that is
    /// announced, for the node changes over at any time of the notice.
    pub fn fingerprints(&self, now: i64) -> Vec<Digest> {
        let mut good = vec![self.fingerprint_at(now)];
        let announced = self.next_tls_fingerprint.map(|(next, _)| next);
        good.extend(announced.filter(|next| *next != good[0]));
        good
    }

    /// Whether the node may show a certificate with this fingerprint at `now`.
    pub fn accepts(&self, fingerprint: Digest, now: i64) -> bool {
        self.fingerprints(now).contains(&fingerprint)
    }

    /// The fingerprint that counts in the end: the announced one, if any.
    pub fn last_fingerprint(&self) -> Digest {
        self.fingerprint_at(i64::MAX)
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

#[cfg(test)]
mod tests {
    use anchor_lang::{AnchorDeserialize, Space};

    use super::*;

    #[test]
    fn announced_certificates_are_taken_as_the_program_takes_them() {
        let blank = [0; 8 + node_registry::Node::INIT_SPACE];
        let mut node = node_registry::Node::deserialize(&mut blank.as_slice()).expect("all zero");
        node.tls_fingerprint = [1; 32];
        for (next, rotates_at) in [([0; 32], 0), ([2; 32], 100)] {
            (node.next_tls_fingerprint, node.rotates_at) = (next, rotates_at);
            let account = NodeAccount::new(Address([9; 32]), node.clone());
            for now in [0, 99, 100, i64::MAX] {
                assert_eq!(account.fingerprint_at(now).0, node.fingerprint_at(now));
                for shown in [[0; 32], [1; 32], [2; 32], [3; 32]] {
                    let accepted = node.accepts(&shown, now);
                    assert_eq!(account.accepts(Digest(shown), now), accepted, "at {now}");
                }
            }
        }
        let account = NodeAccount::new(Address([9; 32]), node);
        assert_eq!(account.fingerprints(99), [Digest([1; 32]), Digest([2; 32])]);
        assert_eq!(account.fingerprints(100), [Digest([2; 32])]);
        assert_eq!(account.last_fingerprint(), Digest([2; 32]));
    }
}
