//! What an audited job commits to: the whole state that training goes on from, so that an auditor
//! can repeat any segment.

use crate::field::{Fr, from_digest, sha256};

/// The state of a training run at the end of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentState {
    /// SHA-256 of the weights file.
    pub weights: [u8; 32],
    /// SHA-256 of the optimiser's state.
    pub optimizer: [u8; 32],
    /// SHA-256 of the random number generators' state.
    pub random: [u8; 32],
    /// The epoch under way, from 1.
    pub epoch: u32,
    /// Batches of that epoch already trained on.
    pub batch: u64,
}

impl SegmentState {
    /// A leaf of the transcript: SHA-256 of "cyxwiz/segment/v1" and the fields in order, integers
    /// big-endian, cut to 248 bits.
    pub fn commitment(&self) -> Fr {
        from_digest(sha256(&[
            b"cyxwiz/segment/v1",
            &self.weights,
            &self.optimizer,
            &self.random,
            &self.epoch.to_be_bytes(),
            &self.batch.to_be_bytes(),
        ]))
    }
}

/// After how many batches each segment of an epoch ends: evenly spaced, the last at the epoch's end. An
/// epoch has as many segments as the circuit has `leaves`, or as it has `batches` where those are
/// fewer; it then repeats its last leaf.
pub fn segment_ends(batches: u64, leaves: u32) -> impl Iterator<Item = u64> {
    let segments = batches.min(u64::from(leaves));
    (1..=segments).map(move |segment| segment * batches / segments)
}

/// The word of an epoch's metrics (loss, accuracy, …, in the order of the job's report): SHA-256 of
/// "cyxwiz/metrics/v1" and the numbers' bits, big-endian, cut to 248 bits. It fixes what the node
/// claimed; it does not make it true.
pub fn commit_metrics(values: &[f64]) -> Fr {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_bits().to_be_bytes())
        .collect();
    from_digest(sha256(&[b"cyxwiz/metrics/v1", &bytes]))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_part_of_the_state_moves_the_leaf() {
        let base = SegmentState {
            weights: [1; 32],
            optimizer: [1; 32],
            random: [1; 32],
            epoch: 1,
            batch: 1,
        };
        let other = [2; 32];
        let states = [
            base,
            SegmentState {
                weights: other,
                ..base
            },
            SegmentState {
                optimizer: other,
                ..base
            },
            SegmentState {
                random: other,
                ..base
            },
            SegmentState { epoch: 2, ..base },
            SegmentState { batch: 2, ..base },
        ];
        let leaves: HashSet<_> = states.iter().map(SegmentState::commitment).collect();
        assert_eq!(leaves.len(), states.len());
    }

    #[test]
    fn segments_are_alike_and_end_with_the_epoch() {
        let ends = |batches, leaves| segment_ends(batches, leaves).collect::<Vec<_>>();
        assert_eq!(ends(3, 16), [1, 2, 3]);
        assert_eq!(ends(64, 64), (1..=64).collect::<Vec<_>>());
        assert_eq!(ends(10, 4), [2, 5, 7, 10]);
        assert_eq!(ends(0, 16), [0; 0]);
        for batches in 16..200 {
            let ends = ends(batches, 16);
            assert_eq!((ends.len(), ends.last()), (16, Some(&batches)));
            assert!(ends.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn metrics_are_told_apart_to_the_bit() {
        assert_ne!(commit_metrics(&[0.0]), commit_metrics(&[-0.0]));
        assert_ne!(commit_metrics(&[0.5, 0.9]), commit_metrics(&[0.9, 0.5]));
    }
}
