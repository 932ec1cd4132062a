//! training-proof, one file per instruction.

mod close;
mod commit;
mod layout;
mod open;
mod payment;
mod reveal;
mod run;
pub mod scene;
mod stages;
mod verify;
