//! `cyxwiz job`.

pub mod cancel;
pub mod download;
pub mod estimate;
pub mod list;
pub mod rate;
pub mod run;
pub mod status;
pub mod submit;
pub mod view;
pub mod watch;
