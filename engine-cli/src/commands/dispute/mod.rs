//! `cyxwiz dispute`.

pub mod expire;
pub mod list;
pub mod settle;

use cyxwiz_chain::{EscrowAccount, EscrowState};
use cyxwiz_domain::Address;

use crate::{
    engine::Engine,
    error::{Error, Result},
};

/// The escrow at `address`, which must be in dispute for `what` to be done to it.
async fn disputed(engine: &Engine, what: &'static str, address: Address) -> Result<EscrowAccount> {
    let refused = |why: String| Err(Error::would_refuse(what, "not_disputed", why));
    match engine.chain.escrow(address).await? {
        Some(escrow) if escrow.state == EscrowState::Disputed => Ok(escrow),
        Some(escrow) => {
            let state = escrow.state.job_state();
            refused(format!("escrow {address} is not in dispute but {state}"))
        }
        None => refused(format!(
            "there is no escrow at {address}; `cyxwiz dispute list` shows those in dispute"
        )),
    }
}
