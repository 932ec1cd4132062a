//! From constraints to polynomials, as snarkjs does it, so that keys from a ceremony and keys from
//! our own setup are of one kind.
//!
//! With A, B, C the polynomials that take the rows' values on the domain of n roots of unity, A·B − C
//! vanishes there, so its values on the other n of the 2n-th roots determine it. The key holds one
//! point for each of these, and the prover sends a·b − c instead of dividing.

use ark_ff::PrimeField;
use ark_groth16::r1cs_to_qap::{LibsnarkReduction, R1CSToQAP};
use ark_poly::EvaluationDomain;
use ark_relations::r1cs::{ConstraintMatrices, ConstraintSystemRef, SynthesisError};

use crate::circuit::PUBLIC_INPUTS;

pub(crate) struct OddCoset;

impl R1CSToQAP for OddCoset {
    fn instance_map_with_evaluation<F: PrimeField, D: EvaluationDomain<F>>(
        cs: ConstraintSystemRef<F>,
        t: &F,
    ) -> Result<(Vec<F>, Vec<F>, Vec<F>, F, usize, usize), SynthesisError> {
        LibsnarkReduction::instance_map_with_evaluation::<F, D>(cs, t)
    }

    fn witness_map_from_matrices<F: PrimeField, D: EvaluationDomain<F>>(
        matrices: &ConstraintMatrices<F>,
        num_inputs: usize,
        num_constraints: usize,
        full_assignment: &[F],
    ) -> Result<Vec<F>, SynthesisError> {
        let rows = |matrix: &[Vec<(F, usize)>]| -> Vec<F> {
            let row = |row: &Vec<(F, usize)>| {
                let terms = row
                    .iter()
                    .map(|(value, index)| *value * full_assignment[*index]);
                terms.sum()
            };
            matrix.iter().map(row).collect()
        };
        if matrices.a.len() != num_constraints {
            return Err(SynthesisError::Unsatisfiable);
        }
        let (a, b) = (rows(&matrices.a), rows(&matrices.b));
        odd_values::<F, D>(a, b, &full_assignment[..num_inputs])
    }

    fn h_query_scalars<F: PrimeField, D: EvaluationDomain<F>>(
        max_power: usize,
        t: F,
        _: F,
        delta_inverse: F,
    ) -> Result<Vec<F>, SynthesisError> {
        let domain = D::new(2 * (max_power + 1)).ok_or(SynthesisError::PolynomialDegreeTooLarge)?;
        let lagrange = domain.evaluate_all_lagrange_coefficients(t);
        let odd = lagrange.into_iter().skip(1).step_by(2);
        Ok(odd.map(|value| value * delta_inverse).collect())
    }
}

/// The values of A·B − C on the odd 2n-th roots of unity, from the rows' values of A and B under an
/// assignment that satisfies them, and the constant one with the public inputs.
pub(super) fn odd_values<F: PrimeField, D: EvaluationDomain<F>>(
    mut a: Vec<F>,
    mut b: Vec<F>,
    public: &[F],
) -> Result<Vec<F>, SynthesisError> {
    debug_assert_eq!(public.len(), 1 + PUBLIC_INPUTS);
    let too_large = SynthesisError::PolynomialDegreeTooLarge;
    // Rows of their own make the public inputs' polynomials independent of each other.
    a.extend_from_slice(public);
    let domain = D::new(a.len()).ok_or(too_large)?;
    a.resize(domain.size(), F::zero());
    b.resize(domain.size(), F::zero());
    let mut c = domain.mul_polynomials_in_evaluation_domain(&a, &b);
    let root = F::get_root_of_unity(2 * domain.size() as u64)
        .ok_or(SynthesisError::PolynomialDegreeTooLarge)?;
    let coset = domain
        .get_coset(root)
        .ok_or(SynthesisError::PolynomialDegreeTooLarge)?;
    for values in [&mut a, &mut b, &mut c] {
        domain.ifft_in_place(values);
        coset.fft_in_place(values);
    }
    let mut quotient = domain.mul_polynomials_in_evaluation_domain(&a, &b);
    for (value, c) in quotient.iter_mut().zip(&c) {
        *value -= c;
    }
    Ok(quotient)
}
