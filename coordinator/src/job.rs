//! A job as the coordinator keeps it.

use chrono::{DateTime, Utc};
use cyxwiz_chain::{
    EscrowAccount, EscrowConfig, EscrowState, Tier, Verification, instructions::escrow::NewEscrow,
};
use cyxwiz_domain::{Address, Amount, Digest, JobId, JobState};

use crate::error::Error;

/// What a user submitted: the same for every repetition of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Drawn by the engine.
    pub id: JobId,
    /// Who pays.
    pub user: Address,
    /// Where the money will be.
    pub escrow: Address,
    /// For people.
    pub name: String,
    /// Canonical JSON.
    pub spec: Vec<u8>,
    /// SHA-256 of it.
    pub spec_hash: Digest,
    /// Rows of the dataset.
    pub rows: u64,
    /// Root of its manifest.
    pub dataset_root: Digest,
    /// Its length.
    pub dataset_bytes: u64,
    /// Passes over it.
    pub required_epochs: u32,
    /// What the job's proof must be.
    pub verification: Verification,
}

/// What a job costs and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// What is escrowed.
    pub amount: Amount,
    /// Of training, on the node chosen at first.
    pub estimated_seconds: u32,
    /// From the assignment.
    pub timeout_seconds: u32,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What was submitted.
    pub submission: Submission,
    /// What was agreed.
    pub terms: Terms,
    /// Where it stands.
    pub state: JobState,
    /// Held for the job, or named by the chain.
    pub node: Option<Address>,
    /// As the node reports.
    pub epochs_done: u32,
    /// Of `assign_node`, empty before.
    pub assign_signature: String,
    /// What went wrong last, for people.
    pub message: String,
    /// What the user has to know about the proof, whatever happens later; empty for nothing.
    pub warning: String,
    /// When it was submitted.
    pub created_at: DateTime<Utc>,
    /// How long the node is held for the escrow.
    pub reserved_until: DateTime<Utc>,
}

impl Job {
    /// The escrow that was asked for. An assignment names these terms, never those
    /// that an escrow account was read with.
    pub fn asked(&self) -> NewEscrow {
        NewEscrow {
            job_id: self.submission.id,
            amount: self.terms.amount,
            spec_hash: self.submission.spec_hash,
            dataset_root: self.submission.dataset_root,
            required_epochs: self.submission.required_epochs,
            estimated_seconds: self.terms.estimated_seconds,
            timeout_seconds: self.terms.timeout_seconds,
            verification: self.submission.verification,
        }
    }

    /// Whether `escrow` is the one that was asked for. Its address already says
    /// program, user and job id. It may hold more: anyone may top it up.
    ///
    /// # Errors
    /// [`Error::EscrowMismatch`] names the first field that differs.
    pub fn check_escrow(&self, escrow: &EscrowAccount, config: &EscrowConfig) -> Result<(), Error> {
        let asked = self.asked();
        same("user", escrow.user, self.submission.user)?;
        same("mint", escrow.mint, config.mint)?;
        if escrow.amount < asked.amount {
            return Err(Error::EscrowMismatch {
                field: "amount",
                actual: escrow.amount.to_string(),
                expected: format!("at least {}", asked.amount),
            });
        }
        same("spec hash", escrow.spec_hash, asked.spec_hash)?;
        same("dataset root", escrow.dataset_root, asked.dataset_root)?;
        same(
            "number of epochs",
            escrow.required_epochs,
            asked.required_epochs,
        )?;
        // The node's punctuality is measured against it.
        same(
            "estimate",
            escrow.estimated_seconds,
            asked.estimated_seconds,
        )?;
        same("timeout", escrow.timeout_seconds, asked.timeout_seconds)?;
        if escrow.verification == asked.verification {
            return Ok(());
        }
        Err(Error::EscrowMismatch {
            field: VERIFICATION,
            actual: describe(&escrow.verification),
            expected: describe(&asked.verification),
        })
    }
}

/// Name of the field of an escrow that says what the job's proof must be.
pub const VERIFICATION: &str = "verification";

fn describe(verification: &Verification) -> String {
    let Some(tier) = tier_name(verification.tier) else {
        return "none".to_owned();
    };
    let Verification {
        circuit,
        samples,
        runtime_class,
        ..
    } = verification;
    format!("{tier} by circuit {circuit} with {samples} samples on runtime class {runtime_class}")
}

/// The tiers with a proof, by their names in job files and in the database.
const TIERS: [(Tier, &str); 4] = [
    (Tier::ZkExact, "zk-exact"),
    (Tier::Audited, "audited"),
    (Tier::AuditedTolerant, "audited-tolerant"),
    (Tier::Replicated, "replicated"),
];

/// Name of a tier; `None` for a job without a proof.
pub fn tier_name(tier: Tier) -> Option<&'static str> {
    let found = TIERS.iter().find(|(known, _)| *known == tier);
    found.map(|(_, name)| *name)
}

/// The tier of this name.
pub fn tier_of(name: &str) -> Option<Tier> {
    let found = TIERS.iter().find(|(_, known)| *known == name);
    found.map(|(tier, _)| *tier)
}

fn same<T: PartialEq + ToString>(field: &'static str, actual: T, expected: T) -> Result<(), Error> {
    if actual == expected {
        return Ok(());
    }
    Err(Error::EscrowMismatch {
        field,
        actual: actual.to_string(),
        expected: expected.to_string(),
    })
}

/// What the database keeps of an escrow account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowView {
    /// Name of the escrow's state.
    pub escrow_state: &'static str,
    /// What that makes of the job, `None` where the chain does not decide.
    pub job_state: Option<JobState>,
    /// The node named there.
    pub node: Option<Address>,
    /// As the completion says, 0 before.
    pub epochs_done: u32,
    /// Counts the account's changes.
    pub seq: u64,
    /// When it was read.
    pub slot: u64,
    /// Unix second from which anyone may end the present state.
    pub due_at: Option<i64>,
}

/// Name of the escrow state before an assignment.
pub const OPEN: &str = "open";

impl EscrowView {
    /// Reads `escrow` under the windows of `config`.
    pub fn new(escrow: &EscrowAccount, config: &EscrowConfig) -> Self {
        let job_state = (escrow.state != EscrowState::Open).then(|| escrow.state.job_state());
        let due_at = match escrow.state {
            // The program wants the end of the window, and the deadline, to lie in the past.
            EscrowState::Open => Some(escrow.created_at + config.assign_window_seconds + 1),
            EscrowState::Assigned => Some(escrow.deadline + 1),
            EscrowState::Submitted => Some(escrow.release_at),
            EscrowState::Cancelling => Some(escrow.cancel_at),
            EscrowState::Disputed => Some(escrow.dispute_ends_at),
            _ => None,
        };
        Self {
            escrow_state: job_state.map_or(OPEN, JobState::as_str),
            job_state,
            node: escrow.node,
            epochs_done: escrow.epochs_done,
            seq: escrow.seq,
            slot: escrow.slot,
            due_at,
        }
    }
}

/// Where a job in `state` goes when its escrow is read. The chain is the truth:
/// whatever it says is taken, except that it cannot tell `Training` from
/// `Assigned`, nor knows of the coordinator's own states while it is open.
pub fn next_state(state: JobState, on_chain: Option<JobState>) -> JobState {
    match (state, on_chain) {
        (JobState::Training, Some(JobState::Assigned)) => JobState::Training,
        (_, Some(on_chain)) => on_chain,
        (_, None) => state,
    }
}

/// What became of an escrow that is gone from the chain, when it was last seen
/// in `escrow_state`: only a settled one can be closed.
pub fn state_of_closed(escrow_state: &str) -> Option<JobState> {
    match escrow_state {
        OPEN => Some(JobState::Refunded),
        "submitted" => Some(JobState::Paid),
        "cancelling" => Some(JobState::Cancelled),
        "disputed" => Some(JobState::Resolved),
        // Several ends are possible, and the account that said which is gone.
        "assigned" => Some(JobState::Failed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    /// The job that [`fixture::escrow`] pays for.
    fn job() -> Job {
        let escrow = fixture::escrow(EscrowState::Open, None);
        Job {
            submission: Submission {
                id: escrow.job_id,
                user: escrow.user,
                escrow: escrow.address,
                name: "digits".into(),
                spec: b"{}".to_vec(),
                spec_hash: escrow.spec_hash,
                rows: 1797,
                dataset_root: escrow.dataset_root,
                dataset_bytes: 100_000,
                required_epochs: escrow.required_epochs,
                verification: escrow.verification,
            },
            terms: Terms {
                amount: escrow.amount,
                estimated_seconds: escrow.estimated_seconds,
                timeout_seconds: escrow.timeout_seconds,
            },
            state: JobState::Reserved,
            node: None,
            epochs_done: 0,
            assign_signature: String::new(),
            message: String::new(),
            warning: String::new(),
            created_at: DateTime::UNIX_EPOCH,
            reserved_until: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn an_escrow_may_hold_more_than_was_asked_for_and_differ_in_nothing_else() {
        type Change = fn(&mut EscrowAccount);
        let cases: [(Option<&str>, Change); 15] = [
            (None, |_| {}),
            (None, |escrow| escrow.amount.0 += 1),
            (None, |escrow| escrow.amount.0 = u64::MAX),
            (Some("amount"), |escrow| escrow.amount.0 -= 1),
            (Some("user"), |escrow| escrow.user.0[0] ^= 1),
            (Some("mint"), |escrow| escrow.mint.0[0] ^= 1),
            (Some("spec hash"), |escrow| escrow.spec_hash.0[0] ^= 1),
            (Some("dataset root"), |escrow| escrow.dataset_root.0[0] ^= 1),
            (Some("number of epochs"), |escrow| {
                escrow.required_epochs += 1;
            }),
            (Some("estimate"), |escrow| escrow.estimated_seconds += 1),
            (Some("timeout"), |escrow| escrow.timeout_seconds += 1),
            (Some(VERIFICATION), |escrow| {
                escrow.verification = Verification::default();
            }),
            (Some(VERIFICATION), |escrow| {
                escrow.verification.samples += 1;
            }),
            (Some(VERIFICATION), |escrow| {
                escrow.verification.circuit.0[0] ^= 1;
            }),
            (Some(VERIFICATION), |escrow| {
                escrow.verification.runtime_class.0[0] ^= 1;
            }),
        ];
        let (job, config) = (job(), fixture::config());
        for (number, (expected, change)) in cases.into_iter().enumerate() {
            let mut escrow = fixture::escrow(EscrowState::Open, None);
            change(&mut escrow);
            let field = match job.check_escrow(&escrow, &config) {
                Ok(()) => None,
                Err(Error::EscrowMismatch { field, .. }) => Some(field),
                Err(error) => panic!("{error}"),
            };
            assert_eq!(field, expected, "case {number}");
        }
    }

    #[test]
    fn an_assignment_names_what_was_asked_for_whatever_the_escrow_holds() {
        let mut escrow = fixture::escrow(EscrowState::Open, None);
        let asked = job().asked();
        assert_eq!(asked.amount, escrow.amount);
        escrow.amount.0 += 5;
        let records = cyxwiz_chain::instructions::escrow::Records {
            node: true,
            user: true,
        };
        let node = Address([1; 32]);
        let coordinator = fixture::config().coordinator;
        let assign = cyxwiz_chain::instructions::escrow::assign;
        let topped_up = assign(coordinator, &escrow, &asked, node, records);
        escrow.amount = asked.amount;
        assert_eq!(
            topped_up,
            assign(coordinator, &escrow, &asked, node, records)
        );
        // After the instruction's eight bytes of name.
        assert_eq!(topped_up[0].data[8..16], asked.amount.0.to_le_bytes());
    }

    #[test]
    fn the_chain_never_takes_training_back() {
        assert_eq!(
            next_state(JobState::Training, Some(JobState::Assigned)),
            JobState::Training
        );
        assert_eq!(
            next_state(JobState::Training, Some(JobState::Paid)),
            JobState::Paid
        );
        assert_eq!(next_state(JobState::Funded, None), JobState::Funded);
        assert_eq!(
            next_state(JobState::Expired, Some(JobState::Refunded)),
            JobState::Refunded
        );
    }
}
