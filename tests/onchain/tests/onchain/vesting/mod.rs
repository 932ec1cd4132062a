//! vesting, one file per instruction.

mod accept_beneficiary;
mod claim;
mod close;
mod create_vesting;
mod layout;
mod propose_beneficiary;
pub mod scene;
