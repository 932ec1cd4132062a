//! What the programs do and refuse, as compiled, in LiteSVM. One binary; per program one module, with a
//! file per instruction. Beside them what concerns several instructions.

mod crowd;
mod job_escrow;
mod layout;
mod node_registry;
mod reputation;
mod scene;
mod units;
mod vesting;
mod walk;
