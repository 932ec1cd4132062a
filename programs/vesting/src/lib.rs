//! Holds an allocation of tokens and pays it to its beneficiary over time: nothing before the cliff, then in
//! proportion to the time since the start, everything at the end.
//!
//! Nobody can take an allocation back, change its schedule or stop a claim: there is no admin and no config.
#![deny(unused_must_use)]
// Anchor's macros expand to cfgs and results of their own, and re-export what `instructions` names alike.
#![allow(
    unexpected_cfgs,
    ambiguous_glob_reexports,
    clippy::result_large_err,
    clippy::diverging_sub_expression
)]

pub mod errors;
pub mod events;
pub mod instructions;
pub mod state;

use anchor_lang::prelude::*;
pub use cyxwiz_economics::vesting as math;
use cyxwiz_sbf_builtins as _;

pub use errors::VestingError;
pub use instructions::*;
pub use state::*;

declare_id!("Hqubygu3RqQoRqjdMHqVJeQwWP5i5HEYEU3EbZsSgBek");

#[cfg(not(feature = "no-entrypoint"))]
solana_security_txt::security_txt! {
    name: "CyxWiz vesting",
    project_url: "https://cyxwiz.com",
    contacts: "email:security@cyxwiz.com",
    policy: "See SECURITY.md in the source repository",
    preferred_languages: "en"
}

#[program]
pub mod vesting {
    use super::*;

    /// Creates and funds an allocation. Signed by the funder, and by whoever pays the rent.
    pub fn create_vesting(ctx: Context<CreateVesting>, args: CreateVestingArgs) -> Result<()> {
        instructions::create_vesting(ctx, args)
    }

    /// Pays what has vested and was not claimed yet. Signed by the beneficiary, who names the account.
    pub fn claim(ctx: Context<Claim>) -> Result<()> {
        instructions::claim(ctx)
    }

    /// Names the next beneficiary, who takes over with `accept_beneficiary`. Signed by the beneficiary.
    pub fn propose_beneficiary(ctx: Context<ProposeBeneficiary>, next: Pubkey) -> Result<()> {
        instructions::propose_beneficiary(ctx, next)
    }

    /// Completes the hand-over. Signed by the proposed beneficiary.
    pub fn accept_beneficiary(ctx: Context<AcceptBeneficiary>) -> Result<()> {
        instructions::accept_beneficiary(ctx)
    }

    /// Closes an allocation that was paid in full; the rent goes back to who paid it. Anyone.
    pub fn close(ctx: Context<Close>) -> Result<()> {
        instructions::close(ctx)
    }
}
