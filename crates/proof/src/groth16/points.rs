//! Curve points as Solana's system calls take them: coordinates of 32 bytes, big-endian; in G2 the
//! imaginary part of each coordinate first.

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::{
    AffineRepr as _,
    short_weierstrass::{Affine, SWCurveConfig},
};
use ark_ff::{BigInteger as _, PrimeField as _};

/// Bytes of a point of G1.
pub(super) const G1_BYTES: usize = 64;

/// Bytes of a point of G2.
pub(super) const G2_BYTES: usize = 128;

/// Bytes that are no point of the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a point of its group")]
pub struct PointError(
    /// Which point.
    pub &'static str,
);

pub(super) fn g1_bytes(point: &G1Affine) -> [u8; G1_BYTES] {
    join(&[point.x, point.y])
}

pub(super) fn g2_bytes(point: &G2Affine) -> [u8; G2_BYTES] {
    join(&[point.x.c1, point.x.c0, point.y.c1, point.y.c0])
}

/// Writes coordinates one after the other; the identity, which has none, as zeros.
fn join<const BYTES: usize>(coordinates: &[Fq]) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (place, coordinate) in bytes.chunks_mut(32).zip(coordinates) {
        place.copy_from_slice(&coordinate.into_bigint().to_bytes_be());
    }
    bytes
}

/// Takes a point other than the identity.
pub(super) fn g1_point(name: &'static str, bytes: &[u8]) -> Result<G1Affine, PointError> {
    let [x, y] = coordinates(name, bytes)?;
    in_group(name, G1Affine::new_unchecked(x, y))
}

/// Takes a point other than the identity.
pub(super) fn g2_point(name: &'static str, bytes: &[u8]) -> Result<G2Affine, PointError> {
    let [x1, x0, y1, y0] = coordinates(name, bytes)?;
    let point = G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1));
    in_group(name, point)
}

fn coordinates<const COUNT: usize>(
    name: &'static str,
    bytes: &[u8],
) -> Result<[Fq; COUNT], PointError> {
    let mut coordinates = [Fq::from(0_u64); COUNT];
    if bytes.len() != 32 * COUNT {
        return Err(PointError(name));
    }
    for (coordinate, bytes) in coordinates.iter_mut().zip(bytes.chunks(32)) {
        *coordinate = Fq::from_be_bytes_mod_order(bytes);
        if coordinate.into_bigint().to_bytes_be() != bytes {
            return Err(PointError(name));
        }
    }
    Ok(coordinates)
}

fn in_group<P: SWCurveConfig>(
    name: &'static str,
    point: Affine<P>,
) -> Result<Affine<P>, PointError> {
    let member = point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve();
    if member && !point.is_zero() {
        Ok(point)
    } else {
        Err(PointError(name))
    }
}
