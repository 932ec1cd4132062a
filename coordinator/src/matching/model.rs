//! The problem and its solution.

use std::fmt;

use cyxwiz_domain::{
    Address, Amount, Digest, Tier,
    pricing::{Price, PriceTable},
    spec::JobSpec,
};

/// A job that wants a node.
pub struct Problem<'a> {
    /// What is to be trained.
    pub spec: &'a JobSpec,
    /// Rows of the dataset.
    pub rows: u64,
    /// Who asks: nobody runs a job on a node of one's own.
    pub user: Option<Address>,
    /// The most it may cost, where the escrow is funded already.
    pub budget: Option<Amount>,
    /// Nodes that gave a job of this user back a moment ago: they come last.
    pub handed_back: &'a [Address],
    /// What things cost.
    pub prices: &'a PriceTable,
    /// How long jobs may take.
    pub timeouts: Timeouts,
    /// Unix seconds of the chain's clock.
    pub now: i64,
    /// All nodes known.
    pub nodes: &'a [Candidate],
}

/// How long jobs may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Times the estimate ...
    pub factor: u32,
    /// ... and at least this many seconds ...
    pub min_seconds: u32,
    /// ... with a proof this many seconds more ...
    pub proof_seconds: u32,
    /// ... and no more than this many.
    pub max_seconds: u32,
}

impl Timeouts {
    /// Seconds that a job may take which is estimated to take `estimated`; the seconds that it would need, where
    /// it may not.
    pub fn of(&self, spec: &JobSpec, estimated: u64) -> Result<u32, u64> {
        let trained = estimated.saturating_mul(self.factor.into());
        let proof = spec.circuit().map_or(0, |_| self.proof_seconds);
        let needed = trained
            .max(self.min_seconds.into())
            .saturating_add(proof.into());
        match u32::try_from(needed) {
            Ok(seconds) if seconds <= self.max_seconds => Ok(seconds),
            _ => Err(needed),
        }
    }
}

/// A node as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its owner's wallet.
    pub owner: Address,
    /// Device name.
    pub device: String,
    /// Region code.
    pub region: String,
    /// Device memory, MiB; what the registry and the last heartbeat both grant.
    pub vram_mib: u32,
    /// Main memory, MiB; likewise.
    pub ram_mib: u32,
    /// Speed in thousandths of the reference machine's.
    pub rate_milli: u32,
    /// Stake that a further job can lock.
    pub free_stake: Amount,
    /// Jobs that lock stake on the chain.
    pub active_jobs: u32,
    /// Unix seconds of the chain's clock.
    pub suspended_until: i64,
    /// Takes no job ever.
    pub banned: bool,
    /// 0 to 1000.
    pub reputation: u16,
    /// Its heartbeats arrive.
    pub online: bool,
    /// Holds a job here already.
    pub busy: bool,
    /// Jobs, of whichever users, that it has handed back within a day.
    pub handed_back: u32,
    /// Ids of the circuits that it makes proofs with.
    pub circuits: Vec<Digest>,
    /// Hashes of the runtime classes that it keeps.
    pub runtime_classes: Vec<Digest>,
}

impl Candidate {
    /// Tier of its score.
    pub fn tier(&self) -> Tier {
        Tier::of_score(self.reputation)
    }
}

/// A node that fits, and what the job would be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The node.
    pub owner: Address,
    /// What it costs there.
    pub price: Price,
    /// Seconds of training there.
    pub estimated_seconds: u32,
    /// Seconds from the assignment until anyone may end the job.
    pub timeout_seconds: u32,
}

/// The solution.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Nodes that fit, best first.
    pub ranked: Vec<Match>,
    /// The others, in the order they came in.
    pub rejected: Vec<(Address, Rejection)>,
}

impl Plan {
    /// In one line, why nobody fits: each reason with the number of nodes.
    pub fn why_none(&self) -> String {
        if self.rejected.is_empty() {
            return "no node has announced itself".to_owned();
        }
        let mut counts = std::collections::BTreeMap::<String, usize>::new();
        for (_, rejection) in &self.rejected {
            *counts.entry(rejection.to_string()).or_default() += 1;
        }
        let mut reasons: Vec<_> = counts.into_iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let shown = reasons.iter().take(5);
        let lines: Vec<_> = shown
            .map(|(why, count)| format!("{count} x {why}"))
            .collect();
        lines.join("; ")
    }
}

/// Why a node is passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// No heartbeat.
    Offline,
    /// The chain bans it.
    Banned,
    /// The chain suspends it until then, Unix seconds.
    Suspended(i64),
    /// The user's own.
    OwnNode,
    /// Works on another job.
    Busy,
    /// Another device.
    Device(String),
    /// Another region.
    Region(String),
    /// Too little device memory, MiB.
    Vram(u32),
    /// Too little main memory, MiB.
    Ram(u32),
    /// Makes no proofs with the job's circuit, by its name.
    Circuit(&'static str),
    /// Does not keep the job's runtime class, by its name.
    RuntimeClass(&'static str),
    /// Too little reputation.
    Tier(Tier),
    /// Too new for a job of this amount.
    TooNew(Amount),
    /// Too little free stake for a job of this amount.
    Stake {
        /// What it has.
        free: Amount,
        /// What the job locks.
        needed: Amount,
    },
    /// Costs more than is in the escrow.
    Price(Amount),
    /// So slow that the job would take longer than the chain allows, in seconds.
    TooSlow(u64),
    /// The price does not fit in 64 bits.
    PriceOverflow,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offline => f.write_str("offline"),
            Self::Banned => f.write_str("banned"),
            Self::Suspended(until) => write!(f, "suspended until {until} (Unix seconds)"),
            Self::OwnNode => f.write_str("your own node"),
            Self::Busy => f.write_str("busy with another job"),
            Self::Device(device) => write!(f, "its device is '{device}'"),
            Self::Region(region) => write!(f, "its region is '{region}'"),
            Self::Vram(mib) => write!(f, "only {mib} MiB of device memory free"),
            Self::Ram(mib) => write!(f, "only {mib} MiB of main memory free"),
            Self::Circuit(name) => write!(f, "makes no proofs with the circuit {name}"),
            Self::RuntimeClass(name) => write!(f, "does not keep the runtime class {name}"),
            Self::Tier(tier) => write!(f, "its tier is {tier}"),
            Self::TooNew(amount) => {
                write!(f, "too new for a job of {amount} CYXWIZ")
            }
            Self::Stake { free, needed } => {
                write!(f, "{free} CYXWIZ of free stake, the job locks {needed}")
            }
            Self::Price(amount) => write!(f, "would cost {amount} CYXWIZ"),
            Self::TooSlow(seconds) => write!(f, "too slow: would need a timeout of {seconds} s"),
            Self::PriceOverflow => f.write_str("its price is absurd"),
        }
    }
}
