//! One file per instruction: its accounts, its checks, its handler. `settlement` and `refund` hold
//! what several exits share.

mod accept;
mod accept_admin;
mod administer;
mod anchor_checkpoint;
mod assign_node;
mod cancel;
mod close;
mod collect_fees;
mod create_escrow;
mod expire_unassigned;
mod fail;
mod initialize;
mod present_receipt;
mod refund;
mod release;
mod settle_cancel;
mod settlement;
mod submit_completion;
mod timeout_refund;
mod top_up;

pub use accept::*;
pub use accept_admin::*;
pub use administer::*;
pub use anchor_checkpoint::*;
pub use assign_node::*;
pub use cancel::*;
pub use close::*;
pub use collect_fees::*;
pub use create_escrow::*;
pub use expire_unassigned::*;
pub use fail::*;
pub use initialize::*;
pub use present_receipt::*;
pub use refund::*;
pub use release::*;
pub use settle_cancel::*;
pub use settlement::*;
pub use submit_completion::*;
pub use timeout_refund::*;
pub use top_up::*;
