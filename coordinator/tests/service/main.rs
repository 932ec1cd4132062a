//! The coordinator on a real Postgres, over real gRPC, and for jobs with a proof on a chain with the real
//! programs. The rest that needs a chain is tested end to end, with the real binaries.

mod capability;
mod chain_writes;
mod challenges;
mod fixture;
mod grpc;
mod handed_back;
mod jobs;
mod market;
mod placement;
mod proofs;
mod schema;
mod transcripts;
mod uptime;
