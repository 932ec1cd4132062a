//! The accounts' own methods on arbitrary arguments and times: none panics, and after whatever they accept
//! the books hold to the unit.

use anchor_lang::{AnchorDeserialize, Space, prelude::Pubkey};
use job_escrow::{Completion, Escrow, EscrowError, Receipt, State, math::Split, transcript::Stage};
use node_registry::{JobLock, Node};
use reputation::{Outcome, Reputation, math::MAX_SCORE};

use crate::bytes::Bytes;

/// More calls than an input is read for.
const MAX_STEPS: usize = 64;
const JOBS: usize = 3;

type Refused = anchor_lang::error::Error;

/// Runs one input; panics where a method or the books do not hold.
pub fn run(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let mut books = Books::new(&mut bytes);
    for _ in 0..MAX_STEPS {
        if bytes.is_empty() {
            break;
        }
        let mut next = books.clone();
        // a refusal is rolled back, as on the chain
        if next.step(&mut bytes).is_ok() {
            next.check();
            books = next;
        }
    }
}

#[derive(Clone)]
struct Job {
    escrow: Escrow,
    lock: Option<JobLock>,
    vault: u64,
}

#[derive(Clone)]
struct Books {
    now: i64,
    jobs: Vec<Job>,
    node: Node,
    staked: u64,
    record: Reputation,
    terms: job_escrow::Params,
    params: node_registry::Params,
}

// An account as it is created: zeroed.
fn zeroed<T: AnchorDeserialize + Space>() -> T {
    let zeros = vec![0; T::INIT_SPACE];
    T::deserialize(&mut zeros.as_slice()).expect("every account here is valid when zeroed")
}

// Parameters as anybody may ask for them, where the program takes them; else the defaults.
fn asked<T: AnchorDeserialize + Space + Default>(bytes: &mut Bytes, valid: fn(&T) -> bool) -> T {
    let encoded: Vec<u8> = (0..T::INIT_SPACE).map(|_| bytes.byte()).collect();
    let asked = T::deserialize(&mut encoded.as_slice()).ok();
    asked.filter(valid).unwrap_or_default()
}

impl Books {
    fn new(bytes: &mut Bytes) -> Self {
        let (terms, params) = if bytes.flag() {
            let terms = asked(bytes, |terms: &job_escrow::Params| terms.validate().is_ok());
            let valid = |params: &node_registry::Params| params.validate().is_ok();
            (terms, asked(bytes, valid))
        } else {
            Default::default()
        };
        let job = |_| {
            let mut escrow: Escrow = zeroed();
            escrow.amount = bytes.u64().max(1);
            escrow.required_epochs = bytes.u32().max(1);
            escrow.estimated_seconds = bytes.u32().max(1);
            escrow.timeout_seconds = bytes.u32();
            Job {
                vault: escrow.amount,
                escrow,
                lock: None,
            }
        };
        Self {
            now: 1_760_000_000,
            jobs: (0..JOBS).map(job).collect(),
            node: zeroed(),
            staked: 0,
            record: zeroed(),
            terms,
            params,
        }
    }

    fn step(&mut self, bytes: &mut Bytes) -> Result<(), Refused> {
        let kind = bytes.byte() % 26;
        let id = bytes.below(JOBS);
        match kind {
            0 => self.now = bytes.i64(),
            1 => self.now = self.now.saturating_add(bytes.u32().into()),
            2..8 => self.stake_step(kind, bytes)?,
            8..11 => self.record_step(kind, bytes)?,
            11 => self.assign(id)?,
            12..18 => self.job_step(kind, id, bytes)?,
            _ => self.settle(kind, id, bytes)?,
        }
        Ok(())
    }

    fn stake_step(&mut self, kind: u8, bytes: &mut Bytes) -> Result<(), Refused> {
        let (node, now, params) = (&mut self.node, self.now, &self.params);
        match kind {
            2 => {
                let amount = bytes.u64();
                node.deposit(amount, now, params)?;
                self.staked += amount;
            }
            3 => node.request_unstake(bytes.u64(), now, params)?,
            4 => {
                let amount = node.withdraw(now, params)?;
                self.staked -= amount;
            }
            5 => {
                let available = bytes.u64();
                let paid = node.claim(available, now, params)?;
                assert!(
                    paid > 0 && paid <= available,
                    "a reward that is not there was paid"
                );
            }
            6 => node.heartbeat(now)?,
            _ => {
                let mut profile = cyxwiz_tests_onchain::profile();
                profile.tls_fingerprint = [bytes.byte() % 3; 32];
                node.describe(profile, now, params)?;
                assert!(node.accepts(&node.fingerprint_at(now), now));
            }
        }
        Ok(())
    }

    fn record_step(&mut self, kind: u8, bytes: &mut Bytes) -> Result<(), Refused> {
        let user = Pubkey::new_from_array([bytes.byte(); 32]);
        match kind {
            8 => {
                let (on_time, proven) = (bytes.flag(), bytes.flag());
                let outcomes = [
                    Outcome::Completed { on_time, proven },
                    Outcome::Failed,
                    Outcome::TimedOut,
                    Outcome::CancelledByUser,
                    Outcome::DisputeLost,
                    Outcome::DisputeWon { on_time, proven },
                    Outcome::DisputeUnresolved,
                    Outcome::InvalidProof,
                    Outcome::Declined,
                ];
                self.record
                    .record(outcomes[bytes.below(outcomes.len())], &user, self.now);
            }
            9 => self.record.rate(bytes.byte(), &user, self.now)?,
            _ => self
                .record
                .sample_uptime(bytes.byte(), bytes.byte(), self.now)?,
        }
        Ok(())
    }

    fn assign(&mut self, id: usize) -> Result<(), Refused> {
        let (job, tier) = (&mut self.jobs[id], self.record.tier());
        let acceptance = self.terms.acceptance(tier);
        job.escrow.assign(
            Pubkey::default(),
            self.terms.fee(tier),
            acceptance,
            self.now,
        )?;
        let mut lock: JobLock = zeroed();
        lock.stake_at_assignment = self.node.stake;
        lock.job_amount = job.escrow.amount;
        lock.amount = self.node.lock(job.escrow.amount, self.now, &self.params)?;
        job.lock = Some(lock);
        Ok(())
    }

    fn job_step(&mut self, kind: u8, id: usize, bytes: &mut Bytes) -> Result<(), Refused> {
        let Job { escrow, vault, .. } = &mut self.jobs[id];
        let (now, terms) = (self.now, &self.terms);
        match kind {
            12 => escrow.anchor(bytes.u32(), [1; 32])?,
            13 => {
                let (epochs_seen, epochs_held) = (bytes.u32(), bytes.u32());
                let checkpoint_hash = bytes.array();
                escrow.present(&Receipt {
                    epochs_seen,
                    epochs_held,
                    checkpoint_hash,
                })?;
            }
            14 => {
                let epochs = if bytes.flag() {
                    escrow.required_epochs
                } else {
                    bytes.u32()
                };
                let result = Completion {
                    final_root: [bytes.byte(); 32],
                    weights_hash: [bytes.byte(); 32],
                    epochs,
                    training_seconds: bytes.u32(),
                };
                escrow.submit(&result, now)?;
            }
            15 => escrow.start_cancel(terms.receipt_window_seconds, now)?,
            16 => escrow.extend_deadline(bytes.u32(), terms.max_timeout_seconds, now)?,
            _ => {
                let bond = job_escrow::math::dispute_bond(escrow.amount, terms.dispute_bond_bps);
                let bond = bond.ok_or(EscrowError::MathOverflow)?;
                escrow.open_dispute(bond, terms.dispute_window_seconds, now)?;
                // a vault holds at most what there is of the token
                *vault = vault.checked_add(bond).ok_or(EscrowError::MathOverflow)?;
            }
        }
        Ok(())
    }

    // What the settling instructions do with escrow and stake, from the state that each of them asks for.
    fn settle(&mut self, kind: u8, id: usize, bytes: &mut Bytes) -> Result<(), Refused> {
        let (now, params) = (self.now, &self.params);
        let Job {
            escrow,
            lock,
            vault,
        } = &mut self.jobs[id];
        let (amount, fee, epochs) = (escrow.amount, escrow.fee_bps, escrow.required_epochs);
        let held = Split::held(amount, escrow.receipt_held, epochs, fee);
        let (from, to, split) = match kind {
            18 => (State::Submitted, State::Paid, Split::paid(amount, fee)),
            19 => {
                let (seen, part) = (escrow.receipt_seen, self.terms.cancel_fee_bps);
                let split = Split::cancelled(amount, seen, epochs, fee, part);
                (State::Cancelling, State::Cancelled, split)
            }
            20 => (State::Assigned, State::Failed, held),
            21 => (State::Assigned, State::TimedOut, held),
            22 => {
                let all = Split {
                    user: amount,
                    ..Split::default()
                };
                (State::Disputed, State::Resolved, Some(all))
            }
            24 => {
                let all = Split {
                    user: amount,
                    ..Split::default()
                };
                (State::Assigned, State::Failed, Some(all))
            }
            25 => {
                // none, or one at any stage, also such as there are not
                let stage = bytes.flag().then(|| Stage(bytes.byte() % 8));
                escrow.require_declinable(stage, now)?;
                let waited = i128::from(now) - i128::from(escrow.assigned_at);
                let late = 2 * waited > i128::from(escrow.timeout_seconds);
                assert!(
                    stage == Some(Stage::FULL_AUDIT) || !late,
                    "handed back after {waited} s of {}",
                    escrow.timeout_seconds
                );
                let all = Split {
                    user: amount,
                    ..Split::default()
                };
                (State::Assigned, State::Refunded, Some(all))
            }
            _ => {
                let bps = bytes.u32() as u16;
                (
                    State::Disputed,
                    State::Resolved,
                    Split::shared(amount, bps, fee),
                )
            }
        };
        escrow.require_state(from)?;
        let split = split.ok_or(EscrowError::MathOverflow)?;
        assert_eq!(
            split.total(),
            Some(amount),
            "a split of something else: {split:?}"
        );
        let bond = escrow.settle(to, split, now)?;
        *vault -= amount + bond;
        let lock = lock
            .take()
            .expect("a job is settled once, and its stake was locked until then");
        self.node.unlock(&lock)?;
        let others = self.node.locked;
        let cut = match kind {
            20 if self.node.fail(now, params)? => {
                self.node
                    .slash(&lock, params.slash_failures_bps, now, params)?
            }
            21 | 24 => {
                let alone = if kind == 21 {
                    params.slash_timeout_bps
                } else {
                    params.slash_invalid_proof_bps
                };
                let third = self.node.fail(now, params)?;
                let worse = alone.max(params.slash_failures_bps);
                let bps = if third { worse } else { alone };
                self.node.slash(&lock, bps, now, params)?
            }
            22 => self.node.slash_dispute(&lock, now, params)?,
            _ => return Ok(()),
        };
        let cut = cut.total().expect("a slash is a part of the stake");
        assert!(
            cut <= lock.stake_at_assignment,
            "more was slashed than was staked"
        );
        self.staked -= cut;
        assert!(
            self.node.stake >= others,
            "what other jobs lock was slashed"
        );
        Ok(())
    }

    fn check(&self) {
        for Job {
            escrow,
            vault,
            lock,
        } in &self.jobs
        {
            assert!(
                escrow.invariant(*vault).is_ok(),
                "{escrow:?} with {vault} in its vault"
            );
            assert_eq!(Some(*vault), escrow.held().ok(), "{escrow:?}");
            let whole = escrow.state != State::Refunded || escrow.paid_user == escrow.amount;
            assert!(whole, "{escrow:?}");
            let runs = !matches!(escrow.state, State::Open) && !escrow.state.is_settled();
            assert_eq!(lock.is_some(), runs, "{escrow:?}");
        }
        let locks = self.jobs.iter().filter_map(|job| job.lock.as_ref());
        let (count, sum) = locks.fold((0, 0), |(count, sum), lock| (count + 1, sum + lock.amount));
        assert_eq!(
            (count, sum),
            (self.node.active_jobs, self.node.locked),
            "{:?}",
            self.node
        );
        assert!(
            self.node.invariant(self.staked).is_ok(),
            "{:?}, {}",
            self.node,
            self.staked
        );
        assert_eq!(self.staked, self.node.stake);
        assert!(self.record.score <= MAX_SCORE, "{}", self.record.score);
    }
}
