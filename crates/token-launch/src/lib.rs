//! Creates the CYXWIZ token and its vested allocations, once.
//!
//! A launch is a list of steps, each of which looks at the chain first and is one transaction: whatever was
//! interrupted goes on where it stopped, and what is there is never made again. The whole supply is minted, and
//! the right to mint given up, in the transaction that creates the mint.

mod launch;
mod plan;
mod report;

pub use launch::{Launch, LaunchError, SUPPLY};
pub use plan::{Allocation, Plan, PlanError};
pub use report::{AllocationReport, Report, Step};
