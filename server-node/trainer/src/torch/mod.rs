//! The libtorch backend.

mod flat;
mod model;
mod optimizer;
pub(crate) mod tensors;

use cyxwiz_domain::{
    dataset::Table,
    spec::{JobSpec, Layer, Loss, SpecError},
    training::SplitMix64,
};
use cyxwiz_proof::{commitment::SegmentState, field::sha256};
use tch::{Cuda, Device, Kind, Reduction, Tensor};

use crate::{Commit, Leaf, Position, Tally, TrainError, Trainer};
use flat::Flat;
use model::Model;
use optimizer::Optimizer;

/// Rows evaluated at once.
const EVALUATION_BATCH: usize = 1024;

/// Which device to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum DeviceChoice {
    /// CUDA where there is a device, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The first CUDA device.
    Cuda,
}

impl DeviceChoice {
    /// The device chosen.
    ///
    /// # Errors
    /// [`TrainError::NoCuda`].
    pub fn resolve(self) -> Result<Device, TrainError> {
        match (self, Cuda::is_available()) {
            (Self::Cpu, _) | (Self::Auto, false) => Ok(Device::Cpu),
            (Self::Cuda | Self::Auto, true) => Ok(Device::Cuda(0)),
            (Self::Cuda, false) => Err(TrainError::NoCuda),
        }
    }
}

/// Trains a spec's model in libtorch.
pub struct TorchTrainer {
    device: Device,
    threads: u32,
    loss: Loss,
    seeded: bool,
    features: Tensor,
    labels: Tensor,
    model: Model,
    parameters: Flat,
    optimizer: Optimizer,
    /// Loss and right answers, kept on the device so that no step waits for it.
    sums: Tensor,
    rows: u64,
}

impl TorchTrainer {
    /// Builds model and optimiser and puts the rows on the device. `threads` holds
    /// for the whole process: libtorch has one pool.
    ///
    /// # Errors
    /// [`TrainError::Spec`] for a model that does not fit together, and libtorch's
    /// own, mostly for want of memory.
    pub fn new(
        spec: &JobSpec,
        table: &Table,
        device: Device,
        threads: u32,
    ) -> Result<Self, TrainError> {
        if spec.training.loss == Loss::HardSigmoid {
            return Err(SpecError::Invalid {
                path: "training.loss".to_owned(),
                problem: "hard_sigmoid is trained in integers, by IntSgdTrainer".to_owned(),
            }
            .into());
        }
        tch::set_num_threads(i32::try_from(threads.max(1)).unwrap_or(1));
        if spec.job.deterministic {
            // The choice among algorithms by trial depends on timing.
            Cuda::cudnn_set_benchmark(false);
        }
        let plan = spec.plan()?;
        let parameters = Flat::new(&plan, u64::from(spec.job.seed), device)?;
        let model = Model::new(&plan, &parameters, device)?;
        let optimizer = Optimizer::new(&spec.optimizer, &parameters.values)?;

        let rows = to_i64(table.rows() as u64);
        let mut shape = vec![rows];
        shape.extend(spec.dataset.shape.iter().map(|&d| i64::from(d)));
        let first = spec.model.layers.first();
        let kind = match first {
            Some(Layer::Embedding { .. }) => Kind::Int64,
            _ => Kind::Float,
        };
        let features = Tensor::f_from_slice(&table.features)?.f_view(shape.as_slice())?;
        let labels = Tensor::f_from_slice(&table.labels)?;
        let labels = match spec.training.loss {
            Loss::CrossEntropy | Loss::HardSigmoid => labels.f_to_kind(Kind::Int64)?,
            Loss::Mse => labels.f_view([rows, 1])?,
        };
        Ok(Self {
            device,
            threads,
            loss: spec.training.loss,
            seeded: plan
                .walk()
                .any(|l| matches!(l.layer, Layer::Dropout { .. })),
            features: features.f_to_kind(kind)?.f_to_device(device)?,
            labels: labels.f_to_device(device)?,
            model,
            parameters,
            optimizer,
            sums: Tensor::f_zeros([2], (Kind::Double, device))?,
            rows: 0,
        })
    }

    fn batch(&self, rows: &[u32]) -> Result<(Tensor, Tensor), TrainError> {
        let rows: Vec<i64> = rows.iter().map(|&row| i64::from(row)).collect();
        let rows = Tensor::f_from_slice(&rows)?.f_to_device(self.device)?;
        let features = self.features.f_index_select(0, &rows)?;
        Ok((features, self.labels.f_index_select(0, &rows)?))
    }

    /// Mean loss of a batch.
    fn loss(&self, output: &Tensor, labels: &Tensor) -> Result<Tensor, TrainError> {
        Ok(match self.loss {
            Loss::CrossEntropy => {
                output.f_cross_entropy_loss::<Tensor>(labels, None, Reduction::Mean, -100, 0.0)?
            }
            Loss::Mse => output.f_mse_loss(labels, Reduction::Mean)?,
            Loss::HardSigmoid => unreachable!("`new` refuses training in integers"),
        })
    }

    /// What the user buys: parameters and running statistics.
    fn model_tensors(&self) -> Vec<(String, Tensor)> {
        let mut tensors = self.parameters.named();
        tensors.extend(self.model.buffers());
        tensors
    }

    /// What the next step depends on.
    fn state_tensors(&self) -> Vec<(String, Tensor)> {
        let mut tensors = self.model_tensors();
        tensors.extend(self.optimizer.slots());
        tensors
    }

    /// Summed loss and number of right answers of a batch, on the device.
    fn sums(&self, loss: &Tensor, output: &Tensor, labels: &Tensor) -> Result<Tensor, TrainError> {
        let rows = labels.size()[0] as f64;
        let loss = loss.f_detach()?.f_to_kind(Kind::Double)? * rows;
        let correct = match self.loss {
            Loss::CrossEntropy | Loss::HardSigmoid => output
                .f_argmax(-1, false)?
                .f_eq_tensor(labels)?
                .f_sum(Kind::Double)?,
            Loss::Mse => loss.f_zeros_like()?,
        };
        Ok(Tensor::f_stack(&[loss, correct], 0)?)
    }
}

impl Trainer for TorchTrainer {
    fn device(&self) -> String {
        device_name(self.device)
    }

    fn threads(&self) -> u32 {
        self.threads
    }

    fn step(&mut self, rows: &[u32], lr: f64, seed: u64) -> Result<(), TrainError> {
        if self.seeded {
            // A fresh seed per step: the position in libtorch's stream is then no
            // part of the state, and a resumed run draws what the first one drew.
            tch::manual_seed(SplitMix64::of(&["dropout"], &[seed]).next_u64() as i64);
        }
        let (features, labels) = self.batch(rows)?;
        let output = self.model.forward(&features, true)?;
        let loss = self.loss(&output, &labels)?;
        let gradients = self.parameters.gradients(&loss)?;
        let _guard = tch::no_grad_guard();
        self.optimizer
            .step(&mut self.parameters.values, &gradients, lr)?;
        let sums = self.sums(&loss, &output, &labels)?;
        let _ = self.sums.f_add_(&sums)?;
        self.rows += rows.len() as u64;
        Ok(())
    }

    fn tally(&mut self) -> Result<Tally, TrainError> {
        let sums = self.sums.f_to_device(Device::Cpu)?;
        Ok(Tally {
            loss: sums.f_double_value(&[0])?,
            correct: sums.f_double_value(&[1])? as u64,
            rows: self.rows,
        })
    }

    fn set_tally(&mut self, tally: Tally) -> Result<(), TrainError> {
        let sums = Tensor::f_from_slice(&[tally.loss, tally.correct as f64])?;
        self.sums = sums.f_to_device(self.device)?;
        self.rows = tally.rows;
        Ok(())
    }

    fn evaluate(&mut self, rows: &[u32]) -> Result<Tally, TrainError> {
        let _guard = tch::no_grad_guard();
        let mut total = Tensor::f_zeros([2], (Kind::Double, self.device))?;
        for rows in rows.chunks(EVALUATION_BATCH) {
            let (features, labels) = self.batch(rows)?;
            let output = self.model.forward(&features, false)?;
            let loss = self.loss(&output, &labels)?;
            let _ = total.f_add_(&self.sums(&loss, &output, &labels)?)?;
        }
        let total = total.f_to_device(Device::Cpu)?;
        Ok(Tally {
            loss: total.f_double_value(&[0])?,
            correct: total.f_double_value(&[1])? as u64,
            rows: rows.len() as u64,
        })
    }

    fn weights(&mut self) -> Result<Vec<u8>, TrainError> {
        tensors::write(&self.model_tensors())
    }

    fn state(&mut self) -> Result<Vec<u8>, TrainError> {
        tensors::write(&self.state_tensors())
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), String> {
        let _guard = tch::no_grad_guard();
        tensors::read_into(state, &mut self.state_tensors())
    }
}

impl Commit for TorchTrainer {
    fn leaf(&mut self, at: Position) -> Result<Leaf, TrainError> {
        let optimizer = tensors::write(&self.optimizer.slots())?;
        Ok(Leaf::State(SegmentState {
            weights: sha256(&[&self.weights()?]),
            optimizer: sha256(&[&optimizer]),
            // All that is random in a step follows from its seed.
            random: sha256(&[&at.seed.to_be_bytes()]),
            epoch: at.epoch,
            batch: at.batch,
        }))
    }
}

/// Like `cpu` or `cuda:0`.
pub(crate) fn device_name(device: Device) -> String {
    match device {
        Device::Cuda(index) => format!("cuda:{index}"),
        _ => "cpu".to_owned(),
    }
}

fn to_i64(value: u64) -> i64 {
    i64::try_from(value).expect("sizes are checked by the plan")
}

#[cfg(test)]
mod tests;
