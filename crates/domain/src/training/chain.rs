//! The checkpoint chain: each epoch's hash commits to all before it, and the
//! first to the job. No timestamps, so that anyone can recompute it.

use sha2::{Digest as _, Sha256};

const GENESIS: &[u8] = b"cyxwiz/checkpoint-genesis/v1";
const STEP: &[u8] = b"cyxwiz/checkpoint/v1";

/// The chain before the first epoch: bound to the escrow account (its 32 bytes),
/// the spec and the data.
pub fn chain_genesis(escrow: [u8; 32], spec_hash: [u8; 32], dataset_root: [u8; 32]) -> [u8; 32] {
    let hasher = Sha256::new_with_prefix(GENESIS);
    let hasher = hasher.chain_update(escrow).chain_update(spec_hash);
    hasher.chain_update(dataset_root).finalize().into()
}

/// The chain after `epoch` (from 1), whose checkpoint file has the SHA-256
/// `checkpoint_sha`. The epoch goes in as four bytes, little-endian.
pub fn chain_next(prev: [u8; 32], epoch: u32, checkpoint_sha: [u8; 32]) -> [u8; 32] {
    let hasher = Sha256::new_with_prefix(STEP).chain_update(prev);
    let hasher = hasher.chain_update(epoch.to_le_bytes());
    hasher.chain_update(checkpoint_sha).finalize().into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_input_moves_the_hash() {
        let (a, b) = ([1; 32], [2; 32]);
        let hashes = [
            chain_genesis(a, a, a),
            chain_genesis(b, a, a),
            chain_genesis(a, b, a),
            chain_genesis(a, a, b),
            chain_next(a, 1, a),
            chain_next(b, 1, a),
            chain_next(a, 2, a),
            chain_next(a, 1, b),
        ];
        assert_eq!(hashes.iter().collect::<HashSet<_>>().len(), hashes.len());
    }

    /// Values computed with Python's hashlib.
    #[test]
    fn the_construction_is_pinned() {
        let genesis = chain_genesis([1; 32], [2; 32], [3; 32]);
        let next = chain_next(genesis, 1, [4; 32]);
        assert_eq!(
            hex::encode(genesis),
            "d928609e2028d1daf38c050986475ced7dd3d74493b64eb8b5e0ca1b368ff2c3"
        );
        assert_eq!(
            hex::encode(next),
            "734a8c2c2e7b6027277012df285e5fd9da3f2773bcf7c2ad6d458b1da6cdddcd"
        );
    }
}
