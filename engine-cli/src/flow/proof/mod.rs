//! A job's proof as its user sees it: what it is about is fixed with the escrow, its challenge is drawn with
//! a secret of the user's, and nothing is paid unless it speaks of the epochs seen and the weights received.

mod check;
mod close;
mod delivery;
mod evidence;
mod plan;
mod received;
mod replay;
mod report;
mod watch;

pub use check::{
    check, check_received, check_root, check_weights, is_in_integers, stage_name, stage_words,
};
pub use close::close;
pub(super) use delivery::TRANSCRIPT;
pub use evidence::Evidence;
pub use plan::{Committed, Nonce, ProofPlan};
pub use received::{Expected, Received};
pub use replay::{Compared, Replay, StepNumber, replay};
pub use report::ProofReport;
