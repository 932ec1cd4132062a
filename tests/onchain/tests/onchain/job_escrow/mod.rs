//! job-escrow, one file per instruction.

mod accept;
mod accept_admin;
mod anchor_checkpoint;
mod assign_node;
mod cancel;
mod close;
mod create_escrow;
mod expire_unassigned;
mod fail;
mod initialize;
mod present_receipt;
mod propose_admin;
mod release;
mod set_paused;
mod settle_cancel;
mod submit_completion;
mod timeout_refund;
mod top_up;
mod update_config;
