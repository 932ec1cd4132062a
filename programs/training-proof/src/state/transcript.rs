use anchor_lang::prelude::*;
use cyxwiz_statement::{
    Challenge, ChallengeSeed, CircuitId, Context as JobContext, Key, Meta, Registered, Statement,
    order_seed,
};
use job_escrow::{Escrow, Tier, Verification};

use crate::{
    ProofError, Subject,
    hashing::{nonce_hash, sha256},
    slot_hashes::SlotHash,
    verifier::{public_input, require_canonical},
};

/// Slots from the commitment to the first whose hash may go into the challenge: about 13 seconds, so that
/// who commits cannot know it.
pub const REVEAL_DELAY_SLOTS: u64 = 32;
/// Slots from the commitment after which a challenge is drawn without the nonces that are still missing:
/// about three minutes, and before the slot's hash leaves the runtime's list.
pub const NONCE_TIMEOUT_SLOTS: u64 = 450;
/// Seconds by which the times in a transcript may lie before the assignment or after the commitment: clocks
/// differ, and a node that has committed cannot change its times any more.
pub const CLOCK_TOLERANCE_SECONDS: i64 = 600;

/// Where a transcript stands. Append only: the numbers are part of the interface.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The user has fixed what must be shown.
    Opened,
    /// The node has fixed what came out.
    Committed,
    /// Which steps must be shown is drawn.
    Revealed,
    /// They were shown.
    Verified,
    /// The slot's hash was lost before anyone asked for it: no proof can be made, all must be audited.
    FullAudit,
    /// The node has signed a proof of them that is none.
    Refuted,
}

/// What a node commits to.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// The Merkle root over the transcript's hash chain, a field element.
    pub root: [u8; 32],
    /// The commitment of the trained weights, a field element.
    pub trained: [u8; 32],
    /// SHA-256 of the file with the commitments of all steps.
    pub leaves_hash: [u8; 32],
    /// Epochs in the transcript.
    pub epochs: u16,
}

/// What is committed, drawn and shown about one escrow's job, at PDA ["transcript", escrow]. The fields up to
/// `root` keep their offsets for good: job-escrow reads them there.
///
/// Only this program creates accounts of this type, one for each escrow: where an instruction takes one, the
/// type is check enough. An escrow created anew at the address of a closed one is another job, which
/// `escrow_created_at` tells.
#[account]
#[derive(InitSpace, Debug)]
pub struct Transcript {
    /// Layout version, 1.
    pub version: u8,
    /// Bump of this PDA.
    pub bump: u8,
    /// Where the transcript stands.
    pub stage: Stage,
    /// Steps that a proof recomputes; 0 where it shows the transcript alone.
    pub samples: u8,
    /// The escrow.
    pub escrow: Pubkey,
    /// Unix time at which the escrow was created.
    pub escrow_created_at: i64,
    /// The wallet that owns the node; zero until committed.
    pub node: Pubkey,
    /// The circuit.
    pub circuit: [u8; 32],
    /// The commitment of the trained weights, from the node.
    pub trained: [u8; 32],
    /// The Merkle root over the transcript's hash chain, from the node.
    pub root: [u8; 32],
    /// Who funded the job.
    pub user: Pubkey,
    /// Who paid the rent and gets it back.
    pub rent_payer: Pubkey,
    /// The root of the dataset's batches, from the user.
    pub dataset: [u8; 32],
    /// The commitment of the weights before training, from the user.
    pub initial: [u8; 32],
    /// Job, node, spec and circuit as one word; zero until committed.
    pub context: [u8; 32],
    /// SHA-256 of the file with the commitments of all steps, from the node.
    pub leaves_hash: [u8; 32],
    /// Hash of the user's nonce.
    pub user_nonce_hash: [u8; 32],
    /// Hash of the coordinator's nonce.
    pub coordinator_nonce_hash: [u8; 32],
    /// The user's nonce; zero until shown.
    pub user_nonce: [u8; 32],
    /// The coordinator's nonce; zero until shown.
    pub coordinator_nonce: [u8; 32],
    /// The slot hash that the challenge is drawn with; zero until known.
    pub slot_hash: [u8; 32],
    /// The slot of that hash; 0 until known.
    pub target_slot: u64,
    /// What the challenge follows from; zero until revealed.
    pub challenge_seed: [u8; 32],
    /// The slot of the commitment; 0 until committed.
    pub commit_slot: u64,
    /// No epoch ended before this Unix time.
    pub starts_at: u64,
    /// No epoch ended after this Unix time.
    pub ends_at: u64,
    /// Unix time of the verification; 0 before.
    pub verified_at: i64,
    /// The learning rate's numerator; 0 for a transcript alone.
    pub rate: u16,
    /// Epochs in the transcript.
    pub epochs: u16,
    /// Counts this account's changes; events carry it, so that an indexer sees gaps.
    pub seq: u64,
    /// For later versions.
    pub reserved: [u8; 128],
}

impl Transcript {
    /// Seed before the escrow's address.
    pub const SEED: &'static [u8] = b"transcript";

    /// A transcript of nobody about nothing.
    pub const EMPTY: Self = Self {
        version: 0,
        bump: 0,
        stage: Stage::Opened,
        samples: 0,
        escrow: Pubkey::new_from_array([0; 32]),
        escrow_created_at: 0,
        node: Pubkey::new_from_array([0; 32]),
        circuit: [0; 32],
        trained: [0; 32],
        root: [0; 32],
        user: Pubkey::new_from_array([0; 32]),
        rent_payer: Pubkey::new_from_array([0; 32]),
        dataset: [0; 32],
        initial: [0; 32],
        context: [0; 32],
        leaves_hash: [0; 32],
        user_nonce_hash: [0; 32],
        coordinator_nonce_hash: [0; 32],
        user_nonce: [0; 32],
        coordinator_nonce: [0; 32],
        slot_hash: [0; 32],
        target_slot: 0,
        challenge_seed: [0; 32],
        commit_slot: 0,
        starts_at: 0,
        ends_at: 0,
        verified_at: 0,
        rate: 0,
        epochs: 0,
        seq: 0,
        reserved: [0; 128],
    };

    /// Refuses unless the transcript is at `stage`.
    pub fn require_stage(&self, stage: Stage) -> Result<()> {
        require!(self.stage == stage, ProofError::WrongStage);
        Ok(())
    }

    /// Whether a proof of it is what an escrow pins: only circuits that train take samples.
    pub fn is_of(&self, pinned: &Verification) -> bool {
        pinned.tier.is_proven()
            && pinned.circuit == self.circuit
            && pinned.samples == self.samples
            && (pinned.tier == Tier::ZkExact) == (self.samples != 0)
    }

    /// `Opened` -> `Committed`: fixes what came out of the job that `escrow` describes.
    pub fn commit(&mut self, escrow: &Escrow, made: &Commitment, clock: &Clock) -> Result<()> {
        self.require_stage(Stage::Opened)?;
        let late = clock.unix_timestamp > escrow.deadline;
        require!(!late, ProofError::DeadlinePassed);
        require_canonical(&made.root)?;
        require_canonical(&made.trained)?;
        let complete = u32::from(made.epochs) == escrow.required_epochs;
        require!(complete, ProofError::IncompleteTraining);
        let time = |seconds: Option<i64>| seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let (starts, ends) = (
            escrow.assigned_at.checked_sub(CLOCK_TOLERANCE_SECONDS),
            clock.unix_timestamp.checked_add(CLOCK_TOLERANCE_SECONDS),
        );
        self.stage = Stage::Committed;
        self.node = escrow.node;
        self.root = made.root;
        self.trained = made.trained;
        self.leaves_hash = made.leaves_hash;
        self.epochs = made.epochs;
        self.starts_at = time(starts).ok_or(ProofError::MathOverflow)?;
        self.ends_at = time(ends).ok_or(ProofError::MathOverflow)?;
        self.commit_slot = clock.slot;
        self.context = JobContext {
            program: job_escrow::ID.to_bytes(),
            escrow: self.escrow.to_bytes(),
            job_id: escrow.job_id,
            user: escrow.user.to_bytes(),
            node: escrow.node.to_bytes(),
            spec_hash: escrow.spec_hash,
            circuit: self.circuit,
        }
        .word(sha256);
        self.meta().map(|_| ())
    }

    /// Takes over the slot hash that the challenge is drawn with; it never changes again.
    pub fn pin(&mut self, (slot, hash): SlotHash) {
        self.target_slot = slot;
        self.slot_hash = hash;
    }

    /// Takes over the user's nonce, after the slot hash, so that nobody who makes slots can know the challenge.
    pub fn show_user_nonce(&mut self, nonce: [u8; 32]) -> Result<()> {
        self.require_nonce(&nonce, &self.user_nonce_hash)?;
        self.user_nonce = nonce;
        Ok(())
    }

    /// Takes over the coordinator's nonce.
    pub fn show_coordinator_nonce(&mut self, nonce: [u8; 32]) -> Result<()> {
        self.require_nonce(&nonce, &self.coordinator_nonce_hash)?;
        self.coordinator_nonce = nonce;
        Ok(())
    }

    // zero stands for a nonce that never came
    fn require_nonce(&self, nonce: &[u8; 32], hash: &[u8; 32]) -> Result<()> {
        let right = *nonce != [0; 32] && nonce_hash(&self.escrow.to_bytes(), nonce) == *hash;
        require!(right, ProofError::WrongNonce);
        Ok(())
    }

    /// Whether nothing more is waited for: both nonces are there, or their time is over.
    pub fn may_draw(&self, slot: u64) -> bool {
        let both = self.user_nonce != [0; 32] && self.coordinator_nonce != [0; 32];
        both || slot > self.commit_slot.saturating_add(NONCE_TIMEOUT_SLOTS)
    }

    /// `Committed` -> `Revealed`: draws the steps to show, with what there is of nonces.
    pub fn draw(&mut self) -> Result<Challenge> {
        self.require_stage(Stage::Committed)?;
        let seed = ChallengeSeed {
            escrow: self.escrow.to_bytes(),
            root: self.root,
            trained: self.trained,
            slot_hash: self.slot_hash,
            user_nonce: self.user_nonce,
            coordinator_nonce: self.coordinator_nonce,
        };
        self.challenge_seed = seed.digest(sha256);
        self.stage = Stage::Revealed;
        self.challenge()
    }

    /// The steps to show.
    pub fn challenge(&self) -> Result<Challenge> {
        let order = order_seed(&self.escrow.to_bytes(), sha256);
        let circuit = &registered(&self.circuit)?.circuit;
        let drawn = Challenge::draw(circuit, self.epochs, &self.challenge_seed, &order, sha256);
        Ok(drawn.ok_or(ProofError::IncompleteTraining)?)
    }

    /// Length, times and learning rate, as the statement has them.
    fn meta(&self) -> Result<Meta> {
        let circuit = &registered(&self.circuit)?.circuit;
        let meta = Meta::new(
            circuit,
            self.epochs,
            self.starts_at,
            self.ends_at,
            self.rate,
        );
        Ok(meta.map_err(|_| ProofError::MathOverflow)?)
    }

    /// What a proof must be about, once committed.
    pub fn subject(&self) -> Subject {
        Subject {
            escrow: self.escrow,
            node: self.node,
            circuit: self.circuit,
            context: self.context,
            dataset: self.dataset,
        }
    }

    /// The one public input that a proof must have, computed from this account alone.
    pub fn public_input(&self) -> Result<[u8; 32]> {
        public_input(&Statement {
            context: self.context,
            dataset: self.dataset,
            initial: self.initial,
            trained: self.trained,
            root: self.root,
            meta: self.meta()?,
            challenge: self.challenge()?,
        })
    }
}

/// The circuit with this id.
pub(crate) fn registered(id: &CircuitId) -> Result<&'static Registered> {
    Ok(Registered::by_id(id).ok_or(ProofError::UnknownCircuit)?)
}

/// What proofs of the circuit are verified with.
pub(crate) fn key_of(circuit: &Registered) -> Result<Key> {
    Ok(circuit.key.ok_or(ProofError::NoVerifyingKey)?)
}
