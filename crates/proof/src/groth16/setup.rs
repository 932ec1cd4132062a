//! The reduction of [`super::reduction`] as arkworks' setup takes it. Only development keys are made
//! here; others come from ceremonies.

use ark_ff::PrimeField;
use ark_groth16::r1cs_to_qap::{LibsnarkReduction, R1CSToQAP};
use ark_poly::EvaluationDomain;
use ark_relations::r1cs::{ConstraintMatrices, ConstraintSystemRef, SynthesisError};

use super::reduction::odd_values;

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
