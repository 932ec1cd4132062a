//! Escrows a user's tokens for one training job and pays, splits or refunds them.
//!
//! `Open` -> `Assigned` -> `Submitted` -> `Paid`, with the exits `Refunded`, `TimedOut`, `Cancelled`
//! and `Failed`, and the way `Disputed` -> `Resolved` out of a submission. From every state some party can move the money out alone within a bounded time, and
//! pausing stops none of these ways out. What a node has earned in an unfinished job is read from
//! receipts that the user signed, never from what the node says.
#![deny(unused_must_use)]
// Anchor's macros expand to cfgs and results of their own, and re-export what `instructions` names alike.
#![allow(
    unexpected_cfgs,
    ambiguous_glob_reexports,
    clippy::result_large_err,
    clippy::diverging_sub_expression
)]

mod calls;
pub mod errors;
pub mod events;
pub mod instructions;
pub mod receipt;
pub mod state;
pub mod transcript;

use anchor_lang::prelude::*;
pub use cyxwiz_economics::escrow as math;
use cyxwiz_sbf_builtins as _;

pub use errors::EscrowError;
pub use instructions::*;
pub use receipt::receipt_message;
pub use state::*;

declare_id!("GC6NRtqkz5Y3rCKNueivKQ81LNEwgoNJyRa5nh9ReSXW");

#[cfg(not(feature = "no-entrypoint"))]
solana_security_txt::security_txt! {
    name: "CyxWiz job-escrow",
    project_url: "https://cyxwiz.com",
    contacts: "email:security@cyxwiz.com",
    policy: "See SECURITY.md in the source repository",
    preferred_languages: "en"
}

#[program]
pub mod job_escrow {
    use super::*;

    /// Creates the config and the platform vault. Signed by the program's upgrade authority, who becomes the admin.
    pub fn initialize(ctx: Context<Initialize>, args: ConfigArgs) -> Result<()> {
        instructions::initialize(ctx, args)
    }

    /// Replaces keys and parameters, within their bounds. Signed by the admin.
    pub fn update_config(ctx: Context<Administer>, args: ConfigArgs) -> Result<()> {
        instructions::update_config(ctx, args)
    }

    /// Names the next admin, who takes over with `accept_admin`. Signed by the admin.
    pub fn propose_admin(ctx: Context<Administer>, admin: Pubkey) -> Result<()> {
        instructions::propose_admin(ctx, admin)
    }

    /// Completes the hand-over. Signed by the proposed admin.
    pub fn accept_admin(ctx: Context<AcceptAdmin>) -> Result<()> {
        instructions::accept_admin(ctx)
    }

    /// Stops or allows new escrows, top-ups and assignments. Signed by the admin.
    pub fn set_paused(ctx: Context<Administer>, paused: bool) -> Result<()> {
        instructions::set_paused(ctx, paused)
    }

    /// Splits all collected fees among stake rewards, development, liquidity and burning. Anyone.
    pub fn distribute(ctx: Context<Distribute>) -> Result<()> {
        instructions::distribute(ctx)
    }

    /// Creates and funds an escrow. Signed by the user.
    pub fn create_escrow(ctx: Context<CreateEscrow>, args: CreateEscrowArgs) -> Result<()> {
        instructions::create_escrow(ctx, args)
    }

    /// Adds to the funds of an open or assigned job. Signed by whoever pays.
    pub fn top_up(ctx: Context<TopUp>, amount: u64) -> Result<()> {
        instructions::top_up(ctx, amount)
    }

    /// Gives an assigned job more time. Signed by the user, before the deadline.
    pub fn extend_deadline(ctx: Context<ExtendDeadline>, extra_seconds: u32) -> Result<()> {
        instructions::extend_deadline(ctx, extra_seconds)
    }

    /// Names the node that does the job and locks its stake, if the escrow has the `terms` that the job
    /// was checked with. Signed by the coordinator.
    pub fn assign_node(ctx: Context<AssignNode>, terms: AssignTerms) -> Result<()> {
        instructions::assign_node(ctx, terms)
    }

    /// Notes the root of the checkpoints up to `epoch`. Signed by the node's owner.
    pub fn anchor_checkpoint(
        ctx: Context<AnchorCheckpoint>,
        epoch: u32,
        root: [u8; 32],
    ) -> Result<()> {
        instructions::anchor_checkpoint(ctx, epoch, root)
    }

    /// Notes a receipt whose signature the Ed25519 precompile has checked just before. Anyone.
    pub fn present_receipt(ctx: Context<PresentReceipt>, receipt: Receipt) -> Result<()> {
        instructions::present_receipt(ctx, receipt)
    }

    /// Declares the training done; where the job has a tier, with a verified proof. Signed by the node's owner,
    /// before the deadline.
    pub fn submit_completion(ctx: Context<SubmitCompletion>, args: Completion) -> Result<()> {
        instructions::submit_completion(ctx, args)
    }

    /// Pays a submitted job: at once, or after the acceptance window where audits must have their time. Signed by
    /// the user.
    pub fn accept(ctx: Context<Accept>) -> Result<()> {
        instructions::accept(ctx)
    }

    /// Pays a submitted job after its acceptance window. Anyone.
    pub fn release(ctx: Context<SettleByAnyone>) -> Result<()> {
        instructions::release(ctx)
    }

    /// Refunds an open job, or stops an assigned one before its deadline. Signed by the user.
    pub fn cancel(ctx: Context<Cancel>) -> Result<()> {
        instructions::cancel(ctx)
    }

    /// Splits a stopped job by the epochs the user saw. The node's owner, or anyone after the receipt window.
    pub fn settle_cancel(ctx: Context<SettleByAnyone>) -> Result<()> {
        instructions::settle_cancel(ctx)
    }

    /// Hands an assigned job back: everything to the user, and no penalty. Within an hour of the assignment and
    /// half of the job's time, unless work is held or committed to; or once no proof is possible any more. Signed by the node's owner.
    pub fn decline(ctx: Context<Decline>) -> Result<()> {
        instructions::decline(ctx)
    }

    /// Gives an assigned job up; the user pays for what it holds, or nothing where the job has a tier. Signed by
    /// the node's owner.
    pub fn fail(ctx: Context<EndFailed>) -> Result<()> {
        instructions::fail(ctx)
    }

    /// Ends a job past its deadline, slashes the node and counts a failure; the user pays for what it
    /// holds, or nothing where the job has a tier. Anyone.
    pub fn timeout_refund(ctx: Context<EndFailed>) -> Result<()> {
        instructions::timeout_refund(ctx)
    }

    /// Ends a job whose node has signed a proof that is none: all goes back to the user, and the node is slashed,
    /// which counts as a failure. Anyone.
    pub fn settle_refuted(ctx: Context<EndFailed>) -> Result<()> {
        instructions::settle_refuted(ctx)
    }

    /// Disputes a submitted job, for a bond, before anyone may release it. Signed by the user.
    pub fn open_dispute(ctx: Context<OpenDispute>, evidence: [u8; 32]) -> Result<()> {
        instructions::open_dispute(ctx, evidence)
    }

    /// Decides a dispute. Signed by the dispute authority that the config names.
    pub fn settle_dispute(ctx: Context<SettleDispute>, verdict: Verdict) -> Result<()> {
        instructions::settle_dispute(ctx, verdict)
    }

    /// Ends a dispute that nobody has decided in time; the user pays for what it holds. Anyone.
    pub fn expire_dispute(ctx: Context<SettleByAnyone>) -> Result<()> {
        instructions::expire_dispute(ctx)
    }

    /// Refunds a job that no node took within the assignment window. Anyone.
    pub fn expire_unassigned(ctx: Context<ExpireUnassigned>) -> Result<()> {
        instructions::expire_unassigned(ctx)
    }

    /// Closes a settled escrow; rent goes back to who paid it. The user, from the second after its creation on, or
    /// anyone after 30 days.
    pub fn close(ctx: Context<Close>) -> Result<()> {
        instructions::close(ctx)
    }
}
