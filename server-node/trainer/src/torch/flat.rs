//! All parameters in one tensor. The optimiser then moves a model of any number
//! of layers with a handful of operations, and its state is as easily saved.

use cyxwiz_domain::{
    spec::{Init, ModelPlan, ParameterPlan},
    training::SplitMix64,
};
use tch::{Device, Kind, Tensor};

use super::to_i64;
use crate::TrainError;

/// Parameters begin at multiples of this many numbers (64 bytes): libraries may
/// take another path, with other rounding, for data that is not aligned.
const ALIGNMENT: i64 = 16;

/// Parameters as one row of numbers, and as the tensors that the layers use.
pub(super) struct Flat {
    /// All parameters, one after the other, with zeros up to the alignment.
    pub values: Tensor,
    /// Views of `values` in the plan's order; the leaves of the gradient graph.
    pub leaves: Vec<Tensor>,
    names: Vec<String>,
    /// Zeros after each parameter, to line gradients up with `values`.
    padding: Vec<Option<Tensor>>,
}

impl Flat {
    /// Draws the parameters of `plan` from `seed`, without libtorch's generator.
    pub fn new(plan: &ModelPlan, seed: u64, device: Device) -> Result<Self, TrainError> {
        let parameters: Vec<&ParameterPlan> = plan.walk().flat_map(|l| &l.parameters).collect();
        let mut numbers: Vec<f32> = Vec::new();
        let mut places = Vec::with_capacity(parameters.len());
        for parameter in &parameters {
            let count = parameter.shape.iter().product::<u64>() as usize;
            places.push((to_i64(numbers.len() as u64), to_i64(count as u64)));
            draw(parameter, seed, count, &mut numbers);
            numbers.resize(numbers.len().next_multiple_of(ALIGNMENT as usize), 0.0);
        }
        let values = Tensor::f_from_slice(&numbers)?.f_to_device(device)?;
        let mut flat = Self {
            values,
            leaves: Vec::new(),
            names: Vec::new(),
            padding: Vec::new(),
        };
        for (parameter, (start, count)) in parameters.iter().zip(places) {
            let shape: Vec<i64> = parameter.shape.iter().map(|&d| to_i64(d)).collect();
            let view = flat
                .values
                .f_narrow(0, start, count)?
                .f_view(shape.as_slice())?;
            let leaf = view.f_detach()?.f_set_requires_grad(true)?;
            flat.leaves.push(leaf);
            flat.names.push(parameter.name.clone());
            let rest = (ALIGNMENT - count % ALIGNMENT) % ALIGNMENT;
            let zeros = || Tensor::f_zeros([rest], (Kind::Float, device));
            flat.padding.push((rest > 0).then(zeros).transpose()?);
        }
        Ok(flat)
    }

    /// Gradients of `loss`, laid out as `values`.
    pub fn gradients(&self, loss: &Tensor) -> Result<Tensor, TrainError> {
        let gradients = Tensor::f_run_backward(&[loss], &self.leaves, false, false)?;
        let mut row = Vec::with_capacity(2 * gradients.len());
        for (gradient, padding) in gradients.iter().zip(&self.padding) {
            row.push(gradient.f_reshape([-1])?);
            row.extend(padding.as_ref().map(Tensor::shallow_clone));
        }
        Ok(Tensor::f_cat(&row, 0)?)
    }

    /// Parameters by their names in the state dictionary.
    pub fn named(&self) -> Vec<(String, Tensor)> {
        let tensors = self.leaves.iter().map(Tensor::shallow_clone);
        self.names.iter().cloned().zip(tensors).collect()
    }
}

/// Each parameter has a stream of its own, so that a layer added at the end leaves
/// the others' start as it was.
fn draw(parameter: &ParameterPlan, seed: u64, count: usize, out: &mut Vec<f32>) {
    let mut random = SplitMix64::of(&["init", &parameter.name], &[seed]);
    out.extend((0..count).map(|_| match parameter.init {
        Init::Constant(value) => value as f32,
        Init::Uniform { bound } => ((2.0 * random.uniform() - 1.0) * bound) as f32,
        Init::Normal { std } => (random.normal() * std) as f32,
    }));
}
