//! What a job takes: memory, and seconds on the reference machine.

use super::{JobSpec, ModelPlan, SpecError};

/// Floating-point operations a second that the reference machine (rate 1.0)
/// reaches in training: one core of a server CPU with AVX-512. Measured with the
/// trainer's benchmark: 5.4e10.
pub const REFERENCE_FLOPS: f64 = 5.0e10;
/// Seconds that the reference machine spends on one layer of one training step
/// besides the arithmetic (calls, memory, the optimiser's share, checkpoints).
/// Measured: 2.5e-5 with ten small linear layers, 1.1e-4 with the digits example.
pub const REFERENCE_LAYER_SECONDS: f64 = 8.0e-5;
/// Seconds from the start of the trainer to its first step.
pub const REFERENCE_START_SECONDS: f64 = 1.0;

/// Seconds that the reference machine spends on one Poseidon hash of twelve words; a step of
/// training in integers commits its weights with some. Measured: 1.6e-4 to 1.9e-4.
pub const REFERENCE_POSEIDON_SECONDS: f64 = 1.8e-4;

/// A backward pass costs about two forward passes.
const TRAINING_PASSES: f64 = 3.0;
/// Floating-point operations in a step that are worth a thread: a few milliseconds
/// of one core.
const FLOPS_PER_THREAD: f64 = 2e8;

impl JobSpec {
    /// The model with all shapes known.
    ///
    /// # Errors
    /// [`SpecError::Invalid`] at the first layer that does not fit.
    pub fn plan(&self) -> Result<ModelPlan, SpecError> {
        ModelPlan::new(&self.model.layers, &self.dataset.shape)
    }

    /// Numbers that the model learns; 0 for a model that does not fit together.
    pub fn parameter_count(&self) -> u64 {
        self.plan().map_or(0, |plan| plan.parameter_count())
    }

    /// Classes that the model tells apart, `None` where it predicts a number.
    pub fn classes(&self) -> Option<u32> {
        let classes = self.plan().ok()?.output.last().copied()?;
        let classes = u32::try_from(classes).ok()?;
        self.training.loss.classifies().then_some(classes)
    }

    /// Rows held out of `rows`: rounded down, never all.
    pub fn test_rows(&self, rows: u64) -> u64 {
        let wanted = (rows as f64 * self.dataset.split.test).floor() as u64;
        wanted.min(rows.saturating_sub(1))
    }

    /// Steps of one epoch over a dataset of `rows` rows: as many as bring each row once, or as the
    /// circuit has where training is in integers.
    pub fn steps_per_epoch(&self, rows: u64) -> u64 {
        if let Some(integers) = self.integer_training() {
            return u64::from(integers.circuit.steps());
        }
        let train = rows - self.test_rows(rows);
        train.div_ceil(u64::from(self.training.batch.max(1)))
    }

    /// Floating-point operations of one epoch over `rows` rows: training on the
    /// one part, one forward pass over the other.
    pub fn flops_per_epoch(&self, rows: u64) -> f64 {
        let test = self.test_rows(rows);
        let forward = self.plan().map_or(0.0, |plan| plan.flops() as f64);
        let trained = match self.integer_training() {
            Some(_) => self.steps_per_epoch(rows) * u64::from(self.training.batch),
            None => rows - test,
        };
        forward * (TRAINING_PASSES * trained as f64 + test as f64)
    }

    /// Threads of one operation that speed this job up, 1 to `most`: small steps
    /// spend longer in handing work over than in doing it, and much longer where
    /// cores are shared.
    pub fn useful_threads(&self, most: u32) -> u32 {
        let forward = self.plan().map_or(0.0, |plan| plan.flops() as f64);
        let step = TRAINING_PASSES * forward * f64::from(self.training.batch);
        (step / FLOPS_PER_THREAD)
            .ceil()
            .clamp(1.0, f64::from(most.max(1))) as u32
    }

    /// Seconds that the job takes over `rows` rows on a machine of `rate` times
    /// the reference machine's speed, rounded up, at least 1. An estimate for
    /// prices and deadlines, not a promise.
    pub fn estimated_seconds(&self, rows: u64, rate: f64) -> u32 {
        let layers = self.plan().map_or(0, |plan| plan.walk().count());
        let hashes = self.integer_training().map_or(0, |i| i.hashes_per_step());
        let step =
            layers as f64 * REFERENCE_LAYER_SECONDS + hashes as f64 * REFERENCE_POSEIDON_SECONDS;
        let calls = self.steps_per_epoch(rows) as f64 * step;
        let epoch = self.flops_per_epoch(rows) / REFERENCE_FLOPS + calls;
        let total = REFERENCE_START_SECONDS + epoch * f64::from(self.job.epochs);
        let rate = if rate.is_finite() && rate > 0.0 {
            rate
        } else {
            1.0
        };
        // A float beyond the range of u32 becomes u32::MAX here.
        (total / rate).ceil().max(1.0) as u32
    }

    /// Memory that weights, gradients, optimiser state and one batch take, MiB.
    /// The dataset and the runtime come on top.
    pub fn training_mib(&self) -> u64 {
        let Ok(plan) = self.plan() else { return 0 };
        let copies = 2 + self.optimizer.slots();
        let weights = plan.parameter_count().saturating_mul(copies);
        let batch = u64::from(self.training.batch);
        // Each activation and its gradient.
        let activations = plan.activations().saturating_mul(2 * batch);
        weights
            .saturating_add(activations)
            .saturating_mul(size_of::<f32>() as u64)
            >> 20
    }
}
