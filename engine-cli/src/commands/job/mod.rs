//! `cyxwiz job`.

pub mod cancel;
mod caution;
pub mod dispute;
pub mod download;
pub mod estimate;
pub mod extend;
pub mod list;
pub mod next;
pub mod proven;
pub mod rate;
pub mod replay;
pub mod run;
pub mod status;
pub mod submit;
pub mod top_up;
pub mod view;
pub mod watch;
