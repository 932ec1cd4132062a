//! A job from its spec and rows to its proof, as engine, node and trainer go about it.
#![allow(clippy::unwrap_used)]

mod made_up;
mod opening;
mod proof;
mod record;
mod weights;
