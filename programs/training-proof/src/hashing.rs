//! SHA-256 as the statement's code takes it.

use solana_sha256_hasher::hashv;

/// SHA-256 of byte strings one after the other.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    hashv(parts).to_bytes()
}

/// The hash by which a nonce is fixed before it is shown: SHA-256 of "cyx/nonce/v1", the escrow's address
/// and the nonce, so that no nonce serves two jobs.
pub fn nonce_hash(escrow: &[u8; 32], nonce: &[u8; 32]) -> [u8; 32] {
    sha256(&[b"cyx/nonce/v1", escrow, nonce])
}
