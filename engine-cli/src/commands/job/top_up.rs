//! `cyxwiz job top-up`.

use cyxwiz_chain::{EscrowState, instructions::escrow::top_up};
use cyxwiz_domain::{Amount, JobId};
use serde_json::json;

use crate::{
    engine::Engine,
    error::{Error, Result},
    flow::price::covers,
};

/// Adds `amount` to the escrow of a job that is not delivered yet.
///
/// # Errors
/// [`Error::Refused`] for a job that takes no more, [`Error::AmountAboveBalance`].
pub async fn run(engine: &Engine, job: JobId, amount: Amount) -> Result<()> {
    let escrow = engine.funded_escrow(job).await?;
    if !matches!(escrow.state, EscrowState::Open | EscrowState::Assigned) {
        let state = escrow.state.job_state();
        let message = format!("job {job} is {state}: only one that is not delivered takes more");
        return Err(Error::would_refuse("top up", "not_toppable", message));
    }
    let user = engine.user();
    let balance = engine.chain.token_balance(user, escrow.mint).await?;
    covers("the top-up takes", amount, balance, user)?;
    let instruction = top_up(user, &escrow, amount);
    let signature = engine
        .chain
        .execute(&[instruction], &engine.signer, &[])
        .await?;
    let funded = engine.funded_escrow(job).await?.amount;
    let value = json!({
        "job_id": job, "added": amount.0, "amount": funded.0, "signature": signature,
    });
    engine.printer.result(&value, || {
        format!("job {job} is funded with {funded} CYXWIZ: transaction {signature}")
    });
    Ok(())
}
