//! What the programs do and refuse, as compiled, in LiteSVM. One binary, one module per subject.

mod accept;
mod assign;
mod cancel;
mod close;
mod config;
mod create;
mod fail;
mod layout;
mod pause;
mod rate;
mod receipt;
mod scene;
mod stake;
mod submit;
mod timeout;
mod units;
mod walk;
