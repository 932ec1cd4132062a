//! The completion is on the chain, says the node: look there at once.

use cyxwiz_domain::{Address, JobId};
use cyxwiz_proto::node::v1::ReportCompletionRequest;

use crate::{app::App, db, error::Error, workers::indexer};

pub async fn report(
    app: &App,
    owner: Address,
    request: ReportCompletionRequest,
) -> Result<(), Error> {
    let id = JobId::from_slice(&request.job_id)?;
    let job = match db::jobs::get(&app.pool, id).await {
        Ok(job) if job.node == Some(owner) => job,
        Ok(_) | Err(Error::JobUnknown(_)) => return Err(Error::NotYourJob(id)),
        Err(error) => return Err(error),
    };
    indexer::look_at(app, id, job.submission.escrow).await
}
