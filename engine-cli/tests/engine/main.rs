//! The engine against a real chain with the real programs, and against a
//! coordinator and a node that misbehave as no real one would.

mod cancel;
mod cli;
mod coordinator;
mod delivery;
mod disputes;
mod exits;
mod flow;
mod handed_back;
mod node;
mod paid;
mod proofs;
mod replays;
mod silent;
mod work;
mod world;
