//! Keeps what a node commits to about a training run, draws which steps it must show, and verifies the
//! Groth16 proof of them.
//!
//! `Opened` by the user before a node takes the job, `Committed` by the node once, `Revealed` by anyone, `Verified`
//! by the node's proof. No money moves here: job-escrow reads the transcript and pays, or does not.
//!
//! A node says with every proof what it means to show. A proof for another statement, or one whose points are
//! none, is refused and changes nothing: it may be stale or damaged. But a well-formed proof for exactly the
//! transcript's statement that does not verify is a false claim with the node's signature: the transcript becomes
//! `Refuted`, and job-escrow slashes the node.
#![deny(unused_must_use)]
// Anchor's macros expand to cfgs and results of their own, and re-export what `instructions` names alike.
#![allow(
    unexpected_cfgs,
    ambiguous_glob_reexports,
    clippy::result_large_err,
    clippy::diverging_sub_expression
)]

#[cfg(all(feature = "mainnet", feature = "insecure-dev-keys"))]
compile_error!("a build for real money must not contain insecure development keys");

pub mod errors;
pub mod events;
mod hashing;
pub mod instructions;
pub mod slot_hashes;
pub mod state;
mod verifier;

use anchor_lang::prelude::*;
use cyxwiz_sbf_builtins as _;

pub use errors::ProofError;
pub use hashing::{nonce_hash, sha256};
pub use instructions::*;
pub use state::*;

declare_id!("FcP39FzjCFiqhdRZnNPAtpCJg7mhZ4B6Y4GVWBu2seoi");

#[cfg(not(feature = "no-entrypoint"))]
solana_security_txt::security_txt! {
    name: "CyxWiz training-proof",
    project_url: "https://cyxwiz.com",
    contacts: "email:security@cyxwiz.com",
    policy: "See SECURITY.md in the source repository",
    preferred_languages: "en"
}

#[program]
pub mod training_proof {
    use super::*;

    /// Fixes what a proof of an open escrow's job must show. Signed by the escrow's user, and by whoever pays the rent.
    pub fn open(ctx: Context<Open>, args: OpenArgs) -> Result<()> {
        instructions::open(ctx, args)
    }

    /// Fixes the outcome of the training, once. Signed by the owner of the escrow's node.
    pub fn commit(ctx: Context<Commit>, args: Commitment) -> Result<()> {
        instructions::commit(ctx, args)
    }

    /// Takes over the slot hash and nonces, and draws the challenge once nothing more is waited for. Anyone.
    pub fn reveal(ctx: Context<Reveal>, nonces: Nonces) -> Result<()> {
        instructions::reveal(ctx, nonces)
    }

    /// Verifies the proof of what `claim` says; a false one refutes the transcript. Signed by the owner of the
    /// escrow's node.
    pub fn verify(ctx: Context<Verify>, claim: Claim) -> Result<()> {
        instructions::verify(ctx, &claim)
    }

    /// Gives the rent back to who paid it, once the escrow is settled or gone. Anyone.
    pub fn close(ctx: Context<Close>) -> Result<()> {
        instructions::close(ctx)
    }
}
