//! The life of the node, and of a job on it, one file a step:
//! [`preflight`] -> [`registered`] -> [`assigned`] -> data received (in
//! [`crate::grpc`], as the engine sends it) -> [`training`] -> [`delivered`] ->
//! [`settled`]. A job with a proof has its [`terms`] checked first, and after the
//! training its [`transcript`] committed to and its proof made ([`proving`]).
//! [`decide`] says which comes next, [`drive`] does it.

pub mod assigned;
pub mod decide;
pub mod delivered;
pub mod drive;
pub mod preflight;
pub mod proving;
pub mod registered;
pub mod settled;
pub mod terms;
pub mod training;
pub mod transcript;
