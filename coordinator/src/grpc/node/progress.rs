//! Epochs done, for the user's status page, and the heads of their transcript.

use cyxwiz_domain::{Address, Digest, JobId};
use cyxwiz_proof::field::from_word;
use cyxwiz_proto::node::v1::{ReportProgressRequest, ReportProgressResponse};

use crate::{app::App, db, error::Error};

pub async fn report(
    app: &App,
    owner: Address,
    request: ReportProgressRequest,
) -> Result<ReportProgressResponse, Error> {
    let id = JobId::from_slice(&request.job_id)?;
    let heads: Vec<_> = request
        .heads
        .iter()
        .map(|h| head(h))
        .collect::<Result<_, _>>()?;
    db::jobs::report_progress(&app.pool, owner, id, request.epochs_done).await?;
    let held = db::transcripts::hold_heads(&app.pool, id, request.heads_from, &heads).await;
    if let Err(Error::HeadChanged { epoch, .. }) = held {
        tracing::warn!(job = %id, node = %owner, epoch, "a node reports another head than before");
        metrics::counter!("cyxwiz_heads_changed_total").increment(1);
    }
    Ok(ReportProgressResponse { heads_held: held? })
}

/// A head is a field element; another word is in no transcript.
fn head(bytes: &[u8]) -> Result<Digest, Error> {
    let head = Digest::from_slice(bytes)?;
    from_word(&head.0).map_err(|error| Error::Argument {
        field: "heads",
        problem: format!("must be words of a transcript: {error}"),
    })?;
    Ok(head)
}
