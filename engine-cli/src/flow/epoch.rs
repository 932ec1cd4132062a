//! One epoch of a job, checked as it comes.

use cyxwiz_domain::Digest;
use cyxwiz_proof::field::from_word;
use cyxwiz_proto::training::v1 as pb;
use serde::{Deserialize, Serialize};

use super::session::WHO;
use crate::error::{Error, Result};

/// One epoch, as the node reported it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The node's number of the event.
    pub seq: u64,
    /// From 1.
    pub epoch: u32,
    /// Mean loss over the rows trained on; absent if it is not a finite number.
    pub train_loss: Option<f64>,
    /// Share of them that was right.
    pub train_accuracy: Option<f64>,
    /// Mean loss over the rows held out.
    pub test_loss: Option<f64>,
    /// Share of them that is right.
    pub test_accuracy: Option<f64>,
    /// Seconds of the epoch.
    pub seconds: f64,
    /// SHA-256 of the checkpoint's weights.
    pub weights_sha256: Digest,
    /// Their size.
    pub weights_bytes: u64,
    /// Chain hash after this epoch.
    pub checkpoint_hash: Digest,
    /// Head of the transcript's hash chain after this epoch, a field element; absent in a job without a proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Digest>,
    /// When the epoch ended as the transcript has it, Unix seconds; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<u64>,
}

impl EpochRecord {
    /// The record of the event numbered `seq`.
    ///
    /// # Errors
    /// [`Error::Protocol`] for a hash of another length, and for a head that is no field element.
    pub fn read(seq: u64, epoch: &pb::Epoch) -> Result<Self> {
        let nonsense = |error: &dyn std::fmt::Display| Error::Protocol {
            who: WHO,
            problem: format!("epoch {}: {error}", epoch.epoch),
        };
        let digest = |bytes: &[u8]| Digest::from_slice(bytes).map_err(|error| nonsense(&error));
        let head = match epoch.head.as_slice() {
            [] => None,
            bytes => Some(digest(bytes)?),
        };
        if let Some(head) = head {
            from_word(&head.0).map_err(|error| nonsense(&error))?;
        }
        Ok(Self {
            seq,
            epoch: epoch.epoch,
            train_loss: finite(epoch.train_loss),
            train_accuracy: finite(epoch.train_accuracy),
            test_loss: finite(epoch.test_loss),
            test_accuracy: finite(epoch.test_accuracy),
            seconds: finite(epoch.seconds).unwrap_or_default(),
            weights_sha256: digest(&epoch.weights_sha256)?,
            weights_bytes: epoch.weights_bytes,
            checkpoint_hash: digest(&epoch.checkpoint_hash)?,
            head,
            ended_at: (epoch.ended_at > 0).then_some(epoch.ended_at),
        })
    }
}

/// What a node has no number for comes as one that is not finite.
pub(super) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_a_field_element_or_nothing() {
        let told = |head: Vec<u8>| pb::Epoch {
            epoch: 1,
            checkpoint_hash: vec![1; 32],
            weights_sha256: vec![2; 32],
            head,
            ..pb::Epoch::default()
        };
        let read = |head| EpochRecord::read(1, &told(head));
        assert_eq!(read(vec![]).expect("none").head, None);
        let head = read(vec![1; 32]).expect("an element").head;
        assert_eq!(head, Some(Digest([1; 32])));
        for bad in [vec![0xff; 32], vec![1; 31]] {
            assert!(matches!(read(bad), Err(Error::Protocol { .. })));
        }
    }
}
