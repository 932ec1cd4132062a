//! The node as an engine and the chain see it: real TLS, a real trainer process,
//! real files; the escrows alone are held in memory.

mod confine;
mod coordinator;
mod download;
mod engine;
mod escrows;
mod handed_back;
mod heartbeat;
mod operated;
mod proof;
mod session;
mod settle;
mod stand;
mod terms;
mod training;
mod transcripts;
mod upload;
