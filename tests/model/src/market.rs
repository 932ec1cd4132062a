use crate::{Action, Reasons, Rules, Seconds, Units};

/// How many users there are.
pub const USERS: usize = 2;
/// How many nodes there are.
pub const NODES: usize = 2;
/// How many escrows there are at once: one per user, of the same number.
pub const JOBS: usize = USERS;

/// Where an escrow stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Not created, or closed.
    #[default]
    Absent,
    /// Funded.
    Open,
    /// A node works on it.
    Assigned,
    /// The node says it is done.
    Submitted,
    /// The user stopped it.
    Cancelling,
    /// The user does not accept the result.
    Disputed,
    /// Settled: paid in full.
    Paid,
    /// Settled: nobody took it, or its node handed it back.
    Refunded,
    /// Settled: its deadline passed.
    TimedOut,
    /// Settled: its user stopped it.
    Cancelled,
    /// Settled: its node gave up.
    Failed,
    /// Settled: a dispute was decided, or ran out.
    Resolved,
}

impl Phase {
    /// Whether the money has left.
    pub const fn is_settled(self) -> bool {
        matches!(
            self,
            Self::Paid
                | Self::Refunded
                | Self::TimedOut
                | Self::Cancelled
                | Self::Failed
                | Self::Resolved
        )
    }
}

/// What a node's reputation entitles it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tier {
    /// A new node.
    Bronze,
    /// A shorter acceptance window.
    Silver,
    /// An even shorter one.
    Gold,
    /// None at all, and a lower fee.
    Diamond,
}

/// What a job must be shown to be, fixed when it is created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// Nothing.
    #[default]
    None,
    /// Proven work: paid at once.
    Exact,
    /// A proven transcript, and audits that have their time.
    Audited,
}

/// What its node has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Shown {
    /// Nothing yet.
    #[default]
    Nothing,
    /// A proof.
    Proof,
    /// A false one.
    FalseProof,
    /// A commitment about which nobody asked in time: no proof is possible any more.
    Lost,
}

/// The stake that a running job locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lock {
    /// Locked base units.
    pub amount: Units,
    /// The node's whole stake when the job was assigned.
    pub stake_at_assignment: Units,
    /// What the job paid when it was assigned.
    pub job_amount: Units,
}

/// One job's escrow and its vault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Job {
    /// Where it stands.
    pub phase: Phase,
    /// The node, from assignment on.
    pub node: Option<u8>,
    /// Funded, top-ups included.
    pub amount: Units,
    /// Paid to the node, its part of the bond not counted.
    pub paid_node: Units,
    /// Paid back to the user, the bond not counted.
    pub paid_user: Units,
    /// Paid to the platform.
    pub paid_platform: Units,
    /// The dispute's bond while it is held.
    pub bond: Units,
    /// What lies in the vault.
    pub vault: Units,
    /// What of it was sent past all programs.
    pub gifts: Units,
    /// Highest epochs seen.
    pub seen: u32,
    /// Highest epochs held.
    pub held: u32,
    /// Epoch of the last anchored checkpoint.
    pub checkpoint: u32,
    /// The platform's share, fixed at assignment.
    pub fee_bps: u16,
    /// The acceptance window, fixed at assignment.
    pub acceptance: Seconds,
    /// What it asked for when it was created.
    pub timeout: Seconds,
    /// When it was created.
    pub created_at: Seconds,
    /// When it was assigned.
    pub assigned_at: Seconds,
    /// Last moment to submit or to cancel.
    pub deadline: Seconds,
    /// End of the running window: acceptance, receipts or dispute.
    pub window_ends: Seconds,
    /// When it was settled.
    pub settled_at: Seconds,
    /// The node's stake in it, while it runs.
    pub lock: Option<Lock>,
    /// What it must be shown to be.
    pub evidence: Evidence,
    /// What was shown.
    pub shown: Shown,
}

impl Job {
    /// What the vault must still hold of the funds.
    pub fn held_units(&self) -> Option<Units> {
        let paid = self
            .paid_node
            .checked_add(self.paid_user)?
            .checked_add(self.paid_platform)?;
        self.amount.checked_sub(paid)
    }

    /// Whether a node is bound to it and not yet released.
    pub const fn is_running(&self) -> bool {
        matches!(
            self.phase,
            Phase::Assigned | Phase::Submitted | Phase::Cancelling | Phase::Disputed
        )
    }
}

/// A node's stake and its vault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Node {
    /// Staked, locked and requested parts included.
    pub stake: Units,
    /// Sum of the jobs' locks.
    pub locked: Units,
    /// Number of the jobs' locks.
    pub active_jobs: u32,
    /// Requested back.
    pub unstake: Units,
    /// When the request may be taken out.
    pub unstake_at: Seconds,
    /// Before which nothing is taken out.
    pub locked_until: Seconds,
    /// Before which it takes no job.
    pub suspended_until: Seconds,
    /// Whether it takes no job ever again.
    pub banned: bool,
    /// Its last failures, oldest first.
    pub failures: [Option<Seconds>; 3],
    /// What lies in the stake vault.
    pub vault: Units,
    /// Reward that has accrued and is not paid.
    pub reward: Units,
    /// Up to when the reward is counted.
    pub reward_at: Seconds,
    /// When stake was first put into the empty vault.
    pub staked_since: Seconds,
    /// When it was last slashed.
    pub slashed_at: Seconds,
}

impl Node {
    /// Stake neither locked nor requested back.
    pub fn free(&self) -> Units {
        self.stake
            .saturating_sub(self.locked)
            .saturating_sub(self.unstake)
    }
}

/// Money that belongs to no single job or node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pools {
    /// Collected fees.
    pub platform: Units,
    /// Slashed stake.
    pub insurance: Units,
    /// What stake rewards are paid from.
    pub rewards: Units,
    /// Development's wallet.
    pub development: Units,
    /// Liquidity's wallet.
    pub liquidity: Units,
    /// Destroyed.
    pub burned: Units,
}

/// The whole market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Market {
    /// The clock.
    pub now: Seconds,
    /// Whether escrow and registry are paused.
    pub paused: bool,
    /// The users' escrows.
    pub jobs: [Job; JOBS],
    /// The nodes.
    pub nodes: [Node; NODES],
    /// The users' tokens.
    pub user_wallets: [Units; USERS],
    /// The node owners' tokens.
    pub node_wallets: [Units; NODES],
    /// Everything else.
    pub pools: Pools,
    /// All there ever was.
    pub minted: Units,
}

impl Market {
    /// Users and node owners with these tokens each, and nothing begun.
    pub fn new(now: Seconds, user_wallet: Units, node_wallet: Units) -> Self {
        Self {
            now,
            paused: false,
            jobs: Default::default(),
            nodes: Default::default(),
            user_wallets: [user_wallet; USERS],
            node_wallets: [node_wallet; NODES],
            pools: Pools::default(),
            minted: user_wallet * USERS as u64 + node_wallet * NODES as u64,
        }
    }

    /// The market after `action`, or everything that stands against it.
    pub fn attempt(&self, rules: &Rules, action: &Action) -> Result<Self, Reasons> {
        let mut next = *self;
        let reasons = next.take(rules, action);
        if reasons.none() {
            Ok(next)
        } else {
            Err(reasons)
        }
    }

    /// Money by name, for traces and comparisons.
    pub fn balances(&self) -> [(&'static str, Units); 14] {
        [
            ("user 0", self.user_wallets[0]),
            ("user 1", self.user_wallets[1]),
            ("node 0", self.node_wallets[0]),
            ("node 1", self.node_wallets[1]),
            ("escrow 0", self.jobs[0].vault),
            ("escrow 1", self.jobs[1].vault),
            ("stake 0", self.nodes[0].vault),
            ("stake 1", self.nodes[1].vault),
            ("platform", self.pools.platform),
            ("insurance", self.pools.insurance),
            ("rewards", self.pools.rewards),
            ("development", self.pools.development),
            ("liquidity", self.pools.liquidity),
            ("burned", self.pools.burned),
        ]
    }
}
