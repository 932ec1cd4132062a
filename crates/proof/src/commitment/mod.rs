//! Commitments: to many values at once, and to what a training run is made of.

mod merkle;
mod segment;

pub(crate) use merkle::empty_roots;
pub use merkle::{MerkleTree, root_of_path};
pub use segment::{SegmentState, commit_metrics, segment_ends};
