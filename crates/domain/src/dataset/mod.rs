//! Datasets: the chunk manifest that binds the bytes, and the rows in them.

mod csv;
mod idx;
mod manifest;
mod npy;
mod room;
mod safetensors;
mod split;
mod table;
mod text;

pub use manifest::{CHUNK_BYTES, ChunkError, Manifest, ManifestError};
pub use split::{Split, epoch_order};
pub use table::{DatasetError, Table};

#[cfg(test)]
mod tests;
