//! The chunk manifest: SHA-256 of each 256 KiB of a dataset, and one Merkle root
//! over them that the escrow stores.

use std::{
    io::{self, Read},
    ops::Range,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::id::Digest;

/// Bytes of every chunk but the last.
pub const CHUNK_BYTES: u32 = 256 * 1024;

/// Domain of the root: version 1 of this construction.
const ROOT_DOMAIN: &[u8] = b"cyxwiz/dataset/v1";
/// Prefixes that keep a leaf from ever being read as a node.
const LEAF: u8 = 0x00;
const NODE: u8 = 0x01;

/// Length and chunk hashes of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Manifest {
    len: u64,
    chunk_size: u32,
    hashes: Vec<Digest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    len: u64,
    chunk_size: u32,
    hashes: Vec<Digest>,
}

impl TryFrom<Unchecked> for Manifest {
    type Error = ManifestError;

    fn try_from(raw: Unchecked) -> Result<Self, ManifestError> {
        Self::new(raw.len, raw.chunk_size, raw.hashes)
    }
}

/// Why a manifest is refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Nothing to train on.
    #[error("the dataset is empty")]
    Empty,
    /// Only one chunk size exists.
    #[error("the manifest has chunks of {0} bytes; they must be of {CHUNK_BYTES}")]
    ChunkSize(u32),
    /// Hashes do not match the length.
    #[error("a dataset of {len} bytes has {expected} chunks, but the manifest lists {actual}")]
    Count {
        /// Bytes of the dataset.
        len: u64,
        /// Chunks of that many bytes.
        expected: u64,
        /// Hashes listed.
        actual: usize,
    },
    /// The dataset could not be read.
    #[error("cannot read the dataset: {0}")]
    Read(#[from] io::Error),
}

/// Why a chunk is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// No such chunk.
    #[error("chunk {index} does not exist; the dataset has {count}")]
    OutOfRange {
        /// Index given.
        index: u32,
        /// Chunks that exist.
        count: u32,
    },
    /// Too short or too long.
    #[error("chunk {index} has {actual} bytes, expected {expected}")]
    Length {
        /// Which chunk.
        index: u32,
        /// Bytes given.
        actual: usize,
        /// Bytes of that chunk.
        expected: usize,
    },
    /// Other bytes than the manifest's.
    #[error(
        "chunk {index} is corrupted: its SHA-256 is {actual}, expected {expected}; send it again"
    )]
    Hash {
        /// Which chunk.
        index: u32,
        /// Of the bytes given.
        actual: Digest,
        /// Of the manifest.
        expected: Digest,
    },
}

impl Manifest {
    /// A manifest from its parts, as received from someone else.
    ///
    /// # Errors
    /// [`ManifestError`] when the parts contradict each other.
    pub fn new(len: u64, chunk_size: u32, hashes: Vec<Digest>) -> Result<Self, ManifestError> {
        if len == 0 {
            return Err(ManifestError::Empty);
        }
        if chunk_size != CHUNK_BYTES {
            return Err(ManifestError::ChunkSize(chunk_size));
        }
        let expected = len.div_ceil(u64::from(chunk_size));
        // Chunks are numbered in 32 bits on the wire.
        if hashes.len() as u64 != expected || u32::try_from(expected).is_err() {
            let actual = hashes.len();
            return Err(ManifestError::Count {
                len,
                expected,
                actual,
            });
        }
        Ok(Self {
            len,
            chunk_size,
            hashes,
        })
    }

    /// Reads a dataset to its end, holding one chunk at a time.
    ///
    /// # Errors
    /// [`ManifestError::Read`] and [`ManifestError::Empty`].
    pub fn of(mut reader: impl Read) -> Result<Self, ManifestError> {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES as usize);
        let (mut len, mut hashes) = (0, Vec::new());
        loop {
            chunk.clear();
            reader
                .by_ref()
                .take(u64::from(CHUNK_BYTES))
                .read_to_end(&mut chunk)?;
            if chunk.is_empty() {
                return Self::new(len, CHUNK_BYTES, hashes);
            }
            len += chunk.len() as u64;
            hashes.push(Digest::of(&chunk));
        }
    }

    /// Bytes of the dataset.
    #[allow(clippy::len_without_is_empty, reason = "a manifest is never empty")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Bytes of every chunk but the last.
    pub fn chunk_size(&self) -> u32 {
        self.chunk_size
    }

    /// SHA-256 of each chunk in order.
    pub fn hashes(&self) -> &[Digest] {
        &self.hashes
    }

    /// Number of chunks, at least 1.
    pub fn chunk_count(&self) -> u32 {
        u32::try_from(self.hashes.len()).expect("checked by `new`")
    }

    /// Bytes of the dataset that chunk `index` covers; `None` beyond the last.
    pub fn chunk_range(&self, index: u32) -> Option<Range<u64>> {
        let size = u64::from(self.chunk_size);
        let start = u64::from(index) * size;
        (index < self.chunk_count()).then(|| start..self.len.min(start + size))
    }

    /// Checks the bytes of chunk `index`.
    ///
    /// # Errors
    /// [`ChunkError`].
    pub fn verify_chunk(&self, index: u32, bytes: &[u8]) -> Result<(), ChunkError> {
        let range = self.chunk_range(index).ok_or(ChunkError::OutOfRange {
            index,
            count: self.chunk_count(),
        })?;
        let expected = usize::try_from(range.end - range.start).expect("a chunk fits in memory");
        if bytes.len() != expected {
            let actual = bytes.len();
            return Err(ChunkError::Length {
                index,
                actual,
                expected,
            });
        }
        let (actual, expected) = (Digest::of(bytes), self.hashes[index as usize]);
        if actual != expected {
            return Err(ChunkError::Hash {
                index,
                actual,
                expected,
            });
        }
        Ok(())
    }

    /// The Merkle root over the chunks, with the length and the chunk size bound
    /// in: what the escrow's `dataset_root` must be.
    ///
    /// `leaf = H(00 | chunk hash)`, `node = H(01 | left | right)` (the last of an
    /// odd row moves up as it is), `root = H(domain | len | chunk size | top)`
    /// with the numbers little-endian.
    pub fn root(&self) -> [u8; 32] {
        let mut row: Vec<[u8; 32]> = self.hashes.iter().map(|h| hash(&[&[LEAF], &h.0])).collect();
        while row.len() > 1 {
            row = row
                .chunks(2)
                .map(|pair| match pair {
                    [left, right] => hash(&[&[NODE], left, right]),
                    [single] => *single,
                    _ => unreachable!("chunks of two"),
                })
                .collect();
        }
        let (len, size) = (self.len.to_le_bytes(), self.chunk_size.to_le_bytes());
        hash(&[ROOT_DOMAIN, &len, &size, &row[0]])
    }
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(len: usize, seed: u8) -> Vec<u8> {
        (0..len).map(|i| (i % 251) as u8 ^ seed).collect()
    }

    /// Lengths around the chunk borders.
    fn lengths() -> impl Strategy<Value = usize> {
        (0usize..4, 0usize..5).prop_map(|(chunks, extra)| chunks * CHUNK_BYTES as usize + extra + 1)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn every_chunk_verifies_and_no_other_bytes_do(len in lengths(), seed: u8, flip: usize) {
            let data = bytes(len, seed);
            let manifest = Manifest::of(data.as_slice()).expect("manifest");
            prop_assert_eq!(manifest.len(), len as u64);
            for index in 0..manifest.chunk_count() {
                let range = manifest.chunk_range(index).expect("in range");
                let mut chunk = data[range.start as usize..range.end as usize].to_vec();
                prop_assert_eq!(manifest.verify_chunk(index, &chunk), Ok(()));
                let at = flip % chunk.len();
                chunk[at] ^= 1;
                let refused = matches!(manifest.verify_chunk(index, &chunk), Err(ChunkError::Hash { .. }));
                prop_assert!(refused);
                chunk.pop();
                let refused = matches!(manifest.verify_chunk(index, &chunk), Err(ChunkError::Length { .. }));
                prop_assert!(refused);
            }
        }

        #[test]
        fn any_changed_byte_changes_the_root(len in lengths(), flip: usize) {
            let mut data = bytes(len, 0);
            let root = Manifest::of(data.as_slice()).expect("manifest").root();
            let at = flip % len;
            data[at] ^= 0x80;
            prop_assert_ne!(root, Manifest::of(data.as_slice()).expect("manifest").root());
        }

        #[test]
        fn json_round_trips(len in lengths()) {
            let manifest = Manifest::of(bytes(len, 1).as_slice()).expect("manifest");
            let json = serde_json::to_vec(&manifest).expect("json");
            prop_assert_eq!(serde_json::from_slice::<Manifest>(&json).expect("read"), manifest);
        }
    }

    #[test]
    fn the_root_binds_length_and_structure() {
        let hashes = |n: u8| (0..n).map(|i| Digest([i; 32])).collect::<Vec<_>>();
        let chunk = u64::from(CHUNK_BYTES);
        let manifest = |len, n| Manifest::new(len, CHUNK_BYTES, hashes(n)).expect("manifest");
        assert_ne!(
            manifest(3 * chunk, 3).root(),
            manifest(3 * chunk - 1, 3).root()
        );
        // A row of two whose leaves are the nodes of a row of four is another tree.
        let node = |a: u8, b: u8| {
            let leaf = |i: u8| hash(&[&[LEAF], &[i; 32]]);
            Digest(hash(&[&[NODE], &leaf(a), &leaf(b)]))
        };
        let forged = Manifest::new(2 * chunk, CHUNK_BYTES, vec![node(0, 1), node(2, 3)]);
        assert_ne!(
            manifest(4 * chunk, 4).root(),
            forged.expect("manifest").root()
        );
    }

    #[test]
    fn contradictions_are_refused() {
        let hash = Digest([0; 32]);
        assert!(matches!(
            Manifest::of(io::empty()),
            Err(ManifestError::Empty)
        ));
        assert!(matches!(
            Manifest::new(u64::from(CHUNK_BYTES) + 1, CHUNK_BYTES, vec![hash]),
            Err(ManifestError::Count {
                expected: 2,
                actual: 1,
                ..
            })
        ));
        assert!(matches!(
            Manifest::new(1, 4096, vec![hash]),
            Err(ManifestError::ChunkSize(4096))
        ));
        assert!(
            serde_json::from_str::<Manifest>(r#"{"len":0,"chunk_size":262144,"hashes":[]}"#)
                .is_err()
        );
    }
}
