//! Pre-activation to error signal: the hard sigmoid in bits.

use ark_ff::One as _;

use super::{builder::Builder, wire::Wire};
use crate::{
    field::{Fr, from_int},
    intsgd::{ERROR_BITS, SHIFT, SLOT_BITS, TARGET_OFF, TARGET_ON, ZERO_OFFSET},
};

/// Returns z as an integer of 50 bits signed and p − y for the mark of its class.
///
/// With u = z + 2^49 + 2^36 in 0..2^50: bit 49 of u says whether z + 2^36 is not negative, bits 27 to
/// 36 are ⌊z/2^27⌋ + 512 where that is in 0..1024, and any bit above says that it is not below 1024.
pub(super) fn describe(builder: &mut Builder, z: i64, mark: &Wire) -> (Wire, Wire) {
    let offset = (1 << (SLOT_BITS - 1)) + ZERO_OFFSET;
    let shifted = z.wrapping_add(offset) as u64;
    let bits = builder.bits("bits of scores", shifted, SLOT_BITS);
    let z = Wire::packed(1, &bits).plus_constant(from_int(-offset));

    let (top, integer) = (SLOT_BITS - 1, SHIFT + ERROR_BITS);
    let high = Wire::sum(bits[integer..top].iter().map(|bit| (Fr::one(), bit)));
    let checks = ["below 1024 is not over", "1024 and more is over"];
    let over = builder.is_nonzero(checks, &high);
    let low = Wire::packed(1, &bits[SHIFT..integer]);
    let capped = builder.select(&over, &Wire::number(1 << ERROR_BITS), &low);
    let p = builder.product(&bits[top], &capped);

    let target = mark.times(from_int(TARGET_ON - TARGET_OFF));
    let target = target.plus_constant(from_int(TARGET_OFF));
    (z, p.minus(&target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intsgd::error_signal;

    #[test]
    fn it_is_the_native_one_at_every_corner() {
        let unit = 1_i64 << SHIFT;
        let corners = [0, 1, 511, 512, 513, 1 << 12, (1 << 21) - 512];
        let mut recording = Builder::recording();
        recording.section("test");
        recording.witness(Fr::from(0_u64));
        let mark = recording.boolean("test", false);
        describe(&mut recording, 0, &mark);
        let r1cs = recording.into_r1cs().unwrap();
        for corner in corners.iter().flat_map(|c| [c * unit, -c * unit]) {
            for z in [corner - 1, corner, corner + 1] {
                for on in [false, true] {
                    let mut builder = Builder::assigning(r1cs.variables());
                    builder.witness(Fr::from(0_u64));
                    let mark = builder.boolean("test", on);
                    let (wire, error) = describe(&mut builder, z, &mark);
                    assert_eq!(wire.value, from_int(z));
                    assert_eq!(error.value, from_int(error_signal(z, on)), "{z}");
                    r1cs.check(&builder.into_assignment()).unwrap();
                }
            }
        }
    }
}
