//! Proof of training.
