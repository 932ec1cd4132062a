//! Elements of BN254's scalar field, and how bytes and integers become them.

use ark_ff::{BigInteger as _, Field as _, PrimeField as _};
use cyxwiz_statement::Word;

pub use ark_bn254::Fr;

/// Bytes that are no field element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a word is not smaller than the field's order; take words from this crate or reduce digests to 248 bits"
)]
pub struct NotCanonical;

/// The element that a word stands for. Only the one canonical word of each element is taken.
pub fn from_word(word: &Word) -> Result<Fr, NotCanonical> {
    let element = Fr::from_be_bytes_mod_order(word);
    (to_word(element) == *word)
        .then_some(element)
        .ok_or(NotCanonical)
}

/// The canonical word of an element: 32 bytes, big-endian.
pub fn to_word(element: Fr) -> Word {
    let bytes = element.into_bigint().to_bytes_be();
    bytes.try_into().expect("four limbs are 32 bytes")
}

/// A SHA-256 digest, its first byte dropped, as an element.
pub fn from_digest(digest: [u8; 32]) -> Fr {
    Fr::from_be_bytes_mod_order(&cyxwiz_statement::truncate(digest))
}

/// An integer as an element; negative ones count down from the field's order.
pub fn from_int(int: i64) -> Fr {
    let magnitude = Fr::from(int.unsigned_abs());
    if int < 0 { -magnitude } else { magnitude }
}

/// 2^exponent.
pub(crate) fn power_of_two(exponent: usize) -> Fr {
    Fr::from(2_u64).pow([exponent as u64])
}

/// Digits, given from the lowest, in base 2^bits.
pub(crate) fn pack(bits: usize, digits: impl IntoIterator<Item = i64>) -> Fr {
    let base = power_of_two(bits);
    let digits: Vec<i64> = digits.into_iter().collect();
    // Horner's rule, from the highest digit.
    digits
        .iter()
        .rev()
        .fold(Fr::from(0_u64), |sum, digit| sum * base + from_int(*digit))
}

/// SHA-256 of byte strings one after the other.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    use sha2::Digest as _;
    let mut hasher = sha2::Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_one_form() {
        let order = Fr::MODULUS.to_bytes_be();
        let mut word: Word = order.try_into().unwrap();
        assert_eq!(from_word(&word), Err(NotCanonical));
        word[31] -= 1;
        assert_eq!(from_word(&word), Ok(-Fr::from(1_u64)));
        assert_eq!(to_word(from_int(-1)), word);
        assert_eq!(from_word(&[0xff; 32]), Err(NotCanonical));
    }

    #[test]
    fn digits_are_packed_from_the_lowest() {
        assert_eq!(pack(8, [1, 2, 3]), Fr::from(0x03_02_01_u64));
        assert_eq!(pack(8, [0, -1]), from_int(-256));
    }
}
