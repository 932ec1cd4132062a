//! One file per instruction: its accounts, its checks, its handler.

mod accept_admin;
mod administer;
mod initialize;
mod lock_for_job;
mod register;
mod release;
mod request_unstake;
mod stake;
mod update;
mod withdraw;

pub use accept_admin::*;
pub use administer::*;
pub use initialize::*;
pub use lock_for_job::*;
pub use register::*;
pub use release::*;
pub use request_unstake::*;
pub use stake::*;
pub use update::*;
pub use withdraw::*;
