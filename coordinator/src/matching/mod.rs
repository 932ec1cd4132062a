//! Which node gets a job. Pure: the problem holds everything, the plan says who
//! was passed over and why.
//!
//! What a plan promises, whatever the problem:
//! - every node is either ranked or refused, never both;
//! - a ranked node passes every filter, at the price given with it;
//! - the order depends on the nodes alone, not on the order they came in;
//! - a node that has just given this user a job back comes after all that have
//!   not, one that has handed back several jobs of whomever within a day after all
//!   these, and both are refused nothing;
//! - a node that gets better in one respect never ranks lower for it, other
//!   things (among them the cheapest price) being equal.

mod model;
mod plan;
#[cfg(test)]
mod tests;

pub use model::{Candidate, Match, Plan, Problem, Rejection, Timeouts};
pub use plan::plan;
