//! node-registry, one file per instruction.

mod accept_admin;
mod initialize;
mod lock_for_job;
mod propose_admin;
mod register;
mod request_unstake;
mod set_paused;
mod slash;
mod stake;
mod unlock;
mod update;
mod update_config;
mod withdraw;
