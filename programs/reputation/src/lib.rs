//! Keeps what became of each node's and user's jobs, and computes the node's score from it.
//!
//! Outcomes are written by job-escrow's settlement itself, in the same transaction, so nobody can
//! forget or forge them. Ratings come from the user of a paid escrow, once; uptime from the coordinator,
//! which asks the nodes every 30 seconds.
#![deny(unused_must_use)]
// Anchor's macros expand to cfgs and results of their own, and re-export what `instructions` names alike.
#![allow(
    unexpected_cfgs,
    ambiguous_glob_reexports,
    clippy::result_large_err,
    clippy::diverging_sub_expression
)]

pub mod errors;
pub mod escrow_view;
pub mod events;
pub mod instructions;
pub mod state;

use anchor_lang::prelude::*;
pub use cyxwiz_economics::reputation as math;
use cyxwiz_sbf_builtins as _;

pub use errors::ReputationError;
pub use instructions::*;
pub use state::*;

declare_id!("2zNHKynmEMD6aCN3pLZt8J19xiwMoNmXz5L41y4uhPGC");

#[cfg(not(feature = "no-entrypoint"))]
solana_security_txt::security_txt! {
    name: "CyxWiz reputation",
    project_url: "https://cyxwiz.com",
    contacts: "email:security@cyxwiz.com",
    policy: "See SECURITY.md in the source repository",
    preferred_languages: "en"
}

#[program]
pub mod reputation {
    use super::*;

    /// Creates the config. Signed by the program's upgrade authority, who becomes the admin.
    pub fn initialize(ctx: Context<Initialize>, args: InitializeArgs) -> Result<()> {
        instructions::initialize(ctx, args)
    }

    /// Replaces the coordinator. Signed by the admin.
    pub fn update_config(ctx: Context<Administer>, coordinator: Pubkey) -> Result<()> {
        instructions::update_config(ctx, coordinator)
    }

    /// Names the next admin, who takes over with `accept_admin`. Signed by the admin.
    pub fn propose_admin(ctx: Context<Administer>, admin: Pubkey) -> Result<()> {
        instructions::propose_admin(ctx, admin)
    }

    /// Completes the hand-over. Signed by the proposed admin.
    pub fn accept_admin(ctx: Context<AcceptAdmin>) -> Result<()> {
        instructions::accept_admin(ctx)
    }

    /// Stops or allows new accounts, ratings and reports on uptime; outcomes are always recorded. Signed by the admin.
    pub fn set_paused(ctx: Context<Administer>, paused: bool) -> Result<()> {
        instructions::set_paused(ctx, paused)
    }

    /// Creates the record of a node's owner. Anyone may pay for it.
    pub fn open_node(ctx: Context<OpenNode>, owner: Pubkey) -> Result<()> {
        instructions::open_node(ctx, owner)
    }

    /// Creates the record of a user. Anyone may pay for it.
    pub fn open_user(ctx: Context<OpenUser>, user: Pubkey) -> Result<()> {
        instructions::open_user(ctx, user)
    }

    /// Counts a settled job for its node and user. By CPI from job-escrow.
    pub fn record(ctx: Context<Record>, outcome: Outcome) -> Result<()> {
        instructions::record(ctx, outcome)
    }

    /// Gives the node of a paid escrow 1 to 5 stars, once. Signed by the escrow's user.
    pub fn rate(ctx: Context<Rate>, stars: u8) -> Result<()> {
        instructions::rate(ctx, stars)
    }

    /// Gives the rent of a closed escrow's rating back to who paid it. Anyone.
    pub fn close_rating(ctx: Context<CloseRating>) -> Result<()> {
        instructions::close_rating(ctx)
    }

    /// Counts how often the nodes, whose records follow as remaining accounts, were found up since the last
    /// report; each at most hourly. Signed by the coordinator.
    pub fn batch_uptime<'info>(
        ctx: Context<'info, BatchUptime<'info>>,
        samples: Vec<UptimeSample>,
    ) -> Result<()> {
        instructions::batch_uptime(ctx, samples)
    }
}
