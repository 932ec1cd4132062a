//! The batches of a job, and the root that binds them.

use cyxwiz_statement::Training;

use super::Batch;
use crate::{commitment::MerkleTree, field::Fr};

/// A dataset split into 2^batch_bits batches. Fewer are repeated from the first on until the tree is
/// full, so that any number fits a circuit.
#[derive(Debug, Clone)]
pub struct Dataset {
    batches: Vec<Batch>,
    tree: MerkleTree,
}

/// Batches that make no dataset of a circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DatasetError {
    /// No batch at all.
    #[error("the dataset has no rows")]
    Empty,
    /// More than the circuit's tree has leaves.
    #[error(
        "the dataset has {given} batches where the circuit has room for {room}; choose a larger circuit"
    )]
    Batches {
        /// Batches given.
        given: usize,
        /// 2^batch_bits.
        room: usize,
    },
    /// A batch of other dimensions.
    #[error("batch {0} has other dimensions than the circuit")]
    Shape(usize),
}

impl Dataset {
    /// The dataset of these batches.
    pub fn new(training: &Training, batches: Vec<Batch>) -> Result<Self, DatasetError> {
        let room = 1 << training.batch_bits;
        let given = batches.len();
        if given == 0 {
            return Err(DatasetError::Empty);
        }
        if given > room {
            return Err(DatasetError::Batches { given, room });
        }
        let rows = usize::from(training.batch);
        let fits = |batch: &Batch| {
            batch.features.len() == rows * usize::from(training.inputs)
                && batch.targets.len() == rows * usize::from(training.outputs)
        };
        if let Some(index) = batches.iter().position(|batch| !fits(batch)) {
            return Err(DatasetError::Shape(index));
        }
        let leaves: Vec<Fr> = batches.iter().map(Batch::commitment).collect();
        let leaves = leaves.iter().cycle().take(room).copied().collect();
        let tree = MerkleTree::new(usize::from(training.batch_bits), leaves);
        Ok(Self { batches, tree })
    }

    /// The root that the statement names.
    pub fn root(&self) -> Fr {
        self.tree.root()
    }

    /// The batch at a leaf of the tree.
    pub fn batch(&self, index: u32) -> &Batch {
        &self.batches[index as usize % self.batches.len()]
    }

    /// The siblings from that leaf up to the root.
    pub fn path(&self, index: u32) -> Vec<Fr> {
        self.tree.path(index as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commitment::root_of_path,
        intsgd::blobs::{self, TINY},
    };

    #[test]
    fn batches_repeat_until_the_tree_is_full() {
        let batches = blobs::batches(&TINY, 5, 1);
        let data = Dataset::new(&TINY, batches.clone()).unwrap();
        for index in 0..16_u32 {
            assert_eq!(data.batch(index), &batches[index as usize % 5]);
            let leaf = data.batch(index).commitment();
            let root = root_of_path(leaf, index as usize, &data.path(index));
            assert_eq!(root, data.root());
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut batches = blobs::batches(&TINY, 17, 1);
        let refused = Dataset::new(&TINY, batches.clone()).unwrap_err();
        assert_eq!(
            refused,
            DatasetError::Batches {
                given: 17,
                room: 16
            }
        );
        batches.truncate(2);
        batches[1].features.pop();
        assert_eq!(
            Dataset::new(&TINY, batches).unwrap_err(),
            DatasetError::Shape(1)
        );
        assert_eq!(
            Dataset::new(&TINY, vec![]).unwrap_err(),
            DatasetError::Empty
        );
    }
}
