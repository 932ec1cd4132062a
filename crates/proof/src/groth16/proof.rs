//! A proof's bytes.

use ark_bn254::Bn254;

use super::points::{G1_BYTES, G2_BYTES, PointError, g1_bytes, g1_point, g2_bytes, g2_point};

/// Bytes of a proof.
pub const PROOF_BYTES: usize = 2 * G1_BYTES + G2_BYTES;

/// A proof as the program takes it: −A (64 bytes), B (128), C (64).
///
/// Proofs can be varied by anyone without knowing the witness, so never tell jobs or payments apart
/// by these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof(pub [u8; PROOF_BYTES]);

impl Proof {
    /// The parts as groth16-solana takes them: −A, B, C.
    pub fn parts(&self) -> (&[u8; G1_BYTES], &[u8; G2_BYTES], &[u8; G1_BYTES]) {
        let (a, rest) = self.0.split_first_chunk().expect("256 bytes");
        let (b, c) = rest.split_first_chunk().expect("192 bytes");
        (a, b, c.first_chunk().expect("64 bytes"))
    }

    pub(crate) fn from_points(proof: &ark_groth16::Proof<Bn254>) -> Self {
        let mut bytes = [0; PROOF_BYTES];
        let (a, rest) = bytes.split_at_mut(G1_BYTES);
        let (b, c) = rest.split_at_mut(G2_BYTES);
        a.copy_from_slice(&g1_bytes(&-proof.a));
        b.copy_from_slice(&g2_bytes(&proof.b));
        c.copy_from_slice(&g1_bytes(&proof.c));
        Self(bytes)
    }

    pub(crate) fn to_points(self) -> Result<ark_groth16::Proof<Bn254>, PointError> {
        let (a, b, c) = self.parts();
        Ok(ark_groth16::Proof {
            a: -g1_point("A", a)?,
            b: g2_point("B", b)?,
            c: g1_point("C", c)?,
        })
    }
}
