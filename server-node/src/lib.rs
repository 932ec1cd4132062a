//! The server node: stakes, takes training jobs, trains them in a confined
//! process, delivers the weights straight to the engine and gets paid.
//!
//! [`commands`] holds the verbs of the command line, [`steps`] the life of a node
//! and of a job, one file a step, [`jobs`] what is on disk, and [`grpc`] what
//! engines call.

pub mod chain_heartbeat;
pub mod cli;
pub mod commands;
pub mod config;
pub mod confine;
pub mod coordinator_client;
pub mod grpc;
pub mod identity;
pub mod jobs;
pub mod ledger;
pub mod machine;
pub mod metrics;
pub mod node;
pub mod operated;
pub mod provers;
pub mod steps;
pub mod trainer_process;
