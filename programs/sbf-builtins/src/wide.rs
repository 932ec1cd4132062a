//! 128-bit arithmetic under the names the compiler emits calls to.
//!
//! `extern "unadjusted"`: rustc would return a 128-bit value through memory, while LLVM's calls to
//! these symbols expect it in registers.

/// Low 128 bits of `a * b`; the same for signed and unsigned operands.
#[unsafe(no_mangle)]
unsafe extern "unadjusted" fn __multi3(a: i128, b: i128) -> i128 {
    let (a, b) = (a as u128, b as u128);
    let cross = high(a)
        .wrapping_mul(low(b))
        .wrapping_add(low(a).wrapping_mul(high(b)));
    let (product, carry) = widening_mul(low(a), low(b));
    join(carry.wrapping_add(cross), product) as i128
}

/// Quotient of `n / d`.
#[unsafe(no_mangle)]
unsafe extern "unadjusted" fn __udivti3(n: u128, d: u128) -> u128 {
    divide(n, d).0
}

/// Remainder of `n / d`.
#[unsafe(no_mangle)]
unsafe extern "unadjusted" fn __umodti3(n: u128, d: u128) -> u128 {
    divide(n, d).1
}

const fn low(value: u128) -> u64 {
    value as u64
}

const fn high(value: u128) -> u64 {
    (value >> 64) as u64
}

const fn join(high: u64, low: u64) -> u128 {
    ((high as u128) << 64) | low as u128
}

/// Schoolbook multiplication in 32-bit halves: (low, high) of the full product.
///
/// Nothing here can overflow; the wrapping operations keep overflow checks out, which the compiler
/// would turn into calls of `__multi3` itself.
const fn widening_mul(a: u64, b: u64) -> (u64, u64) {
    const HALF: u64 = 0xffff_ffff;
    let low = (a & HALF).wrapping_mul(b & HALF);
    let left = (a >> 32).wrapping_mul(b & HALF).wrapping_add(low >> 32);
    let right = (a & HALF).wrapping_mul(b >> 32).wrapping_add(left & HALF);
    let high = (a >> 32)
        .wrapping_mul(b >> 32)
        .wrapping_add(left >> 32)
        .wrapping_add(right >> 32);
    ((right << 32) | (low & HALF), high)
}

/// (quotient, remainder). The divisor is never 0: rustc checks before it calls.
fn divide(n: u128, d: u128) -> (u128, u128) {
    if high(n) == 0 && high(d) == 0 {
        let (n, d) = (low(n), low(d));
        return ((n / d) as u128, (n % d) as u128);
    }
    if d > n {
        return (0, n);
    }
    // Binary long division, starting where the divisor's highest bit meets the dividend's.
    let mut shift = d.leading_zeros().wrapping_sub(n.leading_zeros());
    let (mut rest, mut part, mut quotient) = (n, d << shift, 0u128);
    loop {
        quotient <<= 1;
        if rest >= part {
            rest = rest.wrapping_sub(part);
            quotient |= 1;
        }
        if shift == 0 {
            return (quotient, rest);
        }
        part >>= 1;
        shift = shift.wrapping_sub(1);
    }
}
