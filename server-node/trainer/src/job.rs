//! A job: its spec, its rows, and the order in which they are trained on.

use cyxwiz_domain::{
    Address, Digest,
    dataset::{Split, epoch_order},
    spec::{IntegerTraining, JobSpec, Layer},
};
use cyxwiz_proof::field::sha256;
use cyxwiz_statement::{BatchOrder, order_seed};

/// What is trained on what.
#[derive(Debug, Clone)]
pub struct Job {
    /// The spec.
    pub spec: JobSpec,
    /// Rows trained on and held out.
    pub split: Split,
    /// Root of the data's chunk manifest; 0 where nobody asks.
    pub dataset_root: Digest,
    /// Whose the run is. All zero where no proof is made of it.
    pub binding: Binding,
}

/// What binds a run's commitments to one job on the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Binding {
    /// The escrow, which decides the order of the batches.
    pub escrow: Address,
    /// The context word (`cyxwiz_statement::Context`), 32 bytes, big-endian.
    pub context: Digest,
}

impl Job {
    /// Splits `rows` rows as the spec says.
    pub fn new(spec: JobSpec, rows: usize, dataset_root: Digest) -> Self {
        Self {
            split: Split::of(&spec, rows),
            spec,
            dataset_root,
            binding: Binding::default(),
        }
    }

    /// The job, bound to its escrow.
    #[must_use]
    pub fn bound(self, binding: Binding) -> Self {
        Self { binding, ..self }
    }

    /// Rows of each step of `epoch` (from 1), in order.
    pub(crate) fn batches(&self, epoch: u32) -> Vec<Vec<u32>> {
        if let Some(integers) = self.spec.integer_training() {
            return self.proven_batches(&integers, epoch);
        }
        let order = epoch_order(&self.split.train, self.spec.job.seed, epoch);
        let size = self.spec.training.batch as usize;
        let mut batches: Vec<Vec<u32>> = order.chunks(size).map(<[u32]>::to_vec).collect();
        // The variance of a single row is zero, and normalising by it destroys
        // the model: such a rest joins the batch before it.
        if batches.len() > 1 && batches[batches.len() - 1].len() == 1 && self.normalises() {
            let rest = batches.pop().unwrap_or_default();
            batches.last_mut().expect("more than one").extend(rest);
        }
        batches
    }

    /// The order that the proof expects: fixed batches, of which the escrow chooses.
    fn proven_batches(&self, integers: &IntegerTraining, epoch: u32) -> Vec<Vec<u32>> {
        let size = self.spec.training.batch as usize;
        let batches: Vec<&[u32]> = self.split.train.chunks(size).collect();
        let seed = order_seed(&self.binding.escrow.0, sha256);
        let epoch = u16::try_from(epoch).expect("a circuit's epochs are counted in 16 bits");
        let order = BatchOrder::of_epoch(&seed, epoch, integers.training.batch_bits, sha256);
        let steps = u16::try_from(integers.circuit.steps()).expect("at most 2^15 steps");
        // Fewer batches than the tree has leaves are repeated.
        let batch = |step| batches[order.batch(step) as usize % batches.len()].to_vec();
        (0..steps).map(batch).collect()
    }

    fn normalises(&self) -> bool {
        let plan = self.spec.plan();
        let norm = |l: &Layer| matches!(l, Layer::BatchNorm1d { .. } | Layer::BatchNorm2d { .. });
        plan.is_ok_and(|plan| plan.walk().any(|l| norm(&l.layer)))
    }
}
