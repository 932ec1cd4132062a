//! job-escrow, one file per instruction.

mod accept;
mod accept_admin;
mod anchor_checkpoint;
mod assign_node;
mod cancel;
mod close;
mod create_escrow;
mod decline;
mod distribute;
mod expire_dispute;
mod expire_unassigned;
mod extend_deadline;
mod fail;
mod initialize;
mod open_dispute;
mod present_receipt;
mod propose_admin;
mod release;
mod set_paused;
mod settle_cancel;
mod settle_dispute;
mod settle_refuted;
mod submit_completion;
mod timeout_refund;
mod top_up;
mod update_config;
