//! The record of a training run: a hash chain over its epochs, each with the commitments of all its
//! steps, so that everything is fixed before anyone knows what will be examined.
//!
//! H_0 = Poseidon(context, dataset, initial, 7), H_E = Poseidon(H_{E−1}, S_E, metrics_E, time_E),
//! where S_E is the Merkle root over the leaves of epoch E. The root over all H_E goes on the chain.

mod bisection;
mod statement;

use cyxwiz_statement::Circuit;

use crate::{commitment::MerkleTree, field::Fr, poseidon};

pub use bisection::bisect;
pub use statement::public_input;

/// The last word of H_0: 7 tells it from the chain's later hashes, whose fourth word is a Unix time.
pub(crate) const GENESIS: u64 = 7;

/// Bits of the time between two epochs: 194 days, more than any job may take.
pub(crate) const TIME_BITS: usize = 24;

/// One epoch of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    /// The commitments of its steps or segments, 2^step_bits of them.
    pub leaves: Vec<Fr>,
    /// S_E: the Merkle root over the leaves.
    pub steps_root: Fr,
    /// What the node claims of loss and accuracy
    /// ([`commit_metrics`](crate::commitment::commit_metrics)).
    pub metrics: Fr,
    /// When it ended by the node's clock, Unix time in seconds.
    pub time: u64,
    /// H_E.
    pub head: Fr,
}

/// The transcript of a run, complete or under way.
#[derive(Debug, Clone)]
pub struct Transcript {
    circuit: Circuit,
    context: Fr,
    dataset: Fr,
    initial: Fr,
    genesis: Fr,
    epochs: Vec<Epoch>,
}

/// What a transcript cannot take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TranscriptError {
    /// All epochs of the circuit are used.
    #[error("the circuit has room for {0} epochs; choose a larger circuit when creating the job")]
    Full(u16),
    /// Not 2^step_bits leaves.
    #[error(
        "an epoch has {given} leaves where the circuit takes {wanted}; repeat the last leaf where there are fewer segments"
    )]
    Leaves {
        /// Leaves given.
        given: usize,
        /// 2^step_bits.
        wanted: usize,
    },
    /// An epoch ended before the one before it, or more than 194 days after.
    #[error("an epoch that ended at {now} cannot follow one that ended at {before} (Unix time)")]
    Time {
        /// The end of the epoch before.
        before: u64,
        /// The end given.
        now: u64,
    },
}

impl Transcript {
    /// The empty transcript of a job: its context word
    /// ([`Context`](cyxwiz_statement::Context)), dataset root and commitment of the first weights.
    pub fn new(circuit: Circuit, context: Fr, dataset: Fr, initial: Fr) -> Self {
        Self {
            circuit,
            context,
            dataset,
            initial,
            genesis: poseidon::hash(&[context, dataset, initial, Fr::from(GENESIS)]),
            epochs: Vec::new(),
        }
    }

    /// Adds an epoch; returns H_E, which belongs to the coordinator before the next epoch starts.
    pub fn push(&mut self, leaves: Vec<Fr>, metrics: Fr, time: u64) -> Result<Fr, TranscriptError> {
        if self.epochs.len() == usize::from(self.circuit.epochs) {
            return Err(TranscriptError::Full(self.circuit.epochs));
        }
        let (given, wanted) = (leaves.len(), self.circuit.steps() as usize);
        if given != wanted {
            return Err(TranscriptError::Leaves { given, wanted });
        }
        let before = self.epochs.last().map_or(time, |epoch| epoch.time);
        let passed = time.checked_sub(before);
        if passed.is_none_or(|seconds| seconds >> TIME_BITS != 0) {
            return Err(TranscriptError::Time { before, now: time });
        }
        let tree = MerkleTree::new(usize::from(self.circuit.step_bits), leaves);
        let steps_root = tree.root();
        let head = poseidon::hash(&[self.head(), steps_root, metrics, Fr::from(time)]);
        self.epochs.push(Epoch {
            leaves: tree.leaves().to_vec(),
            steps_root,
            metrics,
            time,
            head,
        });
        Ok(head)
    }

    /// The hash chain's head: H_0 while there is no epoch.
    pub fn head(&self) -> Fr {
        self.epochs.last().map_or(self.genesis, |epoch| epoch.head)
    }

    /// The epochs so far.
    pub fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    /// The circuit's dimensions.
    pub fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// The context word.
    pub fn context(&self) -> Fr {
        self.context
    }

    /// The dataset's root.
    pub fn dataset(&self) -> Fr {
        self.dataset
    }

    /// The commitment of the first weights.
    pub fn initial(&self) -> Fr {
        self.initial
    }

    /// The commitment of the last weights: the last leaf. The first weights' while there is no epoch.
    pub fn trained(&self) -> Fr {
        let last = self.epochs.last().and_then(|epoch| epoch.leaves.last());
        last.copied().unwrap_or(self.initial)
    }

    /// The Merkle root over H_1 …, missing epochs 0.
    pub fn root(&self) -> Fr {
        let heads = self.epochs.iter().map(|epoch| epoch.head).collect();
        MerkleTree::new(epochs_depth(&self.circuit), heads).root()
    }

    /// The tree over the leaves of an epoch (from 1).
    pub(crate) fn steps_tree(&self, epoch: u16) -> Option<MerkleTree> {
        let epoch = self.epochs.get(usize::from(epoch).checked_sub(1)?)?;
        let depth = usize::from(self.circuit.step_bits);
        Some(MerkleTree::new(depth, epoch.leaves.clone()))
    }
}

/// The depth of the tree over the chain.
pub(crate) fn epochs_depth(circuit: &Circuit) -> usize {
    usize::from(circuit.epochs).next_power_of_two().ilog2() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript() -> Transcript {
        let word = Fr::from(1_u64);
        Transcript::new(Circuit::transcript(3, 1), word, word, word)
    }

    fn leaves(first: u64) -> Vec<Fr> {
        vec![Fr::from(first), Fr::from(first + 1)]
    }

    #[test]
    fn everything_moves_the_chain() {
        let push = |first, metrics: u64, time| {
            let mut transcript = transcript();
            transcript
                .push(leaves(first), Fr::from(metrics), time)
                .unwrap()
        };
        let heads = [push(1, 1, 1), push(2, 1, 1), push(1, 2, 1), push(1, 1, 2)];
        let mut unique = heads.to_vec();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), heads.len());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut transcript = transcript();
        let metrics = Fr::from(0_u64);
        assert_eq!(transcript.trained(), Fr::from(1_u64));
        transcript.push(leaves(5), metrics, 100).unwrap();
        assert_eq!(transcript.trained(), Fr::from(6_u64));
        let push = |transcript: &mut Transcript, leaves, time| {
            transcript.push(leaves, metrics, time).map(|_| ())
        };
        let time = |now| Err(TranscriptError::Time { before: 100, now });
        assert_eq!(push(&mut transcript, leaves(1), 99), time(99));
        let late = 100 + (1 << TIME_BITS);
        assert_eq!(push(&mut transcript, leaves(1), late), time(late));
        let short = TranscriptError::Leaves {
            given: 1,
            wanted: 2,
        };
        assert_eq!(
            push(&mut transcript, vec![Fr::from(1_u64)], 100),
            Err(short)
        );
        push(&mut transcript, leaves(7), 100).unwrap();
        push(&mut transcript, leaves(9), late - 1).unwrap();
        let full = Err(TranscriptError::Full(3));
        assert_eq!(push(&mut transcript, leaves(1), late), full);
    }
}
