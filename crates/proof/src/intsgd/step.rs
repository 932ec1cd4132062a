//! One step of IntSGD-v1.

use super::{Batch, SLOT_BITS, Weights};

/// Fraction bits of activations, targets and errors.
pub(crate) const ERROR_BITS: usize = 10;

/// z/2^SHIFT is in units of activations: 28 + 7 fraction bits become 10, and the slope is 1/4.
pub(crate) const SHIFT: usize = 27;

/// Added to z, so that the hard sigmoid's lower end is at 0: half of 1024, in units of z.
pub(crate) const ZERO_OFFSET: i64 = 1 << (SHIFT + ERROR_BITS - 1);

/// The target of a row's own class, 15/16.
pub(crate) const TARGET_ON: i64 = 960;

/// The target of the other classes, 1/16.
pub(crate) const TARGET_OFF: i64 = 64;

/// Integers below this are exact as 64-bit floats.
const FLOAT_EXACT: u64 = 1 << 53;

/// Training left the numbers that the rule is defined for. Nobody's fault but the job's: there is no
/// proof and no payment. The node hands the job back without a penalty while the market allows it
/// (early, and before work is held); later it can only give the job up, which counts as its failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Diverged {
    /// inputs·128·max|W| reached 2^53, beyond which sums of floats are not exact.
    #[error(
        "training diverged: a weight grew to {0} (units of 2^-28); use a smaller learning rate or smaller features"
    )]
    Weights(i64),
    /// A pre-activation left its 50 bits.
    #[error(
        "training diverged: a pre-activation grew to {0} (units of 2^-35); use a smaller learning rate or smaller features"
    )]
    Preactivation(i64),
}

/// The pre-activations z = x·W, `batch` rows of `outputs`, units of 2^-35.
pub fn preactivations(weights: &Weights, batch: &Batch) -> Result<Vec<i64>, Diverged> {
    let outputs = weights.outputs();
    let inputs = weights.values().len() / outputs;
    guard(weights)?;
    let mut all = vec![0_i64; batch.features.len() / inputs * outputs];
    let rows = batch.features.chunks(inputs);
    for (z, row) in all.chunks_mut(outputs).zip(rows) {
        for (feature, weights) in row.iter().zip(weights.values().chunks(outputs)) {
            let feature = i64::from(*feature);
            for (z, weight) in z.iter_mut().zip(weights) {
                // Below 2^53 by the guard.
                *z += feature * weight;
            }
        }
    }
    let half = 1 << (SLOT_BITS - 1);
    let fits = |z: &&i64| (-half..half).contains(&(**z + ZERO_OFFSET));
    match all.iter().find(|z| !fits(z)) {
        Some(z) => Err(Diverged::Preactivation(*z)),
        None => Ok(all),
    }
}

/// Whether sums over a row stay exact: inputs·128·max|W| < 2^53.
fn guard(weights: &Weights) -> Result<(), Diverged> {
    let inputs = (weights.values().len() / weights.outputs()) as u64;
    let largest = weights.values().iter().max_by_key(|w| w.unsigned_abs());
    let largest = *largest.expect("a classifier has weights");
    let sum = largest.unsigned_abs().checked_mul(inputs * 128);
    match sum {
        Some(sum) if sum < FLOAT_EXACT => Ok(()),
        _ => Err(Diverged::Weights(largest)),
    }
}

/// The target of a mark, units of 2^-10.
pub(crate) const fn target(mark: bool) -> i64 {
    if mark { TARGET_ON } else { TARGET_OFF }
}

/// p − y: the hard sigmoid of a pre-activation less its target, units of 2^-10.
pub(crate) fn error_signal(z: i64, mark: bool) -> i64 {
    let one = 1 << ERROR_BITS;
    ((z + ZERO_OFFSET) >> SHIFT).clamp(0, one) - target(mark)
}

/// The weights after one step: W' = W − rate·XᵀE.
pub fn step(weights: &Weights, batch: &Batch, rate: u16) -> Result<Weights, Diverged> {
    let outputs = weights.outputs();
    let inputs = weights.values().len() / outputs;
    let z = preactivations(weights, batch)?;
    let mut next = weights.clone();
    let rows = batch.features.chunks(inputs);
    let marks = batch.targets.chunks(outputs);
    for ((row, z), marks) in rows.zip(z.chunks(outputs)).zip(marks) {
        let errors: Vec<i64> = z
            .iter()
            .zip(marks)
            .map(|(z, mark)| i64::from(rate) * error_signal(*z, *mark))
            .collect();
        for (feature, weights) in row.iter().zip(next.values_mut().chunks_mut(outputs)) {
            let feature = i64::from(*feature);
            for (weight, error) in weights.iter_mut().zip(&errors) {
                *weight -= feature * error;
            }
        }
    }
    guard(&next)?;
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intsgd::blobs::{self, TINY};

    #[test]
    fn the_hard_sigmoid_has_its_corners() {
        let p = |z| error_signal(z, false) + TARGET_OFF;
        let unit = 1 << SHIFT;
        assert_eq!(p(0), 512);
        assert_eq!(p(-1), 511, "rounds down");
        assert_eq!(p(unit - 1), 512);
        assert_eq!(p(unit), 513);
        assert_eq!(
            (p(511 * unit), p(512 * unit), p(513 * unit)),
            (1023, 1024, 1024)
        );
        assert_eq!((p(-511 * unit), p(-512 * unit), p(-513 * unit)), (1, 0, 0));
    }

    #[test]
    fn a_saturated_classifier_still_has_an_error() {
        let far = 1 << 48;
        assert_eq!(error_signal(far, true), 64);
        assert_eq!(error_signal(-far, false), -64);
    }

    /// What a float64 trainer does, in sums of another order.
    #[test]
    fn floats_compute_the_same_bits() {
        let batches = blobs::batches(&TINY, 16, 3);
        let mut weights = Weights::zero(&TINY);
        let (inputs, outputs) = (TINY.inputs as usize, TINY.outputs as usize);
        let mut floats = vec![0.0_f64; inputs * outputs];
        for turn in 0..64 {
            let batch = &batches[turn % 16];
            weights = step(&weights, batch, 6).unwrap();
            let mut gradient = vec![0.0_f64; inputs * outputs];
            for row in (0..TINY.batch as usize).rev() {
                let x = &batch.features[row * inputs..][..inputs];
                for o in 0..outputs {
                    let z: f64 = (0..inputs)
                        .rev()
                        .map(|i| f64::from(x[i]) * floats[i * outputs + o])
                        .sum();
                    let p = ((z / f64::from(1 << SHIFT)).floor() + 512.0).clamp(0.0, 1024.0);
                    let error = p - target(batch.targets[row * outputs + o]) as f64;
                    for i in 0..inputs {
                        gradient[i * outputs + o] += f64::from(x[i]) * error;
                    }
                }
            }
            for (weight, gradient) in floats.iter_mut().zip(&gradient) {
                *weight -= 6.0 * gradient;
            }
        }
        let ints: Vec<f64> = weights.values().iter().map(|w| *w as f64).collect();
        assert_eq!(floats, ints);
    }

    #[test]
    fn what_leaves_the_exact_numbers_has_diverged() {
        let batch = &blobs::batches(&TINY, 1, 1)[0];
        let with = |value| {
            let mut weights = Weights::zero(&TINY);
            weights.values_mut()[3] = value;
            weights
        };
        // 16 inputs: 2^53 / 2^11.
        let limit = 1 << 42;
        assert_eq!(
            step(&with(-limit), batch, 1),
            Err(Diverged::Weights(-limit))
        );
        let mut bright = batch.clone();
        bright.features.fill(127);
        let mut weights = Weights::zero(&TINY);
        weights.values_mut().fill(limit - 1);
        assert!(matches!(
            preactivations(&weights, &bright),
            Err(Diverged::Preactivation(_))
        ));
        bright.features.fill(1);
        assert!(preactivations(&weights, &bright).is_ok());
    }
}
