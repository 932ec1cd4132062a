//! The compiled programs in LiteSVM: a deployed and configured market, and a client for it.
//!
//! For every instruction there are two methods: `do_x` takes the happy path and panics when it is
//! refused, `x` takes accounts and signers as given, for the refusals. The accounts of the happy path
//! come from `x_accounts`, to be edited before `x`.

pub mod address;
pub mod cost;
mod escrow;
mod escrow_admin;
pub mod idl;
mod lookup_table;
pub mod model;
pub mod outcome;
mod registry;
mod reputation;
mod tokens;
mod training_proof;
mod units;
mod vesting;
mod world;
pub mod wrong_accounts;

pub use escrow::{Job, completion, job_args, receipt_of, signed_message, signed_receipt, terms_of};
pub use registry::profile;
pub use tokens::CYXWIZ;
pub use training_proof::slot_hash;
pub use units::{Units, committed_units, write_units};
pub use vesting::Allocation;
pub use world::{
    START, Sent, Wallet, World, assert_anchor_error, assert_refused, image, instruction, key,
    succeed,
};
