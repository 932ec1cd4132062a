//! The rule in libtorch's 64-bit floats. Every number is an integer below 2^53, and so is every sum
//! of them, hence nothing is ever rounded: any order of summation, on any device, gives the same bits.

use cyxwiz_proof::intsgd::{Diverged, Weights};
use cyxwiz_statement::Training;
use tch::{Device, Kind, TchError, Tensor};

use super::{Arithmetic, Rows};
use crate::TrainError;

/// Integers below this are exact.
const EXACT: f64 = (1_u64 << 53) as f64;
/// Units of an activation in those of a score.
const SHIFT: f64 = (1_u64 << 27) as f64;
/// The activation 1.
const ONE: f64 = 1024.0;
/// Targets of a row's own class and of the others.
const TARGETS: [f64; 2] = [960.0, 64.0];
/// Scores, moved by half an activation, fit 50 bits.
const SCORES: std::ops::Range<f64> = {
    let (half, offset) = ((1_u64 << 49) as f64, (1_u64 << 36) as f64);
    -half - offset..half - offset
};

pub(super) struct Floats {
    training: Training,
    rate: f64,
    device: Device,
    /// `[rows, inputs]`, units of 2^-7.
    features: Tensor,
    /// `[rows, outputs]`, units of 2^-10.
    targets: Tensor,
    /// `[inputs, outputs]`, units of 2^-28.
    weights: Tensor,
}

impl Floats {
    pub fn new(rows: &Rows, rate: u16, device: Device) -> Result<Self, TchError> {
        let training = *rows.training();
        let [inputs, outputs] = [training.inputs, training.outputs].map(i64::from);
        let count = rows.classes().len() as i64;
        let features = Tensor::f_from_slice(rows.features())?.f_view([count, inputs])?;
        let classes: Vec<i64> = rows.classes().iter().map(|c| i64::from(*c)).collect();
        let own = Tensor::f_from_slice(&classes)?.f_view([count, 1])?;
        let [on, off] = TARGETS;
        let targets = Tensor::f_full([count, outputs], off, (Kind::Double, Device::Cpu))?;
        Ok(Self {
            training,
            rate: f64::from(rate),
            device,
            features: features.f_to_kind(Kind::Double)?.f_to_device(device)?,
            targets: targets.f_scatter_value(1, &own, on)?.f_to_device(device)?,
            weights: Tensor::f_zeros([inputs, outputs], (Kind::Double, device))?,
        })
    }

    fn select(&self, rows: &[u32]) -> Result<Tensor, TchError> {
        let rows: Vec<i64> = rows.iter().map(|row| i64::from(*row)).collect();
        Tensor::f_from_slice(&rows)?.f_to_device(self.device)
    }

    /// Whether sums over a row stay exact: inputs·128·max|W| < 2^53.
    fn guard(&self) -> Result<(), TrainError> {
        let flat = self.weights.f_view([-1])?;
        let largest = flat
            .f_abs()?
            .f_argmax(None::<i64>, false)?
            .f_int64_value(&[])?;
        let largest = flat.f_double_value(&[largest])?;
        let sum = f64::from(self.training.inputs) * 128.0 * largest.abs();
        match sum < EXACT {
            true => Ok(()),
            false => Err(Diverged::Weights(largest as i64).into()),
        }
    }

    /// Scores of features, `[rows, outputs]`.
    fn forward(&self, features: &Tensor) -> Result<Tensor, TrainError> {
        self.guard()?;
        let scores = features.f_matmul(&self.weights)?;
        for end in [scores.f_min()?, scores.f_max()?] {
            let end = end.f_double_value(&[])?;
            if !SCORES.contains(&end) {
                return Err(Diverged::Preactivation(end as i64).into());
            }
        }
        Ok(scores)
    }
}

fn integers(tensor: &Tensor) -> Result<Vec<i64>, TchError> {
    let flat = tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Int64)?;
    Vec::try_from(flat.f_contiguous()?.f_view([-1])?)
}

impl Arithmetic for Floats {
    fn scores(&mut self, rows: &[u32]) -> Result<Vec<i64>, TrainError> {
        let features = self.features.f_index_select(0, &self.select(rows)?)?;
        Ok(integers(&self.forward(&features)?)?)
    }

    fn step(&mut self, rows: &[u32]) -> Result<Vec<i64>, TrainError> {
        let rows = self.select(rows)?;
        let features = self.features.f_index_select(0, &rows)?;
        let targets = self.targets.f_index_select(0, &rows)?;
        let scores = self.forward(&features)?;
        // Dividing by a power of two is exact.
        let activations = scores.f_div_scalar(SHIFT)?.f_floor()?;
        let activations = activations.f_add_scalar(ONE / 2.0)?.f_clamp(0.0, ONE)?;
        let errors = activations.f_sub(&targets)?;
        let gradient = features.f_transpose(0, 1)?.f_matmul(&errors)?;
        self.weights = self.weights.f_sub(&gradient.f_mul_scalar(self.rate)?)?;
        self.guard()?;
        Ok(integers(&scores)?)
    }

    fn weights(&mut self) -> Result<Weights, TrainError> {
        let weights = Weights::new(&self.training, integers(&self.weights)?);
        Ok(weights.expect("the guard keeps weights below 2^46"))
    }

    fn set_weights(&mut self, weights: Weights) -> Result<(), TrainError> {
        let values: Vec<f64> = weights.values().iter().map(|w| *w as f64).collect();
        let values = Tensor::f_from_slice(&values)?.f_view_as(&self.weights)?;
        self.weights = values.f_to_device(self.device)?;
        Ok(())
    }
}
