//! Binary Merkle trees over Poseidon of two words.

use ark_ff::Zero as _;

use crate::{field::Fr, poseidon};

/// A full binary tree; missing leaves are 0.
#[derive(Debug, Clone)]
pub struct MerkleTree {
    /// From the leaves to the root.
    layers: Vec<Vec<Fr>>,
}

impl MerkleTree {
    /// The tree of depth `depth` over these leaves.
    ///
    /// # Panics
    /// If there are more than 2^depth leaves.
    pub fn new(depth: usize, leaves: Vec<Fr>) -> Self {
        assert!(leaves.len() <= 1 << depth, "more leaves than the tree has");
        let mut layers = vec![leaves];
        for empty in empty_roots().take(depth) {
            let below = layers.last().expect("there is always a layer");
            let parent = |pair: &[Fr]| {
                let right = pair.get(1).copied().unwrap_or(empty);
                poseidon::hash(&[pair[0], right])
            };
            layers.push(below.chunks(2).map(parent).collect());
        }
        Self { layers }
    }

    /// The root.
    pub fn root(&self) -> Fr {
        let top = self.layers.last().and_then(|layer| layer.first());
        // A tree without leaves has empty layers.
        let empty = || empty_roots().nth(self.layers.len() - 1);
        top.copied()
            .or_else(empty)
            .expect("the sequence has no end")
    }

    /// The siblings from the leaf `index` up.
    pub fn path(&self, index: usize) -> Vec<Fr> {
        let below_root = &self.layers[..self.layers.len() - 1];
        let sibling = |((level, layer), empty): ((usize, &Vec<Fr>), Fr)| {
            let at = (index >> level) ^ 1;
            layer.get(at).copied().unwrap_or(empty)
        };
        let levels = below_root.iter().enumerate();
        levels.zip(empty_roots()).map(sibling).collect()
    }

    /// The leaves given.
    pub fn leaves(&self) -> &[Fr] {
        &self.layers[0]
    }
}

/// The root that a leaf, its index and its siblings lead to.
pub fn root_of_path(leaf: Fr, index: usize, path: &[Fr]) -> Fr {
    let step = |node: Fr, (level, sibling): (usize, &Fr)| {
        if (index >> level) & 1 == 1 {
            poseidon::hash(&[*sibling, node])
        } else {
            poseidon::hash(&[node, *sibling])
        }
    };
    path.iter().enumerate().fold(leaf, step)
}

/// The roots of trees of depth 0, 1, 2, … whose leaves are all 0.
pub(crate) fn empty_roots() -> impl Iterator<Item = Fr> {
    std::iter::successors(Some(Fr::zero()), |root| {
        Some(poseidon::hash(&[*root, *root]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_opens_to_the_root_and_nowhere_else() {
        for count in [1, 2, 5, 8] {
            let leaves: Vec<Fr> = (1..=count).map(Fr::from).collect();
            let tree = MerkleTree::new(3, leaves.clone());
            let mut full = leaves.clone();
            full.resize(8, Fr::zero());
            assert_eq!(tree.root(), MerkleTree::new(3, full.clone()).root());
            for (index, leaf) in full.iter().enumerate() {
                let path = tree.path(index);
                assert_eq!(path.len(), 3);
                assert_eq!(root_of_path(*leaf, index, &path), tree.root());
                let elsewhere = root_of_path(*leaf, index ^ 1, &path) == tree.root();
                assert_eq!(elsewhere, full[index ^ 1] == *leaf);
            }
        }
        let none = MerkleTree::new(3, vec![]);
        assert_eq!(none.root(), MerkleTree::new(3, vec![Fr::zero()]).root());
        let single = MerkleTree::new(0, vec![Fr::from(9_u64)]);
        assert_eq!((single.root(), single.path(0)), (Fr::from(9_u64), vec![]));
    }
}
