//! PyTorch's optimisers over one row of numbers. libtorch has them too, but tch
//! does not show their state, and a run that cannot save it cannot be resumed.

use cyxwiz_domain::spec::OptimizerSpec;
use tch::{Kind, TchError, Tensor};

/// An optimiser and what it remembers. Used without gradient tracking.
pub(super) struct Optimizer {
    spec: OptimizerSpec,
    /// Steps done, one number; a tensor so that it is saved with the rest.
    steps: Tensor,
    memory: Vec<Tensor>,
}

impl Optimizer {
    pub fn new(spec: &OptimizerSpec, values: &Tensor) -> Result<Self, TchError> {
        let memory = (0..spec.slots()).map(|_| values.f_zeros_like());
        Ok(Self {
            spec: spec.clone(),
            steps: Tensor::f_zeros([1], (Kind::Int64, tch::Device::Cpu))?,
            memory: memory.collect::<Result<_, _>>()?,
        })
    }

    /// What it remembers, by name.
    pub fn slots(&self) -> Vec<(String, Tensor)> {
        let named =
            |(i, tensor): (usize, &Tensor)| (format!("optimizer.{i}"), tensor.shallow_clone());
        let mut slots: Vec<_> = self.memory.iter().enumerate().map(named).collect();
        slots.push(("optimizer.steps".to_owned(), self.steps.shallow_clone()));
        slots
    }

    /// Moves `values` against `gradients`, which it may use up.
    pub fn step(
        &mut self,
        values: &mut Tensor,
        gradients: &Tensor,
        lr: f64,
    ) -> Result<(), TchError> {
        let _ = self.steps.f_add_scalar_(1)?;
        let steps = self.steps.f_int64_value(&[0])?;
        let mut gradients = gradients.shallow_clone();
        match (&self.spec, self.memory.as_mut_slice()) {
            (&OptimizerSpec::Sgd { weight_decay, .. }, []) => {
                decay(&mut gradients, values, weight_decay)?;
                add_scaled(values, &gradients, -lr)
            }
            (
                &OptimizerSpec::Sgd {
                    momentum,
                    nesterov,
                    weight_decay,
                    ..
                },
                [velocity],
            ) => {
                decay(&mut gradients, values, weight_decay)?;
                // The first step's velocity is the gradient itself, as zeros give.
                let _ = velocity.f_mul_scalar_(momentum)?.f_add_(&gradients)?;
                if nesterov {
                    add_scaled(&mut gradients, velocity, momentum)?;
                    add_scaled(values, &gradients, -lr)
                } else {
                    add_scaled(values, velocity, -lr)
                }
            }
            (
                &OptimizerSpec::Adam {
                    betas,
                    eps,
                    weight_decay,
                    ..
                },
                [mean, square],
            ) => {
                decay(&mut gradients, values, weight_decay)?;
                adam(values, &gradients, mean, square, steps, betas, eps, lr)
            }
            (
                &OptimizerSpec::Adamw {
                    betas,
                    eps,
                    weight_decay,
                    ..
                },
                [mean, square],
            ) => {
                let _ = values.f_mul_scalar_(1.0 - lr * weight_decay)?;
                adam(values, &gradients, mean, square, steps, betas, eps, lr)
            }
            (
                &OptimizerSpec::Rmsprop {
                    alpha,
                    eps,
                    momentum,
                    weight_decay,
                    ..
                },
                [square, velocity @ ..],
            ) => {
                decay(&mut gradients, values, weight_decay)?;
                track(square, &gradients.f_square()?, alpha)?;
                let root = square.f_sqrt()?.f_add_scalar_(eps)?;
                let step = gradients.f_div(&root)?;
                match velocity {
                    [velocity] => {
                        let _ = velocity.f_mul_scalar_(momentum)?.f_add_(&step)?;
                        add_scaled(values, velocity, -lr)
                    }
                    _ => add_scaled(values, &step, -lr),
                }
            }
            _ => unreachable!(
                "`slots` of the spec made the memory, and integers have a trainer of their own"
            ),
        }
    }
}

/// The L2 penalty's share of the gradient.
fn decay(gradients: &mut Tensor, values: &Tensor, weight_decay: f64) -> Result<(), TchError> {
    match weight_decay {
        0.0 => Ok(()),
        share => add_scaled(gradients, values, share),
    }
}

#[allow(clippy::too_many_arguments, reason = "the formula has these terms")]
fn adam(
    values: &mut Tensor,
    gradients: &Tensor,
    mean: &mut Tensor,
    square: &mut Tensor,
    steps: i64,
    [beta1, beta2]: [f64; 2],
    eps: f64,
    lr: f64,
) -> Result<(), TchError> {
    track(mean, gradients, beta1)?;
    track(square, &gradients.f_square()?, beta2)?;
    // Both means start at zero; the corrections undo that.
    let steps = steps as f64;
    let (correction1, correction2) = (1.0 - beta1.powf(steps), 1.0 - beta2.powf(steps));
    let mut root = square.f_sqrt()?;
    let root = root.f_div_scalar_(correction2.sqrt())?.f_add_scalar_(eps)?;
    add_scaled(values, &mean.f_div(&root)?, -lr / correction1)
}

/// `mean = beta mean + (1 - beta) sample`.
fn track(mean: &mut Tensor, sample: &Tensor, beta: f64) -> Result<(), TchError> {
    mean.f_lerp_(sample, 1.0 - beta).map(drop)
}

/// `target += factor source`.
fn add_scaled(target: &mut Tensor, source: &Tensor, factor: f64) -> Result<(), TchError> {
    target.f_add_(&source.f_mul_scalar(factor)?).map(drop)
}
