//! Σ scalar·point, the bulk of a prover's time: Pippenger's method with signed digits, whose bucket
//! sums are taken in affine coordinates. An affine addition needs a division, but a batch of them
//! shares one, so that each costs about six multiplications instead of eleven.

use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ff::{
    AdditiveGroup as _, Field as _, One as _, PrimeField as _, Zero as _, batch_inversion,
};
use ark_std::cfg_iter;
#[cfg(feature = "parallel")]
use rayon::prelude::*;

use crate::field::Fr;

/// Scalars cut into signed digits, to be used with several lists of points.
pub(super) struct Digits {
    /// Bits of a digit.
    bits: usize,
    /// From the lowest digit: those of all scalars, −2^(bits−1) to 2^(bits−1).
    windows: Vec<Vec<i32>>,
}

impl Digits {
    pub fn of(scalars: &[Fr]) -> Self {
        // About ln n + 2: more buckets cost more than fewer windows save.
        let bits = (scalars.len().max(2).ilog2() as usize * 69 / 100 + 2).max(3);
        let count = (Fr::MODULUS_BIT_SIZE as usize + 1).div_ceil(bits);
        let digits: Vec<Vec<i32>> = cfg_iter!(scalars)
            .map(|scalar| signed_digits(&scalar.into_bigint().0, bits, count))
            .collect();
        let window = |w: usize| digits.iter().map(|digits| digits[w]).collect();
        Self {
            bits,
            windows: (0..count).map(window).collect(),
        }
    }

    /// Σ scalar·point over the scalars from `start` on.
    pub fn sum<P: SWCurveConfig>(&self, start: usize, points: &[Affine<P>]) -> Projective<P> {
        let windows: Vec<Projective<P>> = cfg_iter!(self.windows)
            .map(|digits| window_sum(self.bits, &digits[start..], points))
            .collect();
        let mut total = Projective::zero();
        for window in windows.iter().rev() {
            for _ in 0..self.bits {
                total.double_in_place();
            }
            total += window;
        }
        total
    }
}

/// The digits of one scalar, from the lowest.
fn signed_digits(limbs: &[u64; 4], bits: usize, count: usize) -> Vec<i32> {
    let (base, mut carry) = (1_i64 << bits, 0);
    let digit = |w: usize| {
        let (limb, shift) = (w * bits / 64, w * bits % 64);
        let low = limbs.get(limb).map_or(0, |limb| limb >> shift);
        let high = match limbs.get(limb + 1) {
            Some(limb) if shift > 0 => limb << (64 - shift),
            _ => 0,
        };
        let digit = ((low | high) & (base as u64 - 1)) as i64 + carry;
        carry = i64::from(digit > base / 2);
        (digit - carry * base) as i32
    };
    (0..count).map(digit).collect()
}

/// Σ digit·point.
fn window_sum<P: SWCurveConfig>(
    bits: usize,
    digits: &[i32],
    points: &[Affine<P>],
) -> Projective<P> {
    let (sorted, lengths) = sort(1 << (bits - 1), digits, points);
    let buckets = add_up(sorted, lengths);
    // Σ (b + 1)·bucket[b], by adding up the sums from the highest bucket on.
    let (mut running, mut total) = (Projective::<P>::zero(), Projective::zero());
    for bucket in buckets.iter().rev() {
        running += bucket;
        total += running;
    }
    total
}

/// Points in the order of their digits' magnitudes, negated where the digit is, and how many there
/// are of each magnitude from 1. Digits of zero and identities are left out.
fn sort<P: SWCurveConfig>(
    buckets: usize,
    digits: &[i32],
    points: &[Affine<P>],
) -> (Vec<Affine<P>>, Vec<usize>) {
    let used = || {
        let pairs = digits.iter().zip(points);
        pairs.filter(|(digit, point)| **digit != 0 && !point.infinity)
    };
    let bucket = |digit: i32| digit.unsigned_abs() as usize - 1;
    let mut lengths = vec![0; buckets];
    used().for_each(|(digit, _)| lengths[bucket(*digit)] += 1);
    let mut next: Vec<usize> = lengths
        .iter()
        .scan(0, |end, length| {
            let start = *end;
            *end += length;
            Some(start)
        })
        .collect();
    let mut sorted = vec![Affine::identity(); lengths.iter().sum()];
    for (digit, point) in used() {
        let place = &mut next[bucket(*digit)];
        sorted[*place] = if *digit < 0 { -*point } else { *point };
        *place += 1;
    }
    (sorted, lengths)
}

/// The sum of each run of `lengths` points. Neighbours are added until one point of each run is left,
/// all pairs of a round sharing one division.
fn add_up<P: SWCurveConfig>(mut points: Vec<Affine<P>>, mut lengths: Vec<usize>) -> Vec<Affine<P>> {
    while lengths.iter().any(|length| *length > 1) {
        let mut inverses: Vec<P::BaseField> = pairs(&points, &lengths)
            .filter_map(|pair| Some(denominator(&pair[0], pair.get(1)?)))
            .collect();
        batch_inversion(&mut inverses);
        let mut inverses = inverses.into_iter();
        points = pairs(&points, &lengths)
            .map(|pair| match pair {
                [first, second] => {
                    let inverse = inverses.next().expect("one for each pair");
                    add(first, second, inverse)
                }
                _ => pair[0],
            })
            .collect();
        lengths
            .iter_mut()
            .for_each(|length| *length = length.div_ceil(2));
    }
    let mut points = points.into_iter();
    let sum = |length| match length {
        0 => Some(Affine::identity()),
        _ => points.next(),
    };
    lengths.into_iter().filter_map(sum).collect()
}

/// Each run of points in pairs; the last of an odd run is alone.
fn pairs<'a, T>(mut points: &'a [T], lengths: &'a [usize]) -> impl Iterator<Item = &'a [T]> {
    lengths.iter().flat_map(move |length| {
        let (run, rest) = points.split_at(*length);
        points = rest;
        run.chunks(2)
    })
}

/// What the slope of the line through two points is divided by; one where there is no slope.
fn denominator<P: SWCurveConfig>(a: &Affine<P>, b: &Affine<P>) -> P::BaseField {
    if a.infinity || b.infinity {
        P::BaseField::one()
    } else if a.x != b.x {
        b.x - a.x
    } else if a.y == b.y {
        a.y.double()
    } else {
        P::BaseField::one()
    }
}

/// a + b, given the inverse of the denominator.
fn add<P: SWCurveConfig>(a: &Affine<P>, b: &Affine<P>, inverse: P::BaseField) -> Affine<P> {
    if a.infinity {
        return *b;
    }
    if b.infinity {
        return *a;
    }
    let rise = if a.x != b.x {
        b.y - a.y
    } else if a.y == b.y {
        let square = a.x.square();
        square.double() + square + P::COEFF_A
    } else {
        return Affine::identity();
    };
    let slope = rise * inverse;
    let x = slope.square() - a.x - b.x;
    Affine::new_unchecked(x, slope * (a.x - x) - a.y)
}

#[cfg(test)]
mod tests {
    use ark_bn254::{g1, g2};
    use ark_ec::{CurveGroup as _, VariableBaseMSM as _};
    use ark_ff::UniformRand as _;
    use rand::{Rng as _, SeedableRng as _};

    use super::*;

    fn agrees<P: SWCurveConfig<ScalarField = Fr>>(count: usize) {
        let mut random = rand_chacha::ChaCha20Rng::seed_from_u64(count as u64);
        let some: Vec<Affine<P>> = (0..9)
            .map(|_| Projective::rand(&mut random).into_affine())
            .collect();
        // Few points, so that the same and opposite ones meet in a bucket.
        let point = |random: &mut rand_chacha::ChaCha20Rng| match random.gen_range(0..20) {
            i @ 0..9 => some[i],
            i @ 9..18 => -some[i - 9],
            18 => Affine::identity(),
            _ => Projective::rand(random).into_affine(),
        };
        let scalar = |random: &mut rand_chacha::ChaCha20Rng| match random.gen_range(0..6) {
            0 => Fr::zero(),
            1 => Fr::one(),
            2 => -Fr::one(),
            3 => Fr::from(1_u64 << 63),
            _ => Fr::rand(random),
        };
        let points: Vec<_> = (0..count).map(|_| point(&mut random)).collect();
        let scalars: Vec<_> = (0..count).map(|_| scalar(&mut random)).collect();
        let digits = Digits::of(&scalars);
        for start in [0, count / 3] {
            let sum = digits.sum(start, &points[start..]);
            let expected = Projective::msm_unchecked(&points[start..], &scalars[start..]);
            assert_eq!(sum, expected, "{count} from {start}");
        }
    }

    #[test]
    fn it_is_the_sum() {
        for count in [0, 1, 2, 5, 33, 300, 2000] {
            agrees::<g1::Config>(count);
        }
        agrees::<g2::Config>(300);
    }
}
