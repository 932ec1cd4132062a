//! Epochs done, for the user's status page.

use cyxwiz_domain::{Address, JobId};
use cyxwiz_proto::node::v1::ReportProgressRequest;

use crate::{app::App, db, error::Error};

pub async fn report(
    app: &App,
    owner: Address,
    request: ReportProgressRequest,
) -> Result<(), Error> {
    let id = JobId::from_slice(&request.job_id)?;
    db::jobs::report_progress(&app.pool, owner, id, request.epochs_done).await
}
