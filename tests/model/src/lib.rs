//! The market's money as a pure model: two users, two nodes, their escrows and stakes, everybody who may
//! sign, and a clock.
//!
//! It is written from docs/PROTOCOL.md and shares no code with the programs but the formulas of
//! `cyxwiz-economics`. Two things are done with it. [`explore`] takes every action from every state that
//! can be reached, checks [`Market::broken_invariant`] in each, and [`exits`] then shows that out of each
//! some party alone gets the money. And tests/onchain replays the same actions on the real programs,
//! which must accept, refuse and pay exactly what the model does.

mod action;
mod decline;
mod dispute;
mod escrow;
pub mod exits;
pub mod explore;
mod invariant;
mod market;
mod party;
mod pick;
mod pools;
mod reason;
mod rules;
mod scope;
mod stake;

pub use action::{Action, Verdict};
pub use market::{
    Evidence, JOBS, Job, Lock, Market, NODES, Node, Phase, Pools, Shown, Tier, USERS,
};
pub use party::Party;
pub use pick::Draw;
pub use reason::{Reason, Reasons};
pub use rules::{Fault, Rules};
pub use scope::{Clock, Scope};

/// Base units of CYXWIZ.
pub type Units = u64;

/// Seconds, or a time in seconds; in a scaled-down market one second stands for any step of the clock.
pub type Seconds = i64;
