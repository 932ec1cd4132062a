//! From constraints to polynomials, as snarkjs does it, so that keys from a ceremony and keys from
//! our own setup are of one kind.
//!
//! With A, B, C the polynomials that take the rows' values on the domain of n roots of unity, A·B − C
//! vanishes there, so its values on the other n of the 2n-th roots determine it. The key holds one
//! point for each of these, and the prover sends a·b − c instead of dividing.

use ark_ff::PrimeField;
use ark_poly::EvaluationDomain;
use ark_relations::r1cs::SynthesisError;

use crate::circuit::PUBLIC_INPUTS;

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
