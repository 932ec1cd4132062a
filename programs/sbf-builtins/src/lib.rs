//! What LLVM's BPF back end calls and a bare sBPF image lacks: memory and float routines
//! (from `solana-compiler-builtins`) and 128-bit multiplication and division.
//!
//! Needed only where the programs are built from packages alone (`scripts/build-programs`), whose
//! target calls its operating system "zkvm". Under the official platform tools, and on the host,
//! this crate is empty. A program pulls it in with `use cyxwiz_sbf_builtins as _;`.
#![no_std]
#![cfg_attr(
    target_os = "zkvm",
    feature(abi_unadjusted),
    allow(internal_features, improper_ctypes_definitions)
)]

#[cfg(target_os = "zkvm")]
use solana_compiler_builtins as _;

#[cfg(target_os = "zkvm")]
mod wide;
