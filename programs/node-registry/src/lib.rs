//! Registers server nodes, holds their stake, locks it per job and slashes it.
//!
//! A node's owner registers, stakes CYXWIZ and may take it out again after a cool-down. While a job
//! runs, job-escrow (and nobody else) locks part of that stake, and at settlement releases it or
//! cuts it. Pausing stops registrations and new locks, never an exit.
#![deny(unused_must_use)]
// Anchor's macros expand to cfgs and results of their own, and re-export what `instructions` names alike.
#![allow(
    unexpected_cfgs,
    ambiguous_glob_reexports,
    clippy::result_large_err,
    clippy::diverging_sub_expression
)]

pub mod creation;
pub mod errors;
pub mod events;
pub mod instructions;
pub mod state;
pub mod tokens;
pub mod upgrade;

use anchor_lang::prelude::*;
pub use cyxwiz_economics::stake as math;
use cyxwiz_sbf_builtins as _;

pub use errors::RegistryError;
pub use instructions::*;
pub use state::*;

declare_id!("ATBK6bWfivHqD4T1NEraYWKi2HoMn99gGqXQ9VLWre1H");

#[cfg(not(feature = "no-entrypoint"))]
solana_security_txt::security_txt! {
    name: "CyxWiz node-registry",
    project_url: "https://cyxwiz.com",
    contacts: "email:security@cyxwiz.com",
    policy: "See SECURITY.md in the source repository",
    preferred_languages: "en"
}

#[program]
pub mod node_registry {
    use super::*;

    /// Creates the config, the insurance vault and the reward vault. Signed by the program's upgrade authority, who becomes the admin.
    pub fn initialize(ctx: Context<Initialize>, args: InitializeArgs) -> Result<()> {
        instructions::initialize(ctx, args)
    }

    /// Replaces the parameters, within their bounds. Signed by the admin.
    pub fn update_config(ctx: Context<Administer>, params: Params) -> Result<()> {
        instructions::update_config(ctx, params)
    }

    /// Names the next admin, who takes over with `accept_admin`. Signed by the admin.
    pub fn propose_admin(ctx: Context<Administer>, admin: Pubkey) -> Result<()> {
        instructions::propose_admin(ctx, admin)
    }

    /// Completes the hand-over. Signed by the proposed admin.
    pub fn accept_admin(ctx: Context<AcceptAdmin>) -> Result<()> {
        instructions::accept_admin(ctx)
    }

    /// Stops or allows registrations and new locks. Signed by the admin.
    pub fn set_paused(ctx: Context<Administer>, paused: bool) -> Result<()> {
        instructions::set_paused(ctx, paused)
    }

    /// Creates the signer's node account and stake vault.
    pub fn register(ctx: Context<Register>, profile: NodeProfile) -> Result<()> {
        instructions::register(ctx, profile)
    }

    /// Replaces endpoint and hardware description, and announces another certificate fingerprint, which
    /// counts after the notice; the present one withdraws the announcement. Signed by the owner.
    pub fn update(ctx: Context<Update>, profile: NodeProfile) -> Result<()> {
        instructions::update(ctx, profile)
    }

    /// Deposits stake, which from now on stays for the minimum lock. Signed by the owner.
    pub fn stake(ctx: Context<Stake>, amount: u64) -> Result<()> {
        instructions::stake(ctx, amount)
    }

    /// Starts the cool-down for part of the free stake. Signed by the owner.
    pub fn request_unstake(ctx: Context<RequestUnstake>, amount: u64) -> Result<()> {
        instructions::request_unstake(ctx, amount)
    }

    /// Pays out what was requested, once cool-down and lock have passed. Signed by the owner.
    pub fn withdraw(ctx: Context<Withdraw>) -> Result<()> {
        instructions::withdraw(ctx)
    }

    /// Pays the reward that has accrued, as far as the reward vault reaches. Signed by the owner.
    pub fn claim_reward(ctx: Context<ClaimReward>) -> Result<()> {
        instructions::claim_reward(ctx)
    }

    /// Notes a sign of life, at most one an hour. Signed by the owner.
    pub fn heartbeat(ctx: Context<Heartbeat>) -> Result<()> {
        instructions::heartbeat(ctx)
    }

    /// Locks the stake that a job of this size (base units) requires. By CPI from job-escrow.
    pub fn lock_for_job(ctx: Context<LockForJob>, job_amount: u64) -> Result<()> {
        instructions::lock_for_job(ctx, job_amount)
    }

    /// Releases the lock of a job that the node has not failed. By CPI from job-escrow.
    pub fn unlock(ctx: Context<Unlock>) -> Result<()> {
        instructions::unlock(ctx)
    }

    /// Releases the lock of a job that the node has failed; the third failure within the window also
    /// slashes. By CPI from job-escrow.
    pub fn unlock_failed(ctx: Context<Release>) -> Result<()> {
        instructions::unlock_failed(ctx)
    }

    /// Releases a job's lock and cuts the stake for `reason`, which counts as a failure. By CPI from
    /// job-escrow.
    pub fn slash(ctx: Context<Release>, reason: SlashReason) -> Result<()> {
        instructions::slash(ctx, reason)
    }

    /// Releases a job's lock, cuts the stake for a lost dispute (half of it to the user), bans the node
    /// and pays the user `insurance_payout` base units out of the insurance vault. By CPI from job-escrow.
    pub fn slash_dispute(ctx: Context<SlashDispute>, insurance_payout: u64) -> Result<()> {
        instructions::slash_dispute(ctx, insurance_payout)
    }
}
