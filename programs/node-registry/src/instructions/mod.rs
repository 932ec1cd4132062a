//! One file per instruction: its accounts, its checks, its handler.

mod accept_admin;
mod administer;
mod claim_reward;
mod heartbeat;
mod initialize;
mod lock_for_job;
mod register;
mod release;
mod request_unstake;
mod slash_dispute;
mod stake;
mod unlock;
mod update;
mod withdraw;

pub use accept_admin::*;
pub use administer::*;
pub use claim_reward::*;
pub use heartbeat::*;
pub use initialize::*;
pub use lock_for_job::*;
pub use register::*;
pub use release::*;
pub use request_unstake::*;
pub use slash_dispute::*;
pub use stake::*;
pub use unlock::*;
pub use update::*;
pub use withdraw::*;
