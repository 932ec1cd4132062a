//! Weights and transcripts go out, from any offset.

use std::{
    io::{self, SeekFrom},
    path::PathBuf,
};

use cyxwiz_chain::EscrowState;
use cyxwiz_domain::dataset::CHUNK_BYTES;
use cyxwiz_proto::training::v1::{DownloadTranscriptRequest, DownloadWeightsRequest, FileChunk};
use futures::stream::BoxStream;
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _},
};
use tonic::{Code, Response, Status};

use super::refusal::{self, refuse};
use crate::{
    jobs::{Job, files},
    metrics,
    node::Node,
    steps::delivered,
};

type Chunks = BoxStream<'static, Result<FileChunk, Status>>;

pub(super) async fn weights(
    node: &Node,
    job: &Job,
    request: DownloadWeightsRequest,
) -> Result<Response<Chunks>, Status> {
    let epoch = request.epoch;
    let path = match epoch {
        0 => {
            require_completion(job)?;
            job.weights_path()
        }
        epoch => job.checkpoint_path(epoch),
    };
    require_receipt(node, job, epoch).await?;
    send(path, request.offset, || weights_gone(epoch)).await
}

/// The transcript belongs to the final weights, and goes to whom they go: it says what their user could
/// otherwise only guess.
pub(super) async fn transcript(
    node: &Node,
    job: &Job,
    request: DownloadTranscriptRequest,
) -> Result<Response<Chunks>, Status> {
    if job.spec().verification.is_none() {
        let message = "the job asks for no proof, so it has no transcript";
        return Err(refuse(Code::FailedPrecondition, "no_transcript", message));
    }
    require_completion(job)?;
    require_receipt(node, job, 0).await?;
    let gone = || {
        let message = "the transcript is not kept (any more)";
        refuse(Code::NotFound, "transcript_gone", message)
    };
    send(job.transcript_path(), request.offset, gone).await
}

/// Sends the file at `path` from `offset` on.
async fn send(
    path: PathBuf,
    offset: u64,
    gone: impl FnOnce() -> Status,
) -> Result<Response<Chunks>, Status> {
    let opened = tokio::task::spawn_blocking(move || files::open_plain(&path)).await;
    let file = opened.map_err(|error| Status::internal(error.to_string()))?;
    let file = file.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => gone(),
        _ => io_fault(&error),
    })?;
    let total = file.metadata().map_err(|error| io_fault(&error))?.len();
    if offset > total {
        let message = format!("offset {offset} is beyond the end of {total} bytes");
        return Err(refuse(Code::OutOfRange, "offset_beyond_end", message));
    }
    let mut file = File::from_std(file);
    file.seek(SeekFrom::Start(offset))
        .await
        .map_err(|error| io_fault(&error))?;
    let state = Some((file, offset));
    let chunks = futures::stream::unfold(state, move |state| async move {
        let (mut file, offset) = state?;
        match next_chunk(&mut file, offset, total).await {
            Ok(chunk) => {
                metrics::count_sent(chunk.data.len());
                let end = offset + chunk.data.len() as u64;
                // At least one chunk, also from the very end: it tells the length.
                Some((Ok(chunk), (end < total).then_some((file, end))))
            }
            Err(error) => Some((Err(io_fault(&error)), None)),
        }
    });
    Ok(Response::new(Box::pin(chunks)))
}

async fn next_chunk(file: &mut File, offset: u64, total: u64) -> io::Result<FileChunk> {
    let length = u64::from(CHUNK_BYTES).min(total - offset);
    let mut data = vec![0; usize::try_from(length).expect("a chunk fits in memory")];
    file.read_exact(&mut data).await?;
    Ok(FileChunk {
        offset,
        data: data.into(),
        total_bytes: total,
    })
}

fn require_completion(job: &Job) -> Result<(), Status> {
    match job.record().completion {
        Some(_) => Ok(()),
        None => Err(refuse(
            Code::FailedPrecondition,
            "not_trained",
            "the job is not trained yet; ask again after the Completed event",
        )),
    }
}

/// Work goes out against a signature: the user's under the epochs it took, or, once
/// the completion is on the chain, the escrow's own, which can then only pay.
async fn require_receipt(node: &Node, job: &Job, epoch: u32) -> Result<(), Status> {
    let needed = match epoch {
        0 => job.record().required_epochs,
        epoch => epoch,
    };
    if job.receipts().seen() >= needed || is_submitted(node, job).await? {
        return Ok(());
    }
    let message =
        format!("this took {needed} epochs; sign a receipt for having seen them, then ask again");
    Err(refuse(Code::Unavailable, "receipt_pending", message))
}

async fn is_submitted(node: &Node, job: &Job) -> Result<bool, Status> {
    // The account may be closed by now.
    if delivered::signature_of(job, delivered::SUBMIT).is_some() {
        return Ok(true);
    }
    let escrow = node.ledger.escrow(job.record().escrow).await;
    let escrow = escrow.map_err(|error| refusal::chain(&error))?;
    Ok(escrow.is_some_and(|escrow| {
        escrow.node == Some(node.identity.address())
            && matches!(
                escrow.state,
                EscrowState::Submitted | EscrowState::Disputed | EscrowState::Paid
            )
    }))
}

fn weights_gone(epoch: u32) -> Status {
    let message = match epoch {
        0 => "the weights are not kept any more".to_owned(),
        epoch => {
            format!("the checkpoint of epoch {epoch} is not kept (any more); take a later one")
        }
    };
    refuse(Code::NotFound, "weights_gone", message)
}

fn io_fault(error: &io::Error) -> Status {
    tracing::error!(%error, "failed to read what an engine downloads");
    refuse(
        Code::Internal,
        "node_fault",
        "the node cannot read the file",
    )
}
