//! IntSGD-v1: a linear classifier trained in integers, so that a proof can recompute any step of it
//! bit by bit.

mod floats;
mod integers;
mod score;

use std::rc::Rc;

use cyxwiz_domain::{
    dataset::Table,
    spec::{IntegerTraining, ModelPlan},
};
use cyxwiz_proof::{
    intsgd::Weights,
    job::{INTEGER_WEIGHTS, Rows},
};
use cyxwiz_statement::Training;
use tch::{Device, Tensor};

use crate::{
    Commit, Leaf, Position, Tally, TrainError, Trainer,
    torch::{device_name, tensors},
};
use floats::Floats;
use integers::Integers;
use score::count;

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

/// Trains a job in integers.
pub struct IntSgdTrainer {
    training: Training,
    rows: Rc<Rows>,
    arithmetic: Box<dyn Arithmetic>,
    device: Device,
    threads: u32,
    /// Name of the weights in the state dictionary.
    name: String,
    tally: Tally,
}

impl IntSgdTrainer {
    /// Reads the rows as integers and starts from weights of zero. `plan` is the job's model.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn new(
        plan: &ModelPlan,
        integers: IntegerTraining,
        table: &Table,
        exact: Exact,
        device: Device,
        threads: u32,
    ) -> Result<Self, TrainError> {
        let rows = Rc::new(Rows::of(table, integers.training));
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
        let name = plan.walk().flat_map(|layer| &layer.parameters).next();
        Ok(Self {
            training: integers.training,
            rows,
            arithmetic,
            device,
            threads,
            name: name.map(|p| p.name.clone()).unwrap_or_default(),
            tally: Tally::default(),
        })
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
        count(&self.rows, rows, &scores, &mut self.tally);
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
        count(&self.rows, rows, &scores, &mut tally);
        Ok(tally)
    }

    /// The weights as floats under PyTorch's name, and as the integers that the proof commits to.
    fn weights(&mut self) -> Result<Vec<u8>, TrainError> {
        let weights = self.arithmetic.weights()?;
        let [inputs, outputs] = [self.training.inputs, self.training.outputs].map(i64::from);
        let floats = Tensor::f_from_slice(&weights.to_f32())?.f_view([inputs, outputs])?;
        let integers = Tensor::f_from_slice(weights.values())?.f_view([inputs, outputs])?;
        tensors::write(&[
            (self.name.clone(), floats.f_transpose(0, 1)?),
            (INTEGER_WEIGHTS.to_owned(), integers),
        ])
    }

    fn state(&mut self) -> Result<Vec<u8>, TrainError> {
        let weights = self.arithmetic.weights()?;
        let bytes = weights.values().iter().flat_map(|w| w.to_le_bytes());
        Ok(bytes.collect())
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), String> {
        let (words, rest) = state.as_chunks::<8>();
        if !rest.is_empty() {
            return Err("does not hold 64-bit integers".to_owned());
        }
        let values = words.iter().map(|word| i64::from_le_bytes(*word)).collect();
        let weights = Weights::new(&self.training, values).map_err(|e| e.to_string())?;
        let restored = self.arithmetic.set_weights(weights);
        restored.map_err(|error| error.to_string())
    }
}

impl Commit for IntSgdTrainer {
    fn leaf(&mut self, _at: Position) -> Result<Leaf, TrainError> {
        Ok(Leaf::Weights(self.arithmetic.weights()?.commitment()))
    }
}

#[cfg(test)]
mod tests;
