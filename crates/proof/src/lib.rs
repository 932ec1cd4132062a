//! Proof of training: what is committed, what is proven, and how it is verified.
//!
//! | folder | what is there |
//! |---|---|
//! | [`field`], [`poseidon`] | field elements and the hash, as circom and Solana have them |
//! | [`commitment`] | Merkle trees; the state and metrics that audited jobs commit to |
//! | [`transcript`] | the hash chain over a run's epochs, and the proof's one public input |
//! | [`intsgd`] | IntSGD-v1: exact training in integers, and its repetition by anyone |
//! | [`circuit`] | what a proof shows, as constraints |
//! | [`groth16`] | prover, verifier, and their bytes on Solana |
//! | [`keys`] | development keys, the gate for every key, keys on disk |
//! | [`job`] | from a job's spec, rows and record to what is committed, proven and checked |
//! | [`ceremony`] | constraints out to a multi-party ceremony, its key back |
//!
//! What the program shares with all this (the statement's words, the drawing of challenges, the
//! registry of circuits) is in `cyxwiz-statement`. A proof in short:
//!
//! 1. The node trains by a [`Recipe`](intsgd::Recipe) and records a
//!    [`Transcript`](transcript::Transcript), whose heads it streams as epochs end.
//! 2. Root and trained weights' commitment go on the chain; then a
//!    [`Challenge`](cyxwiz_statement::Challenge) is drawn that neither party could foresee.
//! 3. The node opens the steps asked for ([`RevealedStep`](circuit::RevealedStep)) and proves
//!    ([`Prover`](groth16::Prover)).
//! 4. The program recomputes the [`public_input`](transcript::public_input) from its own accounts and
//!    verifies. The user recomputes the commitment of the weights received.
//!
//! What a proof does not show: that steps which were not sampled are honest (a run with one false step
//! among T passes with probability 1 − K/T; repeating the run finds it), or anything about the work
//! where the circuit shows the transcript alone.
//!
//! Nothing here uses the network or reads a clock, and randomness is passed in. The only files are
//! proving keys.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod ceremony;
pub mod circuit;
pub mod commitment;
pub mod field;
pub mod groth16;
pub mod intsgd;
pub mod job;
pub mod keys;
pub mod poseidon;
#[cfg(test)]
mod sample_job;
pub mod transcript;
