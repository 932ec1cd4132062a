//! `cyxwiz wallet`.

pub mod airdrop;
pub mod new;
pub mod show;
