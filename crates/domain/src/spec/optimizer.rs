//! How weights and learning rate move.

use serde::{Deserialize, Serialize};

/// The optimiser, with PyTorch's meaning of each number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum OptimizerSpec {
    /// Stochastic gradient descent.
    Sgd {
        /// Learning rate.
        lr: f64,
        /// Share of the last step that goes on; 0 for none.
        #[serde(default)]
        momentum: f64,
        /// Nesterov's form of momentum.
        #[serde(default)]
        nesterov: bool,
        /// L2 penalty.
        #[serde(default)]
        weight_decay: f64,
    },
    /// Adam.
    Adam {
        /// Learning rate.
        lr: f64,
        /// Decay of the two running means.
        #[serde(default = "betas")]
        betas: [f64; 2],
        /// Added to the root.
        #[serde(default = "epsilon")]
        eps: f64,
        /// L2 penalty.
        #[serde(default)]
        weight_decay: f64,
    },
    /// Adam with weight decay apart from the gradient.
    Adamw {
        /// Learning rate.
        lr: f64,
        /// Decay of the two running means.
        #[serde(default = "betas")]
        betas: [f64; 2],
        /// Added to the root.
        #[serde(default = "epsilon")]
        eps: f64,
        /// Share of the weights lost per step, times the learning rate.
        #[serde(default = "hundredth")]
        weight_decay: f64,
    },
    /// RMSprop.
    Rmsprop {
        /// Learning rate.
        lr: f64,
        /// Decay of the running mean of squares.
        #[serde(default = "alpha")]
        alpha: f64,
        /// Added to the root.
        #[serde(default = "epsilon")]
        eps: f64,
        /// Share of the last step that goes on; 0 for none.
        #[serde(default)]
        momentum: f64,
        /// L2 penalty.
        #[serde(default)]
        weight_decay: f64,
    },
    /// IntSGD-v1: plain stochastic gradient descent in integers, without rounding.
    IntSgd {
        /// Learning-rate numerator: the sum over a batch moves the weights by rate/2^11, its mean by
        /// rate·batch/2^11.
        rate: u16,
    },
}

fn betas() -> [f64; 2] {
    [0.9, 0.999]
}

fn epsilon() -> f64 {
    1e-8
}

fn hundredth() -> f64 {
    0.01
}

fn alpha() -> f64 {
    0.99
}

impl OptimizerSpec {
    /// Learning rate before the schedule.
    pub fn lr(&self) -> f64 {
        match *self {
            Self::Sgd { lr, .. }
            | Self::Adam { lr, .. }
            | Self::Adamw { lr, .. }
            | Self::Rmsprop { lr, .. } => lr,
            // Of the sum over a batch.
            Self::IntSgd { rate } => f64::from(rate) / 2048.0,
        }
    }

    /// Numbers kept per weight between steps.
    pub fn slots(&self) -> u64 {
        match *self {
            Self::Sgd { momentum, .. } => u64::from(momentum != 0.0),
            Self::Adam { .. } | Self::Adamw { .. } => 2,
            // Nothing, but a weight is as wide as two floats.
            Self::IntSgd { .. } => 1,
            Self::Rmsprop { momentum, .. } => 1 + u64::from(momentum != 0.0),
        }
    }
}

/// The learning rate over the epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// Always the same.
    Constant {},
    /// Multiplied by `gamma` after each `every` epochs.
    Step {
        /// Epochs between changes.
        every: u32,
        /// Factor of each change.
        gamma: f64,
    },
    /// Half a cosine from the optimiser's rate down to `min_lr`.
    Cosine {
        /// Rate that the last epoch approaches.
        #[serde(default)]
        min_lr: f64,
    },
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Constant {}
    }
}

impl Schedule {
    /// Learning rate in `epoch` (from 0) of `epochs`, starting from `base`.
    pub fn lr(&self, base: f64, epoch: u32, epochs: u32) -> f64 {
        match *self {
            Self::Constant {} => base,
            // `max(1)`: a spec that has not been validated must not divide by zero.
            Self::Step { every, gamma } => base * gamma.powf(f64::from(epoch / every.max(1))),
            Self::Cosine { min_lr } => {
                let done = f64::from(epoch) / f64::from(epochs.max(1));
                min_lr + 0.5 * (base - min_lr) * (1.0 + (std::f64::consts::PI * done).cos())
            }
        }
    }
}
