//! The dataset comes in, chunk by chunk.

use std::sync::Arc;

use cyxwiz_proto::training::v1::{DatasetChunk, UploadDatasetResponse};
use tonic::{Code, Response, Status, Streaming};

use super::refusal::{self, refuse};
use crate::{
    jobs::{Job, Phase},
    metrics,
};

/// Missing chunks that an error lists.
const LISTED: usize = 20;

pub(super) async fn upload(
    job: &Arc<Job>,
    mut chunks: Streaming<DatasetChunk>,
) -> Result<Response<UploadDatasetResponse>, Status> {
    // A newer upload takes over: the older one's connection may be long dead.
    let number = job.begin_upload();
    let mut changes = job.changes();
    loop {
        wanted(job)?;
        let chunk = tokio::select! {
            chunk = chunks.message() => chunk?,
            Ok(()) = changes.changed() => continue,
        };
        let Some(chunk) = chunk else { break };
        if !job.is_newest_upload(number) {
            let message = "a newer upload of the same job has taken over";
            return Err(refuse(Code::Aborted, "upload_superseded", message));
        }
        metrics::count_received(chunk.data.len());
        on_disk(job, move |job| job.write_chunk(chunk.index, &chunk.data)).await?;
    }
    on_disk(job, Job::finish_dataset).await?;
    if job
        .missing_chunks()
        .is_none_or(|missing| !missing.is_empty())
    {
        wanted(job)?;
        return Err(short(job));
    }
    Ok(Response::new(UploadDatasetResponse {
        chunks_held: job.chunks_held(),
    }))
}

/// Refuses more of a dataset that nobody waits for, as once the job is handed back.
fn wanted(job: &Job) -> Result<(), Status> {
    let record = job.record();
    if !matches!(record.phase, Phase::Failed | Phase::Settled) {
        return Ok(());
    }
    let reason = record
        .failure
        .map_or_else(String::new, |it| format!(": {it}"));
    let message = format!("this node no longer waits for the dataset{reason}");
    // The engine looks at the chain then, which says what has become of the job.
    Err(refuse(Code::Aborted, "dataset_not_wanted", message))
}

/// Runs what blocks on the disk away from the tasks that must not wait.
async fn on_disk<T: Send + 'static>(
    job: &Arc<Job>,
    work: impl FnOnce(&Job) -> Result<T, crate::jobs::JobError> + Send + 'static,
) -> Result<T, Status> {
    let job = Arc::clone(job);
    let done = tokio::task::spawn_blocking(move || work(&job)).await;
    done.map_err(|error| Status::internal(error.to_string()))?
        .map_err(|error| refusal::job(&error))
}

fn short(job: &Job) -> Status {
    let missing = job.missing_chunks().unwrap_or_default();
    let listed: Vec<String> = missing.iter().take(LISTED).map(u32::to_string).collect();
    let more = match missing.len() > LISTED {
        true => ", ...",
        false => "",
    };
    refuse(
        Code::FailedPrecondition,
        "dataset_incomplete",
        format!(
            "the dataset is short of {} chunks: {}{more}; send them in another upload",
            missing.len(),
            listed.join(", ")
        ),
    )
}
