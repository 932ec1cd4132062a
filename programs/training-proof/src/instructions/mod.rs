//! One file per instruction: its accounts, its checks, its handler.
//!
//! `dup` spares Anchor's search for one account in two places: no instruction writes two of one type.

mod close;
mod commit;
mod open;
mod reveal;
mod verify;

pub use close::*;
pub use commit::*;
pub use open::*;
pub use reveal::*;
pub use verify::*;
