//! `cyxwiz node`.

pub mod list;
