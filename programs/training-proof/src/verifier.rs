//! The proof's public input, and its verification.

use anchor_lang::prelude::*;
use cyxwiz_statement::{Statement, VERIFYING_KEY_BYTES, Word};
use groth16_solana::groth16::{Groth16Verifier, Groth16Verifyingkey};
use solana_bn254::prelude::alt_bn128_pairing_be;
use solana_poseidon::{Endianness, Parameters, hashv};

use crate::ProofError;

/// Bytes of a proof.
pub(crate) const PROOF_BYTES: usize = 256;

/// The order of BN254's scalar field, big-endian.
const ORDER: Word = [
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d,
    0x28, 0x33, 0xe8, 0x48, 0x79, 0xb9, 0x70, 0x91, 0x43, 0xe1, 0xf5, 0x93, 0xf0, 0x00, 0x00, 0x01,
];

/// Refuses a word that is not smaller than the field's order: x and x + order are one element, and a
/// commitment must have one form.
pub(crate) fn require_canonical(word: &Word) -> Result<()> {
    require!(*word < ORDER, ProofError::NotCanonical);
    Ok(())
}

/// Poseidon over the statement's words.
pub(crate) fn public_input(statement: &Statement) -> Result<Word> {
    let [a, b, c, d, e, f, g] = &statement.words();
    let words: [&[u8]; 7] = [a, b, c, d, e, f, g];
    let hash = hashv(Parameters::Bn254X5, Endianness::BigEndian, &words);
    Ok(hash.map_err(|_| ProofError::NotCanonical)?.to_bytes())
}

/// Whether a proof shows `input`. Refused where it is none: a point is zero, or lies not on its curve or not in
/// its group, which the runtime tells.
pub(crate) fn shows(
    proof: &[u8; PROOF_BYTES],
    input: Word,
    key: &[u8; VERIFYING_KEY_BYTES],
) -> Result<bool> {
    let key = Key::of(key).ok_or(ProofError::NoVerifyingKey)?;
    let (a, rest) = parts(proof).ok_or(ProofError::ProofRejected)?;
    let (b, rest) = parts(rest).ok_or(ProofError::ProofRejected)?;
    let (c, _) = parts(rest).ok_or(ProofError::ProofRejected)?;
    let empty = *a == [0; 64] || *b == [0; 128] || *c == [0; 64];
    require!(!empty, ProofError::ProofRejected);
    let key = Groth16Verifyingkey {
        nr_pubinputs: 1,
        vk_alpha_g1: *key.alpha,
        vk_beta_g2: *key.beta,
        vk_gamma_g2: *key.gamma,
        vk_delta_g2: *key.delta,
        vk_ic: key.inputs,
        vk_commitment: None,
    };
    let inputs = [input];
    let verified = Groth16Verifier::new(a, b, c, &inputs, &key).and_then(|mut it| it.verify());
    if verified.is_ok() {
        return Ok(true);
    }
    // The verifier does not tell a proof that is false from one that is none. A product of pairings does.
    let pairs = [&a[..], b, c, &key.vk_delta_g2].concat();
    alt_bn128_pairing_be(&pairs).map_err(|_| ProofError::ProofRejected)?;
    Ok(false)
}

/// A verifying key's points, in the order of its bytes.
struct Key<'a> {
    alpha: &'a [u8; 64],
    beta: &'a [u8; 128],
    gamma: &'a [u8; 128],
    delta: &'a [u8; 128],
    inputs: &'a [[u8; 64]],
}

impl<'a> Key<'a> {
    fn of(bytes: &'a [u8; VERIFYING_KEY_BYTES]) -> Option<Self> {
        let (alpha, rest) = parts(bytes)?;
        let (beta, rest) = parts(rest)?;
        let (gamma, rest) = parts(rest)?;
        let (delta, rest) = parts(rest)?;
        let (inputs, _) = rest.as_chunks();
        Some(Self {
            alpha,
            beta,
            gamma,
            delta,
            inputs,
        })
    }
}

fn parts<const N: usize>(bytes: &[u8]) -> Option<(&[u8; N], &[u8])> {
    bytes.split_first_chunk()
}
