//! The on-chain programs as native code, in a small stand-in for the runtime, so that a coverage-guided
//! fuzzer can drive them: [`instructions`] throws hostile instructions at whole programs, [`books`] random
//! arguments at the accounts' own methods. Both also run in ordinary tests, on what fuzzing has found.

// Accounts reach a native program as the runtime lays them out in memory, which takes raw pointers.
#![allow(unsafe_code)]

mod bank;
pub mod books;
pub mod bytes;
pub mod instructions;
mod loaded;
mod proven;
mod runtime;
mod scene;
mod system;
mod token;

pub use bank::{Account, Bank};
