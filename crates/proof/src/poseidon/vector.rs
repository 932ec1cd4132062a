//! A hash of vectors: Merkle and Damgård's construction over Poseidon of twelve words.

use ark_ff::Zero as _;

use super::{MAX_INPUTS, hash};
use crate::field::{Fr, power_of_two};

/// Words of the vector that one call takes in, after the state.
pub(crate) const RATE: usize = MAX_INPUTS - 1;

/// What a hashed vector is, so that none passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// Packed weights.
    Weights = 1,
    /// A packed batch of rows.
    Batch = 2,
    /// What the circuit's random point is drawn from.
    Point = 3,
}

/// The first word: tag·2^32 + length.
pub(crate) fn head(tag: Tag, length: usize) -> Fr {
    Fr::from(tag as u64) * power_of_two(32) + Fr::from(length as u64)
}

/// The hash of a vector of fewer than 2^32 words: state ← Poseidon(state, next eleven words), from
/// the state tag·2^32 + length, the last call filled up with zeros.
pub fn hash_vector(tag: Tag, words: &[Fr]) -> Fr {
    let mut state = head(tag, words.len());
    for chunk in words.chunks(RATE) {
        let mut block = [Fr::zero(); MAX_INPUTS];
        block[0] = state;
        block[1..=chunk.len()].copy_from_slice(chunk);
        state = hash(&block);
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_length_and_order_count() {
        let words: Vec<Fr> = (1..=23_u64).map(Fr::from).collect();
        let base = hash_vector(Tag::Weights, &words);
        let mut swapped = words.clone();
        swapped.swap(3, 20);
        let mut longer = words.clone();
        longer.push(Fr::zero());
        assert_ne!(base, hash_vector(Tag::Batch, &words));
        assert_ne!(base, hash_vector(Tag::Weights, &swapped));
        assert_ne!(base, hash_vector(Tag::Weights, &longer));
        assert_ne!(base, hash_vector(Tag::Weights, &words[..22]));
    }
}
