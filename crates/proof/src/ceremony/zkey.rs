//! Reads a ceremony's key from a snarkjs `.zkey` file (Groth16, version 1).
//!
//! Points are affine, coordinates little-endian in Montgomery form, the identity all zeros. The
//! file's copy of the constraints is not read: the prover has its own, and a key made for others
//! makes no proof that verifies. Whether the ceremony itself was run on our constraints is for
//! `snarkjs zkey verify` with the file that [`write_r1cs`](super::write_r1cs) wrote.

use ark_bn254::{Bn254, Fq, Fq2, G1Affine, G2Affine};
use ark_ff::{BigInt, BigInteger as _, PrimeField as _};
use ark_groth16::{ProvingKey, VerifyingKey};
use cyxwiz_statement::Circuit;

use super::binary::{Reader, sections};
use crate::{
    circuit::{PUBLIC_INPUTS, R1cs},
    field::Fr,
    groth16::{ProveError, Prover},
};

/// Section numbers of the format.
const PROTOCOL: u32 = 1;
const HEADER: u32 = 2;
const INPUTS: u32 = 3;
const POINTS_A: u32 = 5;
const POINTS_B1: u32 = 6;
const POINTS_B2: u32 = 7;
const POINTS_C: u32 = 8;
const POINTS_H: u32 = 9;

/// The protocol's number of Groth16.
const GROTH16: u32 = 1;

/// Why a file is no key of a circuit.
#[derive(Debug, thiserror::Error)]
pub enum ZkeyError {
    /// Not a Groth16 key over BN254, or cut short.
    #[error(
        "the file is no Groth16 key over BN254 ({0}); take the .zkey file that the ceremony ended with"
    )]
    Format(&'static str),
    /// Made for other constraints.
    #[error(
        "the key is for {key} variables where the circuit has {circuit}; take the key of this circuit's ceremony"
    )]
    Circuit {
        /// Variables of the key.
        key: usize,
        /// Variables of the circuit.
        circuit: usize,
    },
    /// It does not fit the prover.
    #[error(transparent)]
    Prove(#[from] ProveError),
}

/// A prover with the key of a ceremony that was run on `constraints`. Check its verifying key with
/// [`check_key`](crate::keys::check_key) before relying on it.
pub fn read_zkey(circuit: &Circuit, constraints: R1cs, bytes: &[u8]) -> Result<Prover, ZkeyError> {
    let sections = sections(bytes, b"zkey").ok_or(ZkeyError::Format("sections"))?;
    let section = |kind, name| {
        let found = sections.iter().find(|(found, _)| *found == kind);
        let (_, content) = found.ok_or(ZkeyError::Format(name))?;
        Ok::<_, ZkeyError>(Reader(content))
    };
    if section(PROTOCOL, "protocol")?.u32() != Some(GROTH16) {
        return Err(ZkeyError::Format("protocol"));
    }
    let header = section(HEADER, "header")?;
    let header = Header::read(header).ok_or(ZkeyError::Format("header"))?;
    let variables = constraints.variables();
    if header.variables != variables || header.public != PUBLIC_INPUTS {
        return Err(ZkeyError::Circuit {
            key: header.variables,
            circuit: variables,
        });
    }
    let g1 = |kind, name, count| {
        let mut reader = section(kind, name)?;
        let points = (0..count).map(|_| read_g1(&mut reader)).collect();
        Option::<Vec<G1Affine>>::ok_or(points, ZkeyError::Format(name))
    };
    let mut reader = section(POINTS_B2, "B in G2")?;
    let b_g2 = (0..variables).map(|_| read_g2(&mut reader)).collect();
    let key = ProvingKey {
        vk: VerifyingKey {
            gamma_abc_g1: g1(INPUTS, "inputs", 1 + PUBLIC_INPUTS)?,
            ..header.key
        },
        beta_g1: header.beta_g1,
        delta_g1: header.delta_g1,
        a_query: g1(POINTS_A, "A", variables)?,
        b_g1_query: g1(POINTS_B1, "B in G1", variables)?,
        b_g2_query: Option::<Vec<G2Affine>>::ok_or(b_g2, ZkeyError::Format("B in G2"))?,
        l_query: g1(POINTS_C, "C", variables - 1 - PUBLIC_INPUTS)?,
        h_query: g1(POINTS_H, "H", header.domain)?,
    };
    Ok(Prover::new(*circuit, constraints, key)?)
}

struct Header {
    variables: usize,
    public: usize,
    domain: usize,
    /// Without the inputs' points.
    key: VerifyingKey<Bn254>,
    beta_g1: G1Affine,
    delta_g1: G1Affine,
}

impl Header {
    fn read(mut reader: Reader<'_>) -> Option<Self> {
        for modulus in [Fq::MODULUS.to_bytes_le(), Fr::MODULUS.to_bytes_le()] {
            let length = reader.u32()? as usize;
            if reader.take(length)? != modulus {
                return None;
            }
        }
        let variables = reader.u32()? as usize;
        let public = reader.u32()? as usize;
        let domain = reader.u32()? as usize;
        let alpha_g1 = read_g1(&mut reader)?;
        let beta_g1 = read_g1(&mut reader)?;
        let beta_g2 = read_g2(&mut reader)?;
        let gamma_g2 = read_g2(&mut reader)?;
        let delta_g1 = read_g1(&mut reader)?;
        let delta_g2 = read_g2(&mut reader)?;
        Some(Self {
            variables,
            public,
            domain,
            key: VerifyingKey {
                alpha_g1,
                beta_g2,
                gamma_g2,
                delta_g2,
                gamma_abc_g1: Vec::new(),
            },
            beta_g1,
            delta_g1,
        })
    }
}

/// A coordinate; `None` if it is not smaller than the modulus.
fn read_fq(reader: &mut Reader<'_>) -> Option<Fq> {
    let mut limbs = [0; 4];
    for limb in &mut limbs {
        *limb = reader.u64()?;
    }
    let limbs = BigInt(limbs);
    (limbs < Fq::MODULUS).then(|| Fq::new_unchecked(limbs))
}

fn read_g1(reader: &mut Reader<'_>) -> Option<G1Affine> {
    let (x, y) = (read_fq(reader)?, read_fq(reader)?);
    if x == Fq::from(0_u64) && y == Fq::from(0_u64) {
        return Some(G1Affine::identity());
    }
    let point = G1Affine::new_unchecked(x, y);
    point.is_on_curve().then_some(point)
}

fn read_g2(reader: &mut Reader<'_>) -> Option<G2Affine> {
    let x = Fq2::new(read_fq(reader)?, read_fq(reader)?);
    let y = Fq2::new(read_fq(reader)?, read_fq(reader)?);
    let zero = Fq2::from(0_u64);
    if x == zero && y == zero {
        return Some(G2Affine::identity());
    }
    let point = G2Affine::new_unchecked(x, y);
    point.is_on_curve().then_some(point)
}
