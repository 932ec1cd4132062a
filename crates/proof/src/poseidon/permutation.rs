//! The permutation natively.

use ark_ff::{Field as _, Zero as _};

use super::{
    Parameters, parameters,
    parameters::{HALF_FULL_ROUNDS, SparseRound},
};
use crate::field::Fr;

/// Poseidon of `WIDTH - 1` words.
pub(super) fn hash<const WIDTH: usize>(words: &[Fr]) -> Fr {
    let parameters = parameters(WIDTH);
    let mut state = [Fr::zero(); WIDTH];
    state[1..].copy_from_slice(words);
    let (before, after) = parameters.full.split_at(HALF_FULL_ROUNDS);
    for constants in before {
        full_round(&mut state, constants, &parameters.mds);
    }
    partial_rounds(&mut state, parameters);
    full_round(&mut state, &parameters.after_partial, &parameters.mds);
    for constants in &after[1..HALF_FULL_ROUNDS - 1] {
        full_round(&mut state, constants, &parameters.mds);
    }
    // Of the last round only lane 0 is the hash.
    s_boxes(&mut state, &after[HALF_FULL_ROUNDS - 1]);
    dot(&parameters.mds[0], &state)
}

fn s_box(x: Fr) -> Fr {
    x.square().square() * x
}

fn s_boxes<const WIDTH: usize>(state: &mut [Fr; WIDTH], constants: &[Fr]) {
    for (lane, constant) in state.iter_mut().zip(constants) {
        *lane = s_box(*lane + constant);
    }
}

fn full_round<const WIDTH: usize>(state: &mut [Fr; WIDTH], constants: &[Fr], mds: &[Vec<Fr>]) {
    s_boxes(state, constants);
    *state = std::array::from_fn(|i| dot(&mds[i], state));
}

fn partial_rounds<const WIDTH: usize>(state: &mut [Fr; WIDTH], parameters: &Parameters) {
    for SparseRound {
        constant,
        row,
        column,
    } in &parameters.sparse
    {
        state[0] = s_box(state[0] + constant);
        let first = dot(row, state);
        let old = std::mem::replace(&mut state[0], first);
        for (lane, factor) in state[1..].iter_mut().zip(column) {
            *lane += old * factor;
        }
    }
    *state = std::array::from_fn(|i| dot(&parameters.dense[i], state));
}

/// The inner product, reduced once for all products that fit.
fn dot<const WIDTH: usize>(row: &[Fr], state: &[Fr; WIDTH]) -> Fr {
    let row: &[Fr; WIDTH] = row.try_into().expect("a row is as wide as the state");
    Fr::sum_of_products(row, state)
}
