//! A complete market on one machine: chain, database, coordinator and nodes, each
//! a process of its own, everything they write under one directory.

pub mod chain;
pub mod genesis;
pub mod layout;
pub mod leftovers;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod services;
pub mod stack;
pub mod state;

pub use layout::Layout;
pub use stack::{Stack, StackOptions};
