//! Which blockhashes a transaction may name, and until when.

use std::collections::{HashMap, VecDeque};

use solana_hash::Hash;

/// Blocks for which a blockhash stays usable after the block that announced it, as on a real cluster.
pub const MAX_AGE: u64 = 150;

/// The blockhashes of the last [`MAX_AGE`] blocks and of the current one.
#[derive(Default)]
pub struct BlockhashQueue {
    order: VecDeque<Hash>,
    heights: HashMap<Hash, u64>,
    height: u64,
}

impl BlockhashQueue {
    /// Announces `hash` with the block at `height` and forgets what has become too old.
    pub fn push(&mut self, hash: Hash, height: u64) {
        self.height = height;
        self.heights.insert(hash, height);
        self.order.push_back(hash);
        while let Some(oldest) = self.order.front() {
            if self.is_valid(oldest) {
                break;
            }
            self.heights.remove(oldest);
            self.order.pop_front();
        }
    }

    /// True while a transaction naming `hash` may still be processed.
    pub fn is_valid(&self, hash: &Hash) -> bool {
        self.heights
            .get(hash)
            .is_some_and(|announced| self.height <= announced + MAX_AGE)
    }

    /// The newest blockhash and the last block height at which it is valid.
    pub fn latest(&self) -> (Hash, u64) {
        (
            self.order.back().copied().unwrap_or_default(),
            self.height + MAX_AGE,
        )
    }

    /// Valid blockhashes, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Hash> {
        self.order.iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_lives_for_exactly_150_blocks_after_its_own() {
        let hash = |n: u64| Hash::new_from_array([n as u8; 32]);
        let mut queue = BlockhashQueue::default();
        queue.push(hash(1), 7);
        assert_eq!(queue.latest(), (hash(1), 157));
        for height in 8..=157 {
            queue.push(hash(height), height);
            assert!(queue.is_valid(&hash(1)), "still valid at height {height}");
        }
        queue.push(hash(158), 158);
        assert!(!queue.is_valid(&hash(1)));
        assert_eq!(queue.newest_first().count(), 151);
    }
}
