//! Development keys: made from a published seed, so that every checkout has the same ones without a
//! ceremony. Whoever knows the seed, and that is everyone, can forge proofs. Builds for real money
//! have none of this.

use ark_bn254::Bn254;
use ark_groth16::Groth16;
use ark_relations::r1cs::SynthesisError;
use cyxwiz_statement::Circuit;
use rand::SeedableRng as _;

use crate::{
    circuit::constraints,
    field::sha256,
    groth16::{OddCoset, ProveError, Prover},
};

/// A prover with the development key of a circuit. Takes about 70 µs per constraint.
pub fn insecure_dev_prover(circuit: &Circuit) -> Result<Prover, ProveError> {
    let constraints = constraints(circuit)?;
    let seed = sha256(&[b"cyx-INSECURE-dev", &circuit.id(sha256)]);
    let mut random = rand_chacha::ChaCha20Rng::from_seed(seed);
    let key = Groth16::<Bn254, OddCoset>::generate_random_parameters_with_reduction(
        &constraints,
        &mut random,
    );
    let key = key.map_err(|error: SynthesisError| ProveError::Size(error))?;
    Prover::new(*circuit, constraints, key)
}
