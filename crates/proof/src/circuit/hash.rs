//! Hashes inside the circuit.

use super::{builder::Builder, wire::Wire};
use crate::{
    field::Fr,
    poseidon::{self, MAX_INPUTS, RATE, Tag, parameters::Form, parameters::HALF_FULL_ROUNDS},
};

impl Builder {
    /// Poseidon. Only the S-boxes cost constraints, three each, and those of fixed words nothing:
    /// 240 for two words, 297 for four, 381 for seven, 504 for twelve.
    pub fn poseidon(&mut self, words: &[Wire]) -> Wire {
        let parameters = poseidon::parameters(words.len() + 1);
        let (before, after) = parameters.full.split_at(HALF_FULL_ROUNDS);
        let mut state = vec![Wire::zero()];
        state.extend_from_slice(words);
        for constants in &before[..HALF_FULL_ROUNDS - 1] {
            state = mix(&parameters.mds, &self.s_boxes(&state, constants));
        }
        // The partial rounds: every S-box's input is one form over these wires.
        let mut wires = self.s_boxes(&state, &before[HALF_FULL_ROUNDS - 1]);
        for form in &parameters.closed {
            let output = self.s_box(&evaluate(form, &wires));
            wires.push(output);
        }
        let end = parameters.closed_end.iter();
        state = end.map(|form| evaluate(form, &wires)).collect();
        for constants in &after[..HALF_FULL_ROUNDS - 1] {
            state = mix(&parameters.mds, &self.s_boxes(&state, constants));
        }
        let last = self.s_boxes(&state, &after[HALF_FULL_ROUNDS - 1]);
        Wire::sum(parameters.mds[0].iter().copied().zip(&last))
    }

    fn s_boxes(&mut self, state: &[Wire], constants: &[Fr]) -> Vec<Wire> {
        let lanes = state.iter().zip(constants);
        lanes
            .map(|(lane, constant)| self.s_box(&lane.clone().plus_constant(*constant)))
            .collect()
    }

    /// x⁵.
    fn s_box(&mut self, x: &Wire) -> Wire {
        let square = self.product(x, x);
        let fourth = self.product(&square, &square);
        self.product(&fourth, x)
    }

    /// The hash of a vector, see [`poseidon::hash_vector`].
    pub fn hash_vector(&mut self, tag: Tag, words: &[Wire]) -> Wire {
        let mut state = Wire::constant(poseidon::head(tag, words.len()));
        for chunk in words.chunks(RATE) {
            let mut block = vec![state];
            block.extend_from_slice(chunk);
            block.resize(MAX_INPUTS, Wire::zero());
            state = self.poseidon(&block);
        }
        state
    }

    /// The root that a leaf leads to, its index in bits (lowest first), its siblings as given.
    pub fn merkle_root(&mut self, leaf: &Wire, index: &[Wire], siblings: &[Fr]) -> Wire {
        let mut node = leaf.clone();
        for (bit, sibling) in index.iter().zip(siblings) {
            let sibling = self.witness(*sibling);
            let left = self.select(bit, &sibling, &node);
            let right = node.plus(&sibling).minus(&left);
            node = self.poseidon(&[left, right]);
        }
        node
    }
}

fn mix(mds: &[Vec<Fr>], state: &[Wire]) -> Vec<Wire> {
    let row = |row: &Vec<Fr>| Wire::sum(row.iter().copied().zip(state));
    mds.iter().map(row).collect()
}

fn evaluate(form: &Form, wires: &[Wire]) -> Wire {
    Wire::sum(form.coefficients.iter().copied().zip(wires)).plus_constant(form.constant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{commitment::MerkleTree, poseidon::hash_vector};

    /// Describes twice, records once: constraints, values and satisfaction together.
    fn built(describe: impl Fn(&mut Builder) -> Wire) -> (usize, Fr) {
        let mut recording = Builder::recording();
        recording.section("test");
        recording.witness(Fr::from(0_u64));
        describe(&mut recording);
        let r1cs = recording.into_r1cs().unwrap();
        let mut assigning = Builder::assigning(r1cs.variables());
        assigning.witness(Fr::from(0_u64));
        let value = describe(&mut assigning).value;
        r1cs.check(&assigning.into_assignment()).unwrap();
        (r1cs.constraints(), value)
    }

    #[test]
    fn poseidon_is_the_native_one() {
        for (count, constraints) in [(2, 240), (4, 297), (7, 381), (12, 504)] {
            let words: Vec<Fr> = (1..=count).map(|i| Fr::from(i * 77)).collect();
            let built = built(|builder| {
                let words: Vec<_> = words.iter().map(|word| builder.witness(*word)).collect();
                builder.poseidon(&words)
            });
            assert_eq!(built, (constraints, poseidon::hash(&words)), "{count}");
        }
    }

    #[test]
    fn vectors_and_paths_are_the_native_ones() {
        let words: Vec<Fr> = (0..30_u64).map(Fr::from).collect();
        let (_, hash) = built(|builder| {
            let words: Vec<_> = words.iter().map(|word| builder.witness(*word)).collect();
            builder.hash_vector(Tag::Batch, &words)
        });
        assert_eq!(hash, hash_vector(Tag::Batch, &words));
        let tree = MerkleTree::new(5, words.clone());
        for index in [0, 13, 29] {
            let (_, root) = built(|builder| {
                let bits = builder.bits("test", index, 5);
                let leaf = builder.witness(words[index as usize]);
                builder.merkle_root(&leaf, &bits, &tree.path(index as usize))
            });
            assert_eq!(root, tree.root());
        }
    }
}
