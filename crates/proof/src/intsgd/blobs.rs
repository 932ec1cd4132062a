//! Made-up data for tests: a cloud of points per class.

use cyxwiz_statement::Training;
use rand::{Rng as _, SeedableRng as _};

use super::{Batch, Dataset, Weights, preactivations};

/// The smallest training circuit's dimensions.
pub(crate) const TINY: Training = Training {
    inputs: 16,
    outputs: 4,
    batch: 8,
    batch_bits: 4,
    samples: 1,
};

/// Batches of seeded points.
pub(crate) fn batches(training: &Training, count: usize, seed: u64) -> Vec<Batch> {
    let mut random = rand_chacha::ChaCha20Rng::seed_from_u64(seed);
    let inputs = usize::from(training.inputs);
    let centres: Vec<i32> = (0..inputs * usize::from(training.outputs))
        .map(|_| random.gen_range(-40..=40))
        .collect();
    let rows = count * usize::from(training.batch);
    let classes: Vec<u16> = (0..rows)
        .map(|_| random.gen_range(0..training.outputs))
        .collect();
    let mut features = Vec::with_capacity(rows * inputs);
    for class in &classes {
        for centre in &centres[usize::from(*class) * inputs..][..inputs] {
            let noise: i32 = (0..4).map(|_| random.gen_range(-20..=20)).sum();
            features.push((centre + noise).clamp(-128, 127) as i8);
        }
    }
    Batch::split(training, &features, &classes).expect("rows made to fit")
}

/// The share of rows whose largest output is their class.
pub(crate) fn accuracy(weights: &Weights, data: &Dataset) -> f64 {
    let (mut right, mut rows) = (0, 0);
    for index in 0..16 {
        let batch = data.batch(index);
        let z = preactivations(weights, batch).expect("bounded weights");
        let outputs = weights.outputs();
        for (z, marks) in z.chunks(outputs).zip(batch.targets.chunks(outputs)) {
            let best = (0..outputs)
                .max_by_key(|o| z[*o])
                .expect("there are classes");
            right += usize::from(marks[best]);
            rows += 1;
        }
    }
    right as f64 / rows as f64
}
