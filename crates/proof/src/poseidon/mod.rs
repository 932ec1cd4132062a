//! Poseidon over BN254 with circom's parameters: the hash of the `sol_poseidon` system call.

pub(crate) mod parameters;
mod permutation;
mod vector;

use std::sync::OnceLock;

use crate::field::Fr;
pub(crate) use parameters::Parameters;
pub(crate) use vector::{RATE, head};
pub use vector::{Tag, hash_vector};

/// The most words one call takes.
pub const MAX_INPUTS: usize = 12;

/// Poseidon of 1 to 12 words.
///
/// # Panics
/// On no words, or more than twelve.
pub fn hash(words: &[Fr]) -> Fr {
    match words.len() {
        1 => permutation::hash::<2>(words),
        2 => permutation::hash::<3>(words),
        3 => permutation::hash::<4>(words),
        4 => permutation::hash::<5>(words),
        5 => permutation::hash::<6>(words),
        6 => permutation::hash::<7>(words),
        7 => permutation::hash::<8>(words),
        8 => permutation::hash::<9>(words),
        9 => permutation::hash::<10>(words),
        10 => permutation::hash::<11>(words),
        11 => permutation::hash::<12>(words),
        12 => permutation::hash::<13>(words),
        count => panic!("Poseidon takes 1 to {MAX_INPUTS} words, not {count}"),
    }
}

/// The parameters of a state of `width` words, computed on first use.
pub(crate) fn parameters(width: usize) -> &'static Parameters {
    static CACHE: [OnceLock<Parameters>; MAX_INPUTS] = [const { OnceLock::new() }; MAX_INPUTS];
    CACHE[width - 2].get_or_init(|| Parameters::of_width(width))
}

#[cfg(test)]
mod tests {
    use ark_ff::UniformRand as _;
    use light_poseidon::{Poseidon, PoseidonHasher as _};
    use rand::{Rng as _, SeedableRng as _};
    use solana_poseidon::{Endianness, Parameters, hashv};

    use super::*;
    use crate::field::to_word;

    #[test]
    fn agrees_with_light_poseidon_at_every_width() {
        let mut random = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        for count in 1..=MAX_INPUTS {
            let mut reference = Poseidon::<Fr>::new_circom(count).unwrap();
            for _ in 0..3 {
                let words: Vec<Fr> = (0..count)
                    .map(|_| Fr::from(random.r#gen::<u128>()) * Fr::from(random.r#gen::<u128>()))
                    .collect();
                assert_eq!(hash(&words), reference.hash(&words).unwrap(), "{count}");
            }
        }
    }

    /// The system call's own code, as validators run it, at the widths that are used.
    #[test]
    fn agrees_with_light_poseidon_and_the_system_call() {
        let mut random = rand_chacha::ChaCha20Rng::seed_from_u64(2);
        let (zero, largest) = (Fr::from(0_u64), -Fr::from(1_u64));
        for count in [2, 4, 7, 12] {
            let mut reference = Poseidon::<Fr>::new_circom(count).unwrap();
            let mixed = |i| if i % 2 == 0 { zero } else { largest };
            let counting = (1..=count as u64).map(Fr::from).collect();
            let drawn = (0..count).map(|_| Fr::rand(&mut random)).collect();
            let mixed = (0..count).map(mixed).collect();
            for words in [
                vec![zero; count],
                vec![largest; count],
                mixed,
                counting,
                drawn,
            ] {
                let bytes: Vec<[u8; 32]> = words.iter().copied().map(to_word).collect();
                let bytes: Vec<&[u8]> = bytes.iter().map(|word| &word[..]).collect();
                let call = hashv(Parameters::Bn254X5, Endianness::BigEndian, &bytes).unwrap();
                let own = hash(&words);
                assert_eq!(own, reference.hash(&words).unwrap(), "{words:?}");
                assert_eq!(to_word(own), call.to_bytes(), "{words:?}");
            }
        }
    }

    /// The published vector of circomlib: poseidon([1, 2]).
    #[test]
    fn agrees_with_circomlib() {
        let hash = hash(&[Fr::from(1_u64), Fr::from(2_u64)]);
        assert_eq!(
            hex::encode(to_word(hash)),
            "115cc0f5e7d690413df64c6b9662e9cf2a3617f2743245519e19607a4417189a"
        );
    }
}
