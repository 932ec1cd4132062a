//! From a job (its spec, its rows, its escrow) to what is committed to, proven and checked. Engine,
//! node and trainer all take it from here, so that they cannot disagree.

mod error;
mod opening;
mod proving;
mod record;
mod rows;
mod run;
mod weights;

pub use error::{JobError, RecordError};
pub use opening::{Opening, opening};
pub use proving::Proving;
pub use record::{heads_root, leaves_hash, read_record, write_record};
pub use rows::Rows;
pub use run::{ExactRun, replay};
pub use weights::{INTEGER_WEIGHTS, state_commitment, trained_commitment};
