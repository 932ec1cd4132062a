//! Training that is committed to while it goes on: a leaf at the end of each segment, a head of the
//! hash chain at the end of each epoch, all of it fixed before anyone knows what will be examined.

use cyxwiz_domain::{
    Digest,
    training::{StateRecord, TranscriptRecord},
};
use cyxwiz_proof::{
    commitment::{SegmentState, commit_metrics, segment_ends},
    field::{Fr, NotCanonical, from_word, to_word},
    job::{Opening, read_record, write_record},
    transcript::Transcript,
};
use cyxwiz_statement::Registered;
use serde::{Deserialize, Serialize};

use crate::{EpochHead, Job, Tally, TrainError, Trainer};

/// Where a run stands at the end of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The epoch under way, from 1.
    pub epoch: u32,
    /// Batches of it already trained on.
    pub batch: u64,
    /// The seed of the step just done; those of later steps follow from it.
    pub seed: u64,
}

/// What a leaf of the transcript commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaf {
    /// Weights alone, by their commitment: of training that has no other state.
    Weights(Fr),
    /// The whole state that training goes on from.
    State(SegmentState),
}

impl Leaf {
    /// The leaf.
    pub fn commitment(&self) -> Fr {
        match self {
            Self::Weights(commitment) => *commitment,
            Self::State(state) => state.commitment(),
        }
    }

    /// What whoever has the weights needs besides them to find the leaf again.
    fn record(&self) -> Option<StateRecord> {
        match self {
            Self::Weights(_) => None,
            Self::State(state) => Some(StateRecord {
                optimizer: Digest(state.optimizer),
                random: Digest(state.random),
                epoch: state.epoch,
                batch: state.batch,
            }),
        }
    }
}

/// A backend whose state can be committed to.
pub trait Commit: Trainer {
    /// The state that training goes on from: a leaf of the transcript.
    ///
    /// # Errors
    /// As [`Trainer::step`].
    fn leaf(&mut self, at: Position) -> Result<Leaf, TrainError>;
}

/// A backend, and the transcript of what it does. Training in integers has a segment for each step;
/// else an epoch is cut into as many segments as the circuit has leaves.
pub struct Committed<T> {
    inner: T,
    circuit: &'static Registered,
    transcript: Transcript,
    /// Of the newest leaf.
    last: Option<StateRecord>,
    /// Batches after which a segment of an epoch ends.
    ends: Vec<u64>,
    /// Batches done in the epoch in progress, and the leaves of its segments.
    batch: u64,
    leaves: Vec<Fr>,
}

impl<T: Commit> Committed<T> {
    /// Commits to what `inner` does for `job`, whose transcript was opened with `opening`.
    ///
    /// # Errors
    /// [`TrainError::Context`].
    pub fn new(job: &Job, inner: T, opening: &Opening) -> Result<Self, TrainError> {
        let Opening {
            circuit,
            dataset,
            initial,
            ..
        } = *opening;
        let batches = job.batches(1).len() as u64;
        let [context, dataset, initial] =
            [job.binding.context.0, dataset, initial].map(|word| from_word(&word));
        Ok(Self {
            inner,
            circuit,
            transcript: Transcript::new(circuit.circuit, context?, dataset?, initial?),
            last: None,
            ends: segment_ends(batches, circuit.circuit.steps()).collect(),
            batch: 0,
            leaves: Vec::new(),
        })
    }

    /// The transcript as others read it.
    pub fn record(&self) -> TranscriptRecord {
        TranscriptRecord {
            last: self.last,
            ..write_record(self.circuit, &self.transcript)
        }
    }

    /// The backend.
    pub fn inner(&self) -> &T {
        &self.inner
    }
}

impl<T: Commit> Trainer for Committed<T> {
    fn device(&self) -> String {
        self.inner.device()
    }

    fn threads(&self) -> u32 {
        self.inner.threads()
    }

    fn step(&mut self, rows: &[u32], lr: f64, seed: u64) -> Result<(), TrainError> {
        self.inner.step(rows, lr, seed)?;
        self.batch += 1;
        if self.ends.get(self.leaves.len()) == Some(&self.batch) {
            let at = Position {
                epoch: self.transcript.epochs().len() as u32 + 1,
                batch: self.batch,
                seed,
            };
            let leaf = self.inner.leaf(at)?;
            self.leaves.push(leaf.commitment());
            self.last = leaf.record();
        }
        Ok(())
    }

    fn tally(&mut self) -> Result<Tally, TrainError> {
        self.inner.tally()
    }

    fn set_tally(&mut self, tally: Tally) -> Result<(), TrainError> {
        self.inner.set_tally(tally)
    }

    fn evaluate(&mut self, rows: &[u32]) -> Result<Tally, TrainError> {
        self.inner.evaluate(rows)
    }

    fn weights(&mut self) -> Result<Vec<u8>, TrainError> {
        self.inner.weights()
    }

    fn commit_epoch(
        &mut self,
        results: [f64; 4],
        now: u64,
    ) -> Result<Option<EpochHead>, TrainError> {
        // A clock that was set back must not end the job.
        let before = self.transcript.epochs().last().map_or(0, |e| e.time);
        let ended_at = now.max(before);
        let mut leaves = std::mem::take(&mut self.leaves);
        // An epoch with fewer segments than the circuit has leaves repeats its last.
        if let Some(last) = leaves.last().copied() {
            leaves.resize(self.circuit.circuit.steps() as usize, last);
        }
        self.batch = 0;
        let metrics = commit_metrics(&results);
        let head = self.transcript.push(leaves, metrics, ended_at)?;
        Ok(Some(EpochHead {
            head: Digest(to_word(head)),
            ended_at,
        }))
    }

    fn transcript(&self) -> Option<Vec<u8>> {
        Some(serde_json::to_vec(&self.record()).expect("a record has string keys"))
    }

    fn state(&mut self) -> Result<Vec<u8>, TrainError> {
        let header = State {
            transcript: self.record(),
            batch: self.batch,
            leaves: self.leaves.iter().map(|l| Digest(to_word(*l))).collect(),
        };
        let header = serde_json::to_vec(&header).expect("a state has string keys");
        let length = (header.len() as u64).to_le_bytes();
        Ok([&length[..], &header, &self.inner.state()?].concat())
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        let (state, inner) = State::split(bytes).ok_or("cannot be read")?;
        let (ours, found) = (self.record(), &state.transcript);
        if (&ours.circuit, ours.context, ours.dataset, ours.initial)
            != (&found.circuit, found.context, found.dataset, found.initial)
        {
            return Err("is bound to another escrow, node or dataset".to_owned());
        }
        let transcript = read_record(found).map_err(|e| e.to_string())?;
        let leaves = state.leaves.iter().map(|word| from_word(&word.0));
        let leaves = leaves.collect::<Result<_, NotCanonical>>();
        let leaves = leaves.map_err(|e| e.to_string())?;
        self.inner.restore(inner)?;
        (self.transcript, self.last) = (transcript, found.last);
        (self.batch, self.leaves) = (state.batch, leaves);
        Ok(())
    }
}

/// What a committed run goes on from besides its backend's state: JSON before it, preceded by its
/// length.
#[derive(Serialize, Deserialize)]
struct State {
    transcript: TranscriptRecord,
    /// Of the epoch in progress.
    batch: u64,
    leaves: Vec<Digest>,
}

impl State {
    /// The state and the backend's own.
    fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (length, rest) = bytes.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (header, inner) = rest.split_at_checked(length)?;
        Some((serde_json::from_slice(header).ok()?, inner))
    }
}
