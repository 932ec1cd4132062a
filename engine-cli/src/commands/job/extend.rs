//! `cyxwiz job extend`.

use cyxwiz_chain::{EscrowAccount, EscrowState, instructions::escrow::extend_deadline};
use cyxwiz_domain::JobId;
use serde_json::json;

use crate::{
    engine::Engine,
    error::{Error, Result},
    printer::utc,
};

/// Gives the node of a running job `extra_seconds` more.
///
/// # Errors
/// [`Error::Refused`] for a job that does not run, is late already, or would get more time than
/// any job may have.
pub async fn run(engine: &Engine, job: JobId, extra_seconds: u32) -> Result<()> {
    let escrow = engine.funded_escrow(job).await?;
    let max_timeout = engine.chain.escrow_config().await?.max_timeout_seconds;
    let now = engine.chain.unix_time().await?;
    check(&escrow, extra_seconds, max_timeout, now)?;
    let instruction = extend_deadline(&escrow, extra_seconds);
    let signature = engine
        .chain
        .execute(&[instruction], &engine.signer, &[])
        .await?;
    let deadline = engine.funded_escrow(job).await?.deadline;
    let value = json!({
        "job_id": job, "extra_seconds": extra_seconds, "deadline": deadline, "signature": signature,
    });
    engine.printer.result(&value, || {
        let until = utc(deadline);
        format!("job {job} has until {until}: transaction {signature}")
    });
    Ok(())
}

/// Says why the chain would refuse it; the chain decides all the same.
fn check(escrow: &EscrowAccount, extra: u32, max_timeout: u32, now: i64) -> Result<()> {
    let job = escrow.job_id;
    let refused = |why: String| {
        let message = format!("job {job} {why}");
        Error::would_refuse("extend the deadline", "not_extendable", message)
    };
    match escrow.state {
        EscrowState::Assigned => {}
        EscrowState::Open => {
            return Err(refused(
                "has no node yet: its time begins with the assignment".into(),
            ));
        }
        state => {
            let state = state.job_state();
            return Err(refused(format!("is {state}: it needs no more time")));
        }
    }
    if now > escrow.deadline {
        let deadline = utc(escrow.deadline);
        return Err(refused(format!(
            "passed its deadline at {deadline}: `cyxwiz job cancel {job}` takes the money back"
        )));
    }
    let latest = escrow.assigned_at.saturating_add(max_timeout.into());
    let left = latest.saturating_sub(escrow.deadline).max(0);
    if i64::from(extra) > left {
        let latest = utc(latest);
        return Err(refused(format!(
            "can be given {left} s more at most: no job may run beyond {latest}, {max_timeout} s from its assignment"
        )));
    }
    Ok(())
}
