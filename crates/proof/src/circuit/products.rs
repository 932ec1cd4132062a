//! Both matrix products of a step, shown at one random point instead of multiplied out (Freivalds'
//! check with powers of the point: an error is at most (inputs or rows)·words/r, about 2^-243).
//!
//! Weights, pre-activations and errors stay packed, five to a word: both products are linear in the
//! words, so they hold for words if they hold for the numbers.

use super::{builder::Builder, wire::Wire};

/// What a step is made of. Words lie row after row, the same number to each row.
pub(super) struct Step<'a> {
    /// Features per row.
    pub inputs: usize,
    /// X, batch × inputs.
    pub features: &'a [Wire],
    /// W in words, inputs rows.
    pub before: &'a [Wire],
    /// W' in words, inputs rows.
    pub after: &'a [Wire],
    /// Z in words, batch rows.
    pub preactivations: &'a [Wire],
    /// E in words, batch rows.
    pub errors: &'a [Wire],
    /// The learning-rate numerator.
    pub rate: &'a Wire,
}

/// Demands Z = X·W and W − W' = rate·XᵀE.
pub(super) fn describe(builder: &mut Builder, step: &Step<'_>, point: &Wire) {
    let words = step.before.len() / step.inputs;
    let powers = powers(
        builder,
        point,
        step.before.len().max(step.preactivations.len()),
    );
    // The powers that stand for rows.
    let strides: Vec<Wire> = powers.iter().step_by(words).cloned().collect();
    let row = &powers[..words];

    // Σ_b point^(b·words) Σ_k point^k Z[b,k] = Σ_b point^(b·words) Σ_i X[b,i] (Σ_k point^k W[i,k])
    let folded: Vec<Wire> = step
        .before
        .chunks(words)
        .map(|weights| builder.inner_product(weights, row))
        .collect();
    let products: Vec<Wire> = step
        .features
        .chunks(step.inputs)
        .map(|features| builder.inner_product(features, &folded))
        .collect();
    let left = builder.inner_product(step.preactivations, &powers);
    let right = builder.inner_product(&products, &strides);
    builder.equal("scores", &left, &right);

    // Σ_i point^(i·words) Σ_k point^k (W − W')[i,k]
    //     = rate·Σ_b (Σ_i point^(i·words) X[b,i]) (Σ_k point^k E[b,k])
    let change: Vec<Wire> = step
        .before
        .iter()
        .zip(step.after)
        .map(|(before, after)| before.minus(after))
        .collect();
    let left = builder.inner_product(&change, &powers);
    let features: Vec<Wire> = step
        .features
        .chunks(step.inputs)
        .map(|features| builder.inner_product(features, &strides))
        .collect();
    let errors: Vec<Wire> = step
        .errors
        .chunks(words)
        .map(|errors| builder.inner_product(errors, row))
        .collect();
    let gradient = builder.inner_product(&features, &errors);
    builder.enforce("update", &gradient, step.rate, &left);
}

/// point^0 … point^(count−1).
fn powers(builder: &mut Builder, point: &Wire, count: usize) -> Vec<Wire> {
    let mut powers = vec![Wire::one(), point.clone()];
    while powers.len() < count {
        let last = &powers[powers.len() - 1];
        let next = builder.product(last, point);
        powers.push(next);
    }
    powers.truncate(count);
    powers
}
