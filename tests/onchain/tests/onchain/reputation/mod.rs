//! reputation, one file per instruction.

mod accept_admin;
mod batch_uptime;
mod close_rating;
mod initialize;
mod layout;
mod open_node;
mod open_user;
mod propose_admin;
mod rate;
mod record;
mod set_paused;
mod update_config;
mod weights;
