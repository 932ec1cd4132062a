//! `cyxwiz job rate`.

use cyxwiz_chain::instructions::reputation::rate;
use cyxwiz_domain::JobId;
use serde_json::json;

use crate::{
    engine::Engine,
    error::{Error, Result},
};

/// Gives the node of a paid job 1 to 5 stars, once.
///
/// # Errors
/// [`Error::Chain`] if the job is not paid or was rated.
pub async fn run(engine: &Engine, job: JobId, stars: u8) -> Result<()> {
    let escrow = engine.funded_escrow(job).await?;
    let Some(node) = escrow.node else {
        return Err(Error::Usage(format!("job {job} has no node to rate yet")));
    };
    let instruction = rate(engine.user(), escrow.address, node, stars);
    let signature = engine
        .chain
        .execute(&[instruction], &engine.signer, &[])
        .await?;
    let value = json!({ "job_id": job, "node": node, "stars": stars, "signature": signature });
    engine.printer.result(&value, || {
        format!("{stars} stars for {node}: transaction {signature}")
    });
    Ok(())
}
