//! Keys that no single party can forge with: our constraints go out in the format that the iden3
//! tools (snarkjs, p0tion) run a ceremony on, and its key comes back.

mod binary;
mod r1cs_file;
mod zkey;

pub use r1cs_file::write_r1cs;
pub use zkey::{ZkeyError, read_zkey};

#[cfg(test)]
mod tests;
