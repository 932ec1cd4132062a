//! The coordinator on a real Postgres and over real gRPC. What needs a chain is
//! tested end to end, with the real binaries.

mod chain_writes;
mod challenges;
mod fixture;
mod grpc;
mod jobs;
mod placement;
mod schema;
mod transcripts;
mod uptime;
