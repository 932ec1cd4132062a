use cyxwiz_domain::{Address, Digest};
use cyxwiz_statement::{Challenge, Context, Meta, Registered, Statement, order_seed};
use serde::{Deserialize, Serialize};
use training_proof::sha256;

use crate::{EscrowAccount, address, programs};

/// Where a transcript stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TranscriptStage {
    /// The user has fixed what must be shown.
    Opened,
    /// The node has fixed what came out.
    Committed,
    /// Which steps must be shown is drawn.
    Revealed,
    /// They were shown.
    Verified,
    /// The slot's hash was lost before anyone asked for it: no proof can be made any more.
    FullAudit,
    /// The node has signed a proof that is none.
    Refuted,
}

impl From<training_proof::Stage> for TranscriptStage {
    fn from(stage: training_proof::Stage) -> Self {
        use training_proof::Stage;
        match stage {
            Stage::Opened => Self::Opened,
            Stage::Committed => Self::Committed,
            Stage::Revealed => Self::Revealed,
            Stage::Verified => Self::Verified,
            Stage::FullAudit => Self::FullAudit,
            Stage::Refuted => Self::Refuted,
        }
    }
}

/// What is committed, drawn and shown about one escrow's job. Times are Unix seconds of the chain's clock,
/// words are field elements, and what has not happened is zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptAccount {
    /// Where it lives.
    pub address: Address,
    /// Where it stands.
    pub stage: TranscriptStage,
    /// Steps that a proof recomputes.
    pub samples: u8,
    /// The escrow.
    pub escrow: Address,
    /// When the escrow was created that it belongs to: another one at the same address has another time.
    pub escrow_created_at: i64,
    /// The wallet that owns the node, once it has committed.
    pub node: Option<Address>,
    /// The circuit.
    pub circuit: Digest,
    /// The commitment of the trained weights (a word), from the node.
    pub trained: Digest,
    /// The Merkle root over the hash chain (a word), from the node.
    pub root: Digest,
    /// Who funded the job.
    pub user: Address,
    /// Who paid the rent and gets it back.
    pub rent_payer: Address,
    /// The root of the dataset's batches (a word), from the user.
    pub dataset: Digest,
    /// The commitment of the weights before training (a word), from the user.
    pub initial: Digest,
    /// Job, node, spec and circuit as one word; zero until committed.
    pub context: Digest,
    /// SHA-256 over the commitments of all steps, from the node.
    pub leaves_hash: Digest,
    /// Hash of the user's nonce.
    pub user_nonce_hash: Digest,
    /// Hash of the coordinator's nonce.
    pub coordinator_nonce_hash: Digest,
    /// The user's nonce, once shown.
    pub user_nonce: Option<[u8; 32]>,
    /// The coordinator's nonce, once shown.
    pub coordinator_nonce: Option<[u8; 32]>,
    /// The slot whose hash the challenge is drawn with.
    pub target_slot: u64,
    /// The slot of the commitment.
    pub commit_slot: u64,
    /// What the challenge follows from; zero until revealed.
    pub challenge_seed: Digest,
    /// No epoch ended before this time.
    pub starts_at: u64,
    /// No epoch ended after this time.
    pub ends_at: u64,
    /// When the proof was verified.
    pub verified_at: i64,
    /// The learning rate's numerator; 0 for a transcript alone.
    pub rate: u16,
    /// Epochs in the transcript.
    pub epochs: u16,
    /// Counts changes.
    pub seq: u64,
    /// The slot it was read at.
    pub slot: u64,
}

/// What a proof is about: the chain names the first of these that is not the transcript's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The job: its escrow.
    pub escrow: Address,
    /// The wallet that owns the node.
    pub node: Address,
    /// The circuit.
    pub circuit: Digest,
    /// These and the spec as one word.
    pub context: Digest,
    /// The root of the dataset's batches (a word).
    pub dataset: Digest,
}

impl TranscriptAccount {
    pub(crate) fn new(at: Address, account: &training_proof::Transcript, slot: u64) -> Self {
        let some = |bytes: [u8; 32]| (bytes != [0; 32]).then_some(bytes);
        Self {
            address: at,
            stage: account.stage.into(),
            samples: account.samples,
            escrow: address(&account.escrow),
            escrow_created_at: account.escrow_created_at,
            node: some(account.node.to_bytes()).map(Address),
            circuit: Digest(account.circuit),
            trained: Digest(account.trained),
            root: Digest(account.root),
            user: address(&account.user),
            rent_payer: address(&account.rent_payer),
            dataset: Digest(account.dataset),
            initial: Digest(account.initial),
            context: Digest(account.context),
            leaves_hash: Digest(account.leaves_hash),
            user_nonce_hash: Digest(account.user_nonce_hash),
            coordinator_nonce_hash: Digest(account.coordinator_nonce_hash),
            user_nonce: some(account.user_nonce),
            coordinator_nonce: some(account.coordinator_nonce),
            target_slot: account.target_slot,
            commit_slot: account.commit_slot,
            challenge_seed: Digest(account.challenge_seed),
            starts_at: account.starts_at,
            ends_at: account.ends_at,
            verified_at: account.verified_at,
            rate: account.rate,
            epochs: account.epochs,
            seq: account.seq,
            slot,
        }
    }

    /// Whether it is about the job of `escrow`, and not of another at the same address before.
    pub fn belongs_to(&self, escrow: &EscrowAccount) -> bool {
        self.escrow == escrow.address && self.escrow_created_at == escrow.created_at
    }

    /// The steps that a proof must recompute, once they are drawn.
    pub fn challenge(&self) -> Option<Challenge> {
        self.drawn()?;
        let order = order_seed(&self.escrow.0, sha256);
        let circuit = &Registered::by_id(&self.circuit.0)?.circuit;
        Challenge::draw(circuit, self.epochs, &self.challenge_seed.0, &order, sha256)
    }

    /// What a proof must be about, once committed.
    pub fn subject(&self) -> Option<Subject> {
        Some(Subject {
            escrow: self.escrow,
            node: self.node?,
            circuit: self.circuit,
            context: self.context,
            dataset: self.dataset,
        })
    }

    /// What a proof must show, once the challenge is drawn.
    pub fn statement(&self) -> Option<Statement> {
        let circuit = &Registered::by_id(&self.circuit.0)?.circuit;
        let meta = Meta::new(
            circuit,
            self.epochs,
            self.starts_at,
            self.ends_at,
            self.rate,
        );
        Some(Statement {
            context: self.context.0,
            dataset: self.dataset.0,
            initial: self.initial.0,
            trained: self.trained.0,
            root: self.root.0,
            meta: meta.ok()?,
            challenge: self.challenge()?,
        })
    }

    fn drawn(&self) -> Option<()> {
        use TranscriptStage::{Refuted, Revealed, Verified};
        matches!(self.stage, Revealed | Verified | Refuted).then_some(())
    }
}

/// The hash that fixes a nonce for the job of `escrow` before it is shown.
pub fn nonce_hash(escrow: Address, nonce: &[u8; 32]) -> Digest {
    Digest(training_proof::nonce_hash(&escrow.0, nonce))
}

/// Job, node, spec and circuit as one word: what binds a transcript to an assigned escrow. Of an escrow without
/// a node it is nobody's.
pub fn context_word(escrow: &EscrowAccount, circuit: Digest) -> Digest {
    let context = Context {
        program: programs::job_escrow().0,
        escrow: escrow.address.0,
        job_id: *escrow.job_id.as_bytes(),
        user: escrow.user.0,
        node: escrow.node.unwrap_or_default().0,
        spec_hash: escrow.spec_hash.0,
        circuit: circuit.0,
    };
    Digest(context.word(sha256))
}
