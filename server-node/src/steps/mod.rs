//! The life of the node, and of a job on it, one file a step:
//! [`preflight`] -> [`registered`] -> [`assigned`] -> data received (in
//! [`crate::grpc`], as the engine sends it) -> [`training`] -> [`delivered`] ->
//! [`settled`]. [`decide`] says which comes next, [`drive`] does it.

pub mod assigned;
pub mod decide;
pub mod delivered;
pub mod drive;
pub mod preflight;
pub mod registered;
pub mod settled;
pub mod training;
