//! Circom's constants, and the two forms of the partial rounds that make them cheap.
//!
//! Partial rounds apply the S-box to lane 0 alone, so everything between two S-boxes is affine:
//!
//! - natively, each round's dense matrix is split into one that leaves lane 0 alone, which slides
//!   into the next round, and a sparse one that is applied (Grassi et al., Poseidon, appendix B);
//! - in the circuit, each S-box input is written as one linear form over the state before the
//!   partial rounds and the S-box outputs before it, so that only S-boxes cost constraints.

use ark_ff::{Field as _, One as _, Zero as _};
use light_poseidon::parameters::bn254_x5::get_poseidon_parameters;

use crate::field::Fr;

/// Full rounds before the partial ones, and after.
pub(crate) const HALF_FULL_ROUNDS: usize = 4;

/// An affine form: coefficients and a constant.
pub(crate) struct Form {
    pub coefficients: Vec<Fr>,
    pub constant: Fr,
}

/// A partial round after the split: `lane0 ← row·state`, `lane i ← lane i + column[i]·lane0`.
pub(crate) struct SparseRound {
    /// Added to lane 0 before its S-box.
    pub constant: Fr,
    /// The new lane 0 as a form over the whole state.
    pub row: Vec<Fr>,
    /// What the old lane 0 adds to the lanes 1…
    pub column: Vec<Fr>,
}

pub(crate) struct Parameters {
    /// Constants of each full round, in order of use. Those of the first round after the partial
    /// ones are for the native form, see [`Self::after_partial`].
    pub full: Vec<Vec<Fr>>,
    /// Rows of the matrix.
    pub mds: Vec<Vec<Fr>>,
    /// The partial rounds for native use.
    pub sparse: Vec<SparseRound>,
    /// The dense matrix that the split leaves after the last partial round, rows.
    pub dense: Vec<Vec<Fr>>,
    /// The constants of the first full round after the partial ones, with what slid into them.
    pub after_partial: Vec<Fr>,
    /// The input of each partial round's S-box over the state `u` after the fourth round's S-boxes
    /// (before its matrix) and the partial S-boxes' outputs so far.
    pub closed: Vec<Form>,
    /// The lanes after the partial rounds over `u` and all partial S-boxes' outputs.
    pub closed_end: Vec<Form>,
}

impl Parameters {
    pub fn of_width(width: usize) -> Self {
        let published =
            get_poseidon_parameters::<Fr>(u8::try_from(width).expect("at most 13 words of state"))
                .expect("published parameters for 2 to 13 words of state");
        assert_eq!(published.full_rounds, 2 * HALF_FULL_ROUNDS);
        let rounds: Vec<Vec<Fr>> = published.ark.chunks(width).map(<[_]>::to_vec).collect();
        let partial_end = HALF_FULL_ROUNDS + published.partial_rounds;
        let partial = &rounds[HALF_FULL_ROUNDS..partial_end];
        let mds = published.mds;
        let (sparse, dense, slid) = split(&mds, partial);
        let (closed, closed_end) = close(&mds, partial);
        let after = rounds[partial_end].iter();
        Self {
            after_partial: after.zip(&slid).map(|(a, b)| *a + b).collect(),
            full: [&rounds[..HALF_FULL_ROUNDS], &rounds[partial_end..]].concat(),
            mds,
            sparse,
            dense,
            closed,
            closed_end,
        }
    }
}

/// Splits the partial rounds; returns them, the matrix left at their end and the constants to add
/// after it.
fn split(mds: &[Vec<Fr>], partial: &[Vec<Fr>]) -> (Vec<SparseRound>, Vec<Vec<Fr>>, Vec<Fr>) {
    let width = mds.len();
    let mut rounds = Vec::with_capacity(partial.len());
    // What slid past a round: constants that lanes 1… did not need there, and the matrix.
    let mut slid = vec![Fr::zero(); width];
    let mut matrix = identity(width);
    for constants in partial {
        let mut sum: Vec<Fr> = constants.iter().zip(&slid).map(|(a, b)| *a + b).collect();
        let constant = std::mem::take(&mut sum[0]);
        slid = apply(mds, &sum);
        // dense = [[corner, row], [column, block]] = [[1, 0], [0, block]]·[[corner, row], [block⁻¹·column, 1]]
        let dense = multiply(mds, &matrix);
        let block: Vec<Vec<Fr>> = dense[1..].iter().map(|row| row[1..].to_vec()).collect();
        let column: Vec<Fr> = dense[1..].iter().map(|row| row[0]).collect();
        rounds.push(SparseRound {
            constant,
            row: dense[0].clone(),
            column: apply(&inverse(&block), &column),
        });
        matrix = identity(width);
        for (row, block) in matrix[1..].iter_mut().zip(&block) {
            row[1..].copy_from_slice(block);
        }
    }
    (rounds, matrix, slid)
}

/// The partial rounds in closed form.
fn close(mds: &[Vec<Fr>], partial: &[Vec<Fr>]) -> (Vec<Form>, Vec<Form>) {
    let width = mds.len();
    let mut boxes = Vec::with_capacity(partial.len());
    let mut lanes: Vec<Form> = mds
        .iter()
        .map(|row| Form {
            coefficients: row.clone(),
            constant: Fr::zero(),
        })
        .collect();
    for (round, constants) in partial.iter().enumerate() {
        for (lane, constant) in lanes.iter_mut().zip(constants) {
            lane.constant += constant;
        }
        // Lane 0 becomes the new S-box's output.
        let variables = width + round + 1;
        let mut output = vec![Fr::zero(); variables];
        output[variables - 1] = Fr::one();
        let fresh = Form {
            coefficients: output,
            constant: Fr::zero(),
        };
        boxes.push(std::mem::replace(&mut lanes[0], fresh));
        for lane in &mut lanes {
            lane.coefficients.resize(variables, Fr::zero());
        }
        lanes = mds.iter().map(|row| combine(row, &lanes)).collect();
    }
    (boxes, lanes)
}

/// The form Σ weight·form.
fn combine(weights: &[Fr], forms: &[Form]) -> Form {
    let mut sum = Form {
        coefficients: vec![Fr::zero(); forms[0].coefficients.len()],
        constant: Fr::zero(),
    };
    for (weight, form) in weights.iter().zip(forms) {
        sum.constant += *weight * form.constant;
        for (total, coefficient) in sum.coefficients.iter_mut().zip(&form.coefficients) {
            *total += *weight * coefficient;
        }
    }
    sum
}

fn identity(size: usize) -> Vec<Vec<Fr>> {
    let mut matrix = vec![vec![Fr::zero(); size]; size];
    for (i, row) in matrix.iter_mut().enumerate() {
        row[i] = Fr::one();
    }
    matrix
}

fn apply(matrix: &[Vec<Fr>], vector: &[Fr]) -> Vec<Fr> {
    let dot = |row: &Vec<Fr>| row.iter().zip(vector).map(|(a, b)| *a * b).sum();
    matrix.iter().map(dot).collect()
}

fn multiply(left: &[Vec<Fr>], right: &[Vec<Fr>]) -> Vec<Vec<Fr>> {
    let column = |j: usize| right.iter().map(|row| row[j]).collect::<Vec<_>>();
    let columns: Vec<_> = (0..right.len()).map(column).collect();
    left.iter().map(|row| apply(&columns, row)).collect()
}

/// By Gauss and Jordan's elimination.
fn inverse(matrix: &[Vec<Fr>]) -> Vec<Vec<Fr>> {
    let size = matrix.len();
    let mut rows: Vec<Vec<Fr>> = matrix.to_vec();
    for (row, unit) in rows.iter_mut().zip(identity(size)) {
        row.extend(unit);
    }
    for i in 0..size {
        let pivot = (i..size).find(|&k| !rows[k][i].is_zero());
        rows.swap(i, pivot.expect("blocks of an MDS matrix are invertible"));
        let scale = rows[i][i].inverse().expect("the pivot is not zero");
        rows[i].iter_mut().for_each(|value| *value *= scale);
        let pivot = rows[i].clone();
        for (k, row) in rows.iter_mut().enumerate() {
            let factor = row[i];
            if k != i && !factor.is_zero() {
                for (value, above) in row.iter_mut().zip(&pivot) {
                    *value -= factor * above;
                }
            }
        }
    }
    rows.iter().map(|row| row[size..].to_vec()).collect()
}
