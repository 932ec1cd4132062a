//! The command line of CyxWiz: the user's engine, and the local stack.

pub mod cli;
pub mod commands;
pub mod coordinator;
pub mod dev;
pub mod engine;
pub mod error;
pub mod flow;
pub mod printer;
pub mod rpc;
pub mod settings;
