//! What every verifying key must pass before anyone relies on it.

use cyxwiz_statement::{Circuit, Registered, Trust};
use rand::SeedableRng as _;

use crate::{
    field::{Fr, sha256},
    groth16::{PointError, Proof, VERIFYING_KEY_BYTES, VerifyingKey},
};
use ark_ff::UniformRand as _;

/// Why a key is not to be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// The circuit is not among the registered ones.
    #[error("the circuit is not registered; choose one of the registered circuits")]
    UnknownCircuit,
    /// No key is registered for it in this kind of build.
    #[error(
        "circuit {0} has no key in this build; it needs one from a ceremony, or a development build"
    )]
    NoKey(&'static str),
    /// A development key in a build for real money.
    #[error(
        "the key of circuit {0} is an insecure development key, which a build for real money refuses"
    )]
    InsecureDev(&'static str),
    /// Not 576 bytes.
    #[error("the key of circuit {circuit} has {given} bytes instead of 576")]
    Length {
        /// The circuit's name.
        circuit: &'static str,
        /// Bytes given.
        given: usize,
    },
    /// A part of it is no point of its group, or is the identity.
    #[error("the key of circuit {circuit} is malformed: {error}")]
    Point {
        /// The circuit's name.
        circuit: &'static str,
        /// Which point.
        error: PointError,
    },
    /// It is not the registered key.
    #[error("the key of circuit {0} is not the registered one")]
    Digest(&'static str),
    /// Anyone could forge proofs with it.
    #[error("the key of circuit {circuit} is unsafe: {reason}")]
    Weak {
        /// The circuit's name.
        circuit: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Checks key bytes against everything that can be checked without the setup's secrets: length,
/// points in their groups and none the identity, β, γ and δ different up to sign, contributions made,
/// the registered digest, random proofs refused.
pub fn check_key(circuit: &Circuit, bytes: &[u8]) -> Result<VerifyingKey, GateError> {
    let id = circuit.id(sha256);
    let entry = Registered::by_id(&id).ok_or(GateError::UnknownCircuit)?;
    let registered = entry.key.ok_or(GateError::NoKey(entry.name))?;
    if cfg!(feature = "mainnet") && registered.trust == Trust::InsecureDev {
        return Err(GateError::InsecureDev(entry.name));
    }
    let key = check_candidate(entry.name, bytes)?;
    if key.digest() != registered.sha256 {
        return Err(GateError::Digest(entry.name));
    }
    Ok(key)
}

/// The checks that need no registered key: what a key must pass before it is registered. `circuit` is
/// the name for errors.
pub fn check_candidate(circuit: &'static str, bytes: &[u8]) -> Result<VerifyingKey, GateError> {
    let given = bytes.len();
    let length = GateError::Length { circuit, given };
    let bytes: &[u8; VERIFYING_KEY_BYTES] = bytes.try_into().map_err(|_| length)?;
    let key = VerifyingKey::from_bytes(bytes);
    let key = key.map_err(|error| GateError::Point { circuit, error })?;
    if let Some(reason) = key.weakness() {
        return Err(GateError::Weak { circuit, reason });
    }
    if accepts_anything(&key) {
        let reason = "it accepts a random proof";
        return Err(GateError::Weak { circuit, reason });
    }
    Ok(key)
}

/// Whether a proof of random points verifies.
fn accepts_anything(key: &VerifyingKey) -> bool {
    let mut random = rand_chacha::ChaCha20Rng::from_seed(key.digest());
    let proof = Proof::from_points(&ark_groth16::Proof {
        a: ark_bn254::G1Affine::rand(&mut random),
        b: ark_bn254::G2Affine::rand(&mut random),
        c: ark_bn254::G1Affine::rand(&mut random),
    });
    key.verify(&proof, Fr::rand(&mut random)).is_ok()
}
