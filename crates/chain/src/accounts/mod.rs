//! The programs' accounts in plain types.

mod cancellation;
mod draw;
mod escrow;
mod node;
mod reputation;
mod token;
mod transcript;
mod verification;

pub use cancellation::Cancellation;
pub use draw::Draw;
pub use escrow::{EscrowAccount, EscrowConfig, EscrowState};
pub use node::{NodeAccount, required_stake};
pub use reputation::{ReputationAccount, UserReputationAccount};
pub use token::{MintAccount, VestingAccount};
pub use transcript::{Subject, TranscriptAccount, TranscriptStage, context_word, nonce_hash};
pub use verification::{Tier, Verification};
