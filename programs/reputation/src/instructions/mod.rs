//! One file per instruction: its accounts, its checks, its handler.
//!
//! `dup` spares Anchor's search for one account in two places: no instruction writes two of one type.

mod accept_admin;
mod administer;
mod batch_uptime;
mod close_rating;
mod initialize;
mod open_node;
mod open_user;
mod rate;
mod record;

pub use accept_admin::*;
pub use administer::*;
pub use batch_uptime::*;
pub use close_rating::*;
pub use initialize::*;
pub use open_node::*;
pub use open_user::*;
pub use rate::*;
pub use record::*;
