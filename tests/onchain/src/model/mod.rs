//! The pure model beside the real programs: the same actions taken in LiteSVM, and both compared.

mod compare;
mod refusal;
mod replay;
mod snapshot;

pub use refusal::class;
pub use replay::{Chain, REQUIRED_EPOCHS, Refused};
