//! IntSGD-v1: a linear classifier trained in integers, each step of it committed to, so that a proof
//! can recompute any of them bit by bit.

mod floats;
mod integers;
mod rows;
mod state;

use std::rc::Rc;

use cyxwiz_domain::{
    Digest,
    dataset::Table,
    spec::IntegerTraining,
    training::{EpochRecord, TranscriptRecord},
};
use cyxwiz_proof::{
    commitment::commit_metrics,
    field::{Fr, from_word, to_word},
    intsgd::{Batch, Dataset, Weights},
    transcript::Transcript,
};
use tch::{Device, Tensor};

use crate::{
    Job, Tally, TrainError, Trainer,
    torch::{device_name, tensors},
};
use floats::Floats;
use integers::Integers;
use rows::Rows;
use state::State;

/// What integers are computed with; the bits are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Exact {
    /// Integers on the CPU, floats on CUDA.
    #[default]
    Auto,
    /// 64-bit integers, on the CPU.
    Integers,
    /// libtorch's 64-bit floats, on any device: exact as long as all sums stay below 2^53.
    Floats,
}

/// Weights, and a way to move them.
trait Arithmetic {
    /// Scores of rows, units of 2^-35, one per class.
    fn scores(&mut self, rows: &[u32]) -> Result<Vec<i64>, TrainError>;

    /// One step on a batch; returns the scores before it.
    fn step(&mut self, rows: &[u32]) -> Result<Vec<i64>, TrainError>;

    fn weights(&mut self) -> Result<Weights, TrainError>;

    fn set_weights(&mut self, weights: Weights) -> Result<(), TrainError>;
}

/// Trains a job in integers, and keeps the transcript of it.
pub struct IntSgdTrainer {
    integers: IntegerTraining,
    rows: Rc<Rows>,
    arithmetic: Box<dyn Arithmetic>,
    device: Device,
    threads: u32,
    /// Name of the weights in the state dictionary.
    name: String,
    transcript: Transcript,
    /// Commitments of the epoch in progress.
    leaves: Vec<Fr>,
    tally: Tally,
}

impl IntSgdTrainer {
    /// Reads the rows as integers and starts from weights of zero.
    ///
    /// # Errors
    /// [`TrainError::Batch`] and [`TrainError::Batches`] for rows that the circuit does not take, and
    /// libtorch's own.
    pub fn new(
        job: &Job,
        integers: IntegerTraining,
        table: &Table,
        exact: Exact,
        device: Device,
        threads: u32,
    ) -> Result<Self, TrainError> {
        let training = integers.training;
        let rows = Rc::new(Rows::of(table, training));
        let weights = Weights::zero(&training);
        let batches: Vec<Batch> = job
            .fixed_batches()
            .map(|batch| rows.batch(batch))
            .collect::<Result<_, _>>()?;
        let dataset = Dataset::new(&training, batches)?;
        let context = from_word(&job.binding.context.0)?;
        let floats = match exact {
            Exact::Auto => device.is_cuda(),
            Exact::Integers => false,
            Exact::Floats => true,
        };
        let device = if floats { device } else { Device::Cpu };
        let arithmetic: Box<dyn Arithmetic> = match floats {
            false => Box::new(Integers::new(Rc::clone(&rows), integers.rate)),
            true => {
                tch::set_num_threads(i32::try_from(threads.max(1)).unwrap_or(1));
                Box::new(Floats::new(&rows, integers.rate, device)?)
            }
        };
        let plan = job.spec.plan()?;
        let name = plan.walk().flat_map(|layer| &layer.parameters).next();
        Ok(Self {
            integers,
            rows,
            arithmetic,
            device,
            threads,
            name: name.map(|p| p.name.clone()).unwrap_or_default(),
            transcript: Transcript::new(
                integers.circuit,
                context,
                dataset.root(),
                weights.commitment(),
            ),
            leaves: Vec::new(),
            tally: Tally::default(),
        })
    }

    /// The transcript as others read it.
    pub fn record(&self) -> TranscriptRecord {
        let word = |element| Digest(to_word(element));
        let epochs = self.transcript.epochs().iter().map(|epoch| EpochRecord {
            leaves: epoch.leaves.iter().copied().map(word).collect(),
            metrics: word(epoch.metrics),
            time: epoch.time,
            head: word(epoch.head),
        });
        TranscriptRecord {
            circuit: self.integers.name.to_owned(),
            context: word(self.transcript.context()),
            dataset: word(self.transcript.dataset()),
            initial: word(self.transcript.initial()),
            epochs: epochs.collect(),
        }
    }
}

impl Trainer for IntSgdTrainer {
    fn device(&self) -> String {
        device_name(self.device)
    }

    fn threads(&self) -> u32 {
        self.threads
    }

    fn step(&mut self, rows: &[u32], _lr: f64, _seed: u64) -> Result<(), TrainError> {
        let scores = self.arithmetic.step(rows)?;
        self.rows.count(rows, &scores, &mut self.tally);
        self.leaves.push(self.arithmetic.weights()?.commitment());
        Ok(())
    }

    fn tally(&mut self) -> Result<Tally, TrainError> {
        Ok(self.tally)
    }

    fn set_tally(&mut self, tally: Tally) -> Result<(), TrainError> {
        self.tally = tally;
        Ok(())
    }

    fn evaluate(&mut self, rows: &[u32]) -> Result<Tally, TrainError> {
        let mut tally = Tally::default();
        let scores = self.arithmetic.scores(rows)?;
        self.rows.count(rows, &scores, &mut tally);
        Ok(tally)
    }

    fn commit_epoch(&mut self, results: [f64; 4], now: u64) -> Result<Option<Digest>, TrainError> {
        // A clock that was set back must not end the job.
        let before = self.transcript.epochs().last().map_or(0, |e| e.time);
        let leaves = std::mem::take(&mut self.leaves);
        let metrics = commit_metrics(&results);
        let head = self.transcript.push(leaves, metrics, now.max(before))?;
        Ok(Some(Digest(to_word(head))))
    }

    fn transcript(&self) -> Option<Vec<u8>> {
        Some(serde_json::to_vec(&self.record()).expect("a record has string keys"))
    }

    /// The weights as floats under PyTorch's name, and as the integers that the proof commits to.
    fn weights(&mut self) -> Result<Vec<u8>, TrainError> {
        let weights = self.arithmetic.weights()?;
        let [inputs, outputs] = self.rows.dims();
        let floats = Tensor::f_from_slice(&weights.to_f32())?.f_view([inputs, outputs])?;
        let integers = Tensor::f_from_slice(weights.values())?.f_view([inputs, outputs])?;
        tensors::write(&[
            (self.name.clone(), floats.f_transpose(0, 1)?),
            ("int_sgd.weights".to_owned(), integers),
        ])
    }

    fn state(&mut self) -> Result<Vec<u8>, TrainError> {
        let state = State {
            weights: self.arithmetic.weights()?.values().to_vec(),
            leaves: self.leaves.iter().map(|l| Digest(to_word(*l))).collect(),
            transcript: self.record(),
        };
        Ok(serde_json::to_vec(&state).expect("a state has string keys"))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        let state = State::read(bytes)?;
        let (transcript, leaves) = state.continue_from(&self.record(), &self.transcript)?;
        let weights = Weights::new(&self.integers.training, state.weights);
        let weights = weights.map_err(|error| error.to_string())?;
        let restored = self.arithmetic.set_weights(weights);
        restored.map_err(|error| error.to_string())?;
        (self.transcript, self.leaves) = (transcript, leaves);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
