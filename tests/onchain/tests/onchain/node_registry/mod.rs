//! node-registry, one file per instruction.

mod accept_admin;
mod claim_reward;
mod heartbeat;
mod initialize;
mod lock_for_job;
mod propose_admin;
mod register;
mod request_unstake;
mod rotation;
mod set_paused;
mod slash;
mod slash_dispute;
mod stake;
mod unlock;
mod unlock_failed;
mod update;
mod update_config;
mod withdraw;
