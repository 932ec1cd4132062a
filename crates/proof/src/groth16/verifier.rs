//! Verifying keys and verification.

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_groth16::{Groth16, PreparedVerifyingKey, prepare_verifying_key};

use super::{
    PointError, Proof,
    points::{G1_BYTES, G2_BYTES, g1_bytes, g1_point, g2_bytes, g2_point},
};
use crate::field::{Fr, sha256};

/// Points of the public inputs: one for the constant, one for the input.
const INPUT_POINTS: usize = 2;

/// Bytes of a verifying key.
pub const VERIFYING_KEY_BYTES: usize = (1 + INPUT_POINTS) * G1_BYTES + 3 * G2_BYTES;

/// What a circuit's proofs are verified with: α, β, γ, δ and the two points of its one public input.
#[derive(Debug, Clone)]
pub struct VerifyingKey {
    pub(crate) points: ark_groth16::VerifyingKey<Bn254>,
    prepared: PreparedVerifyingKey<Bn254>,
}

/// Why a proof shows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The bytes are no proof at all.
    #[error("the proof is malformed: {0}")]
    Malformed(#[from] PointError),
    /// A proof of something else, or of nothing.
    #[error(
        "the proof does not show this statement; it may be for another job, node, spec, circuit or dataset"
    )]
    Rejected,
}

impl VerifyingKey {
    pub(crate) fn from_points(points: ark_groth16::VerifyingKey<Bn254>) -> Self {
        let prepared = prepare_verifying_key(&points);
        Self { points, prepared }
    }

    /// α (64 bytes), β, γ, δ (128 each), the constant's point and the input's (64 each), as
    /// groth16-solana takes them.
    pub fn to_bytes(&self) -> [u8; VERIFYING_KEY_BYTES] {
        let key = &self.points;
        let mut bytes = Vec::with_capacity(VERIFYING_KEY_BYTES);
        bytes.extend(g1_bytes(&key.alpha_g1));
        for point in [&key.beta_g2, &key.gamma_g2, &key.delta_g2] {
            bytes.extend(g2_bytes(point));
        }
        for point in key.gamma_abc_g1.iter().take(INPUT_POINTS) {
            bytes.extend(g1_bytes(point));
        }
        bytes.try_into().expect("a circuit has one public input")
    }

    /// Takes a key whose points are all in their groups, none of them the identity.
    pub fn from_bytes(bytes: &[u8; VERIFYING_KEY_BYTES]) -> Result<Self, PointError> {
        let mut rest = &bytes[..];
        let mut next = |count| {
            let (part, tail) = rest.split_at(count);
            rest = tail;
            part
        };
        Ok(Self::from_points(ark_groth16::VerifyingKey {
            alpha_g1: g1_point("α", next(G1_BYTES))?,
            beta_g2: g2_point("β", next(G2_BYTES))?,
            gamma_g2: g2_point("γ", next(G2_BYTES))?,
            delta_g2: g2_point("δ", next(G2_BYTES))?,
            gamma_abc_g1: vec![
                g1_point("the constant's point", next(G1_BYTES))?,
                g1_point("the input's point", next(G1_BYTES))?,
            ],
        }))
    }

    /// SHA-256 of the bytes: what registries hold.
    pub fn digest(&self) -> [u8; 32] {
        sha256(&[&self.to_bytes()])
    }

    /// Verifies a proof of the statement with this public input
    /// ([`public_input`](crate::transcript::public_input)).
    pub fn verify(&self, proof: &Proof, public_input: Fr) -> Result<(), VerifyError> {
        let proof = proof.to_points()?;
        // The one input has two points, or preparing it fails.
        let verified = Groth16::<Bn254>::verify_proof(&self.prepared, &proof, &[public_input]);
        match verified {
            Ok(true) => Ok(()),
            _ => Err(VerifyError::Rejected),
        }
    }

    /// Names what would let anyone forge proofs, if anything does.
    pub(crate) fn weakness(&self) -> Option<&'static str> {
        let key = &self.points;
        if key.gamma_abc_g1.len() != INPUT_POINTS {
            return Some("it is not for one public input");
        }
        let [beta, gamma, delta] = [key.beta_g2, key.gamma_g2, key.delta_g2];
        let identity = [beta, gamma, delta].iter().any(|point| point.is_zero())
            || key.alpha_g1.is_zero()
            || key.gamma_abc_g1.iter().any(|point| point.is_zero());
        if identity {
            return Some("one of its points is the identity");
        }
        // Terms of the equation that share a point of G2, or its negative, can be traded for one another.
        if alike(&gamma, &delta) {
            return Some("γ is δ or −δ, so anyone can forge proofs");
        }
        if alike(&beta, &delta) {
            return Some("β is δ or −δ, so anyone can forge proofs");
        }
        if alike(&beta, &gamma) {
            return Some("β is γ or −γ, so anyone can forge proofs");
        }
        // γ may be the generator, and is in keys from snarkjs.
        let generator = G2Affine::generator();
        if alike(&delta, &generator) || alike(&beta, &generator) {
            return Some("β or δ is the group's generator: nobody contributed to the setup");
        }
        if alike(&key.alpha_g1, &G1Affine::generator()) {
            return Some("α is the group's generator: nobody contributed to the setup");
        }
        None
    }
}

/// Whether two points are the same, or each other's negative.
fn alike<P: AffineRepr>(a: &P, b: &P) -> bool {
    a.x() == b.x()
}
