//! Makes proofs.

use ark_bn254::Bn254;
use ark_ec::CurveGroup as _;
use ark_ff::UniformRand as _;
use ark_groth16::ProvingKey;
use ark_poly::GeneralEvaluationDomain;
use ark_relations::r1cs::SynthesisError;
use cyxwiz_statement::{Circuit, CircuitError};
use rand::{CryptoRng, RngCore};

use super::{Proof, VerifyError, VerifyingKey, msm::Digits, reduction::odd_values};
use crate::{
    circuit::{Assignment, PUBLIC_INPUTS, R1cs, Unsatisfied, Witness, assign},
    field::Fr,
};

/// A circuit with its constraints and key at hand; makes any number of proofs.
pub struct Prover {
    circuit: Circuit,
    constraints: R1cs,
    key: ProvingKey<Bn254>,
    verifying_key: VerifyingKey,
}

/// What the prover is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Repeating the run up to the sampled steps ([`Proving`](crate::job::Proving)).
    Replay,
    /// The values of all variables, and whether they satisfy the constraints.
    Assignment,
    /// The quotient polynomial.
    Quotient,
    /// The sums of curve points.
    Sums,
    /// Verifying its own proof.
    Verification,
    /// Done.
    Done,
}

/// How far a proof is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// The share of the whole time that has passed, about, 0 to 1.
    pub share: f32,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The dimensions make no circuit.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    /// The key was made for other constraints.
    #[error(
        "the proving key has {key} variables where the circuit has {circuit}; delete the cached key, it is made anew"
    )]
    Key {
        /// Variables in the key.
        key: usize,
        /// Variables of the circuit.
        circuit: usize,
    },
    /// What was to be proven is not true.
    #[error(transparent)]
    Unsatisfied(#[from] Unsatisfied),
    /// The circuit is larger than the field has roots of unity for.
    #[error(transparent)]
    Size(#[from] SynthesisError),
    /// The proof made does not verify: the key is damaged.
    #[error("the proof made does not verify ({0}); delete the cached proving key, it is made anew")]
    SelfCheck(VerifyError),
}

impl Prover {
    /// A prover of `circuit` with its constraints ([`constraints`](crate::circuit::constraints)) and
    /// their key.
    pub(crate) fn new(
        circuit: Circuit,
        constraints: R1cs,
        key: ProvingKey<Bn254>,
    ) -> Result<Self, ProveError> {
        let variables = constraints.variables();
        let queries = [
            key.a_query.len(),
            key.b_g1_query.len(),
            key.b_g2_query.len(),
            key.l_query.len() + 1 + PUBLIC_INPUTS,
        ];
        if let Some(wrong) = queries.into_iter().find(|length| *length != variables) {
            return Err(ProveError::Key {
                key: wrong,
                circuit: variables,
            });
        }
        Ok(Self {
            circuit,
            constraints,
            verifying_key: VerifyingKey::from_points(key.vk.clone()),
            key,
        })
    }

    /// The circuit.
    pub fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// Its constraints.
    pub fn constraints(&self) -> &R1cs {
        &self.constraints
    }

    /// What the proofs verify with.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying_key
    }

    pub(crate) fn key(&self) -> &ProvingKey<Bn254> {
        &self.key
    }

    /// Proves the statement of `witness`. `random` hides the witness and must be unpredictable;
    /// `progress` is called as stages begin.
    pub fn prove(
        &self,
        witness: &Witness,
        random: &mut (impl RngCore + CryptoRng),
        mut progress: impl FnMut(Progress),
    ) -> Result<Proof, ProveError> {
        progress(Progress::of(Stage::Assignment, 0.0));
        let assignment = assign(&self.circuit, &self.constraints, witness);
        let blinding = [Fr::rand(random), Fr::rand(random)];
        let points = self.points(&assignment, blinding, &mut progress)?;
        let proof = Proof::from_points(&points);
        progress(Progress::of(Stage::Verification, 0.99));
        self.verifying_key
            .verify(&proof, assignment.public_input())
            .map_err(ProveError::SelfCheck)?;
        progress(Progress::of(Stage::Done, 1.0));
        Ok(proof)
    }

    /// Groth's proof (On the size of pairing-based non-interactive arguments, section 3.2) with the
    /// blinding factors r and s.
    pub(super) fn points(
        &self,
        assignment: &Assignment,
        [r, s]: [Fr; 2],
        progress: &mut impl FnMut(Progress),
    ) -> Result<ark_groth16::Proof<Bn254>, ProveError> {
        let values = assignment.values();
        let (a, b) = self.constraints.satisfied_rows(assignment)?;
        progress(Progress::of(Stage::Quotient, 0.03));
        let public = &values[..=PUBLIC_INPUTS];
        let quotient = odd_values::<Fr, GeneralEvaluationDomain<Fr>>(a, b, public)?;

        let mut sums = |share| progress(Progress::of(Stage::Sums, share));
        sums(0.15);
        let key = &self.key;
        let quotient = Digits::of(&quotient).sum(0, &key.h_query);
        sums(0.4);
        let values = Digits::of(values);
        let secret = values.sum(1 + PUBLIC_INPUTS, &key.l_query);
        sums(0.5);
        let a = values.sum(0, &key.a_query) + key.vk.alpha_g1 + key.delta_g1 * r;
        sums(0.6);
        let b_g1 = values.sum(0, &key.b_g1_query) + key.beta_g1 + key.delta_g1 * s;
        sums(0.7);
        let b = values.sum(0, &key.b_g2_query) + key.vk.beta_g2 + key.vk.delta_g2 * s;
        let c = a * s + b_g1 * r - key.delta_g1 * (r * s) + secret + quotient;
        Ok(ark_groth16::Proof {
            a: a.into_affine(),
            b: b.into_affine(),
            c: c.into_affine(),
        })
    }
}

impl Progress {
    fn of(stage: Stage, share: f32) -> Self {
        Self { stage, share }
    }
}
