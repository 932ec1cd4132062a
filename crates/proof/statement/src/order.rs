//! Which batch each step trains on. The node has no say: a trajectory is valid only in this order.

use crate::{Digest, Sample};

/// The seed of a job's batch order. The escrow's address follows from the user and the job id that
/// the user draws, so a trajectory made for one job fits no other.
pub fn order_seed(escrow: &[u8; 32], sha256: impl Fn(&[&[u8]]) -> Digest) -> Digest {
    sha256(&[b"cyx/order/v1", escrow])
}

/// The order of batches within one epoch: step j takes batch (multiplier·j + offset) mod 2^bits.
/// The multiplier is odd, so 2^bits steps see each batch once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchOrder {
    multiplier: u32,
    offset: u32,
    mask: u32,
}

impl BatchOrder {
    /// The order of `epoch` (from 1) among 2^`batch_bits` batches. Multiplier and offset are the
    /// first two words (u32, big-endian) of SHA-256 of the seed and the epoch (u16, big-endian), the
    /// former's last bit set.
    pub fn of_epoch(
        seed: &Digest,
        epoch: u16,
        batch_bits: u8,
        sha256: impl Fn(&[&[u8]]) -> Digest,
    ) -> Self {
        let [m0, m1, m2, m3, o0, o1, o2, o3, ..] = sha256(&[seed, &epoch.to_be_bytes()]);
        Self {
            multiplier: u32::from_be_bytes([m0, m1, m2, m3]) | 1,
            offset: u32::from_be_bytes([o0, o1, o2, o3]),
            mask: (1 << batch_bits) - 1,
        }
    }

    /// The batch that `step` (from 0) trains on.
    pub const fn batch(&self, step: u16) -> u32 {
        // The modulus is a power of two, so wrapping at 2^32 changes nothing.
        self.multiplier
            .wrapping_mul(step as u32)
            .wrapping_add(self.offset)
            & self.mask
    }

    /// The sample that examines `step` of the epoch this order was made for.
    pub const fn sample(&self, epoch: u16, step: u16) -> Sample {
        Sample {
            epoch,
            step,
            batch: self.batch(step),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::collections::HashSet;

    use super::*;
    use crate::sha256;

    #[test]
    fn an_epoch_as_long_as_the_dataset_sees_each_batch_once() {
        let seed = order_seed(&[7; 32], sha256);
        for epoch in 1..=20 {
            let order = BatchOrder::of_epoch(&seed, epoch, 8, sha256);
            let seen: HashSet<_> = (0..256).map(|step| order.batch(step)).collect();
            assert_eq!(seen.len(), 256);
        }
    }

    #[test]
    fn jobs_and_epochs_have_their_own_order() {
        let first = |escrow: u8, epoch| {
            let seed = order_seed(&[escrow; 32], sha256);
            let order = BatchOrder::of_epoch(&seed, epoch, 20, sha256);
            [order.batch(0), order.batch(1), order.batch(2)]
        };
        let orders: HashSet<_> = [first(1, 1), first(1, 2), first(2, 1)].into();
        assert_eq!(orders.len(), 3);
    }
}
