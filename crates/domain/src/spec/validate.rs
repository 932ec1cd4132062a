//! What a spec must hold beyond its types.

use std::ops::RangeInclusive;

use super::{JobSpec, Layer, Loss, OptimizerSpec, Schedule, SpecError, shape::volume};

/// Most numbers a model may learn.
const MAX_PARAMETERS: u64 = 1 << 33;

impl JobSpec {
    /// Checks ranges, and that data, layers and loss fit each other, without
    /// looking at any data.
    ///
    /// # Errors
    /// [`SpecError::Invalid`] for the first thing that is wrong.
    pub fn validate(&self) -> Result<(), SpecError> {
        let name = self.job.name.chars().count();
        if !(1..=64).contains(&name) || self.job.name.chars().any(char::is_control) {
            return Err(SpecError::invalid(
                "job.name",
                "must be 1 to 64 printable characters",
            ));
        }
        whole("job.epochs", self.job.epochs, 1..=1_000_000)?;
        whole(
            "job.checkpoint_every",
            self.job.checkpoint_every,
            1..=1_000_000,
        )?;
        whole("training.batch", self.training.batch, 1..=65_536)?;
        self.validate_dataset()?;
        self.validate_optimizer()?;
        self.validate_layers(&self.model.layers, "model.layers")?;
        self.validate_model()?;
        self.validate_verification()
    }

    fn validate_dataset(&self) -> Result<(), SpecError> {
        let data = &self.dataset;
        let dims: Vec<u64> = data.shape.iter().map(|&d| u64::from(d)).collect();
        if !(1..=4).contains(&dims.len()) || dims.contains(&0) || volume(&dims) > 1 << 28 {
            let problem = "must be 1 to 4 sizes of at least 1, like [1, 8, 8]";
            return Err(SpecError::invalid("dataset.shape", problem));
        }
        if let Some(features) = &data.features
            && features.len() as u64 != data.sample_len()
        {
            let (named, needed) = (features.len(), data.sample_len());
            let problem =
                format!("names {named} columns, but `dataset.shape` holds {needed} numbers");
            return Err(SpecError::invalid("dataset.features", problem));
        }
        if !data.scale.is_normal() {
            let problem = "must be a number other than 0";
            return Err(SpecError::invalid("dataset.scale", problem));
        }
        real("dataset.split.test", data.split.test, 0.0..=0.9)
    }

    fn validate_optimizer(&self) -> Result<(), SpecError> {
        let at = |field: &str| format!("optimizer.{field}");
        let below_one = 0.0..=1.0 - f64::EPSILON;
        let positive = f64::MIN_POSITIVE..=1e6;
        if !matches!(self.optimizer, OptimizerSpec::IntSgd { .. }) {
            real(&at("lr"), self.optimizer.lr(), positive.clone())?;
        }
        match self.optimizer {
            OptimizerSpec::Sgd {
                momentum,
                nesterov,
                weight_decay,
                ..
            } => {
                real(&at("momentum"), momentum, below_one)?;
                real(&at("weight_decay"), weight_decay, 0.0..=1e6)?;
                if nesterov && momentum == 0.0 {
                    return Err(SpecError::invalid(
                        at("nesterov"),
                        "needs `momentum` above 0",
                    ));
                }
            }
            OptimizerSpec::Adam {
                betas,
                eps,
                weight_decay,
                ..
            }
            | OptimizerSpec::Adamw {
                betas,
                eps,
                weight_decay,
                ..
            } => {
                real(&at("betas[0]"), betas[0], below_one.clone())?;
                real(&at("betas[1]"), betas[1], below_one)?;
                real(&at("eps"), eps, positive)?;
                real(&at("weight_decay"), weight_decay, 0.0..=1e6)?;
            }
            OptimizerSpec::Rmsprop {
                alpha,
                eps,
                momentum,
                weight_decay,
                ..
            } => {
                real(&at("alpha"), alpha, below_one.clone())?;
                real(&at("momentum"), momentum, below_one)?;
                real(&at("eps"), eps, positive)?;
                real(&at("weight_decay"), weight_decay, 0.0..=1e6)?;
            }
            // With the circuit, whose numbers it depends on.
            OptimizerSpec::IntSgd { .. } => {}
        }
        match self.schedule {
            Schedule::Constant {} => Ok(()),
            Schedule::Step { every, gamma } => {
                whole("schedule.every", every, 1..=1_000_000)?;
                real("schedule.gamma", gamma, f64::MIN_POSITIVE..=10.0)
            }
            Schedule::Cosine { min_lr } => {
                real("schedule.min_lr", min_lr, 0.0..=self.optimizer.lr())
            }
        }
    }

    fn validate_layers(&self, layers: &[Layer], path: &str) -> Result<(), SpecError> {
        for (i, layer) in layers.iter().enumerate() {
            let path = format!("{path}[{i}]");
            let at = |field: &str| format!("{path}.{field}");
            match layer {
                Layer::Dropout { p } => real(&at("p"), *p, 0.0..=0.99)?,
                Layer::LeakyRelu { slope } => real(&at("slope"), *slope, 0.0..=1.0)?,
                Layer::LayerNorm { eps } => real(&at("eps"), *eps, 1e-12..=1.0)?,
                Layer::BatchNorm1d { eps, momentum } | Layer::BatchNorm2d { eps, momentum } => {
                    real(&at("eps"), *eps, 1e-12..=1.0)?;
                    real(&at("momentum"), *momentum, 0.0..=1.0)?;
                    if self.training.batch < 2 {
                        let problem = "batch normalisation needs `training.batch` of at least 2";
                        return Err(SpecError::invalid(path, problem));
                    }
                }
                Layer::Embedding { .. } if self.dataset.scale != 1.0 => {
                    let problem = "an embedding reads token numbers, so `dataset.scale` must be 1";
                    return Err(SpecError::invalid(path, problem));
                }
                Layer::Residual { layers } => self.validate_layers(layers, &at("layers"))?,
                _ => {}
            }
        }
        Ok(())
    }

    fn validate_model(&self) -> Result<(), SpecError> {
        let plan = self.plan()?;
        let output = &plan.output;
        match (self.training.loss, output.as_slice()) {
            (Loss::CrossEntropy | Loss::HardSigmoid, [2..=u64::MAX]) | (Loss::Mse, [1]) => {}
            (Loss::CrossEntropy | Loss::HardSigmoid, _) => {
                let loss = match self.training.loss {
                    Loss::HardSigmoid => "hard_sigmoid",
                    _ => "cross_entropy",
                };
                let problem = format!(
                    "{loss} needs one score per class as the last output, [2] or more, but the model gives {output:?}"
                );
                return Err(SpecError::invalid("training.loss", problem));
            }
            (Loss::Mse, _) => {
                let problem = format!(
                    "mse needs one number as the last output, [1], but the model gives {output:?}"
                );
                return Err(SpecError::invalid("training.loss", problem));
            }
        }
        let parameters = plan.parameter_count();
        if parameters == 0 {
            return Err(SpecError::invalid(
                "model.layers",
                "nothing in this model can learn",
            ));
        }
        if parameters > MAX_PARAMETERS {
            let problem = format!("{parameters} parameters; the most is {MAX_PARAMETERS}");
            return Err(SpecError::invalid("model.layers", problem));
        }
        let (memory, field, asked) = match self.resources.vram_mib {
            0 => (
                self.training_mib(),
                "resources.ram_mib",
                self.resources.ram_mib,
            ),
            vram => (self.training_mib(), "resources.vram_mib", vram),
        };
        if memory > u64::from(asked) {
            let problem = format!(
                "training takes about {memory} MiB, but the job asks for {asked}; ask for more, or make `training.batch` smaller"
            );
            return Err(SpecError::invalid(field, problem));
        }
        Ok(())
    }
}

fn whole(path: &str, value: u32, range: RangeInclusive<u32>) -> Result<(), SpecError> {
    if range.contains(&value) {
        return Ok(());
    }
    let (low, high) = range.into_inner();
    Err(SpecError::invalid(
        path,
        format!("is {value}; it must be {low} to {high}"),
    ))
}

/// NaN is in no range.
fn real(path: &str, value: f64, range: RangeInclusive<f64>) -> Result<(), SpecError> {
    if range.contains(&value) {
        return Ok(());
    }
    let (low, high) = range.into_inner();
    let problem = match low {
        f64::MIN_POSITIVE => format!("is {value}; it must be above 0, at most {high}"),
        low => format!("is {value}; it must be {low} to {high}"),
    };
    Err(SpecError::invalid(path, problem))
}
