//! What the programs do and refuse, as compiled, in LiteSVM. One binary; per program one module, with a
//! file per instruction. Beside them what concerns several instructions.

mod amounts;
mod cost;
mod crowd;
mod differential;
mod job_escrow;
mod known_defects;
mod layout;
mod multisig;
mod node_registry;
mod reputation;
mod scene;
mod states;
mod threats;
mod training_proof;
mod units;
mod vesting;
mod wrong_accounts;
