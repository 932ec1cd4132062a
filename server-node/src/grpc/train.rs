//! Training as the engine sees it: kept events, each once and in order, samples
//! in between, and receipts and commands coming up.

use std::sync::Arc;

use cyxwiz_chain::Receipt;
use cyxwiz_domain::Digest;
use cyxwiz_proto::training::v1::{self as pb, TrainEvent, TrainRequest, train_request::Body};
use futures::stream::BoxStream;
use tokio::sync::{broadcast::error::RecvError, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Response, Status, Streaming};

use super::refusal::{self, refuse};
use crate::{
    jobs::{Job, Phase, SignedReceipt},
    node::Node,
};

/// Events under way to the engine; beyond that, samples are dropped.
const WINDOW: usize = 16;
/// Kept events taken from the log at once.
const BATCH: usize = 64;

type Events = BoxStream<'static, Result<TrainEvent, Status>>;
type Outgoing = mpsc::Sender<Result<TrainEvent, Status>>;

pub(super) async fn train(
    node: &Arc<Node>,
    job: Arc<Job>,
    mut requests: Streaming<TrainRequest>,
) -> Result<Response<Events>, Status> {
    let Some(Body::Attach(attach)) = requests.message().await?.and_then(|request| request.body)
    else {
        let message = "the first message of a Train stream must be Attach";
        return Err(refuse(Code::InvalidArgument, "attach_first", message));
    };
    let (events, outgoing) = mpsc::channel(WINDOW);
    tokio::spawn(converse(
        Arc::clone(node),
        job,
        attach.after_seq,
        events,
        requests,
    ));
    Ok(Response::new(Box::pin(ReceiverStream::new(outgoing))))
}

/// Both directions at once: receipts come in even while events back up on the way out.
async fn converse(
    node: Arc<Node>,
    job: Arc<Job>,
    after: u64,
    events: Outgoing,
    requests: Streaming<TrainRequest>,
) {
    let end = {
        let telling = tell(&job, after, &events);
        let listening = listen(&node, &job, requests);
        tokio::pin!(telling, listening);
        let mut heard_out = false;
        loop {
            tokio::select! {
                () = &mut telling => break None,
                heard = &mut listening, if !heard_out => match heard {
                    Ok(()) => heard_out = true,
                    Err(status) => break Some(status),
                },
                () = events.closed() => break None,
                () = node.shutdown.cancelled() => {
                    let message = "the node is going down; attach again when it is back";
                    break Some(refuse(Code::Unavailable, "node_stopping", message));
                }
            }
        }
    };
    if let Some(status) = end {
        // Waits for room at most until the engine hangs up.
        let _ = events.send(Err(status)).await;
    }
}

/// Sends events until the job is settled and all is told, or nobody listens.
async fn tell(job: &Job, after: u64, events: &Outgoing) {
    let mut seq = after;
    let mut changes = job.changes();
    let mut samples = job.samples();
    loop {
        changes.borrow_and_update();
        // Before the events: what is settled writes no more.
        let settled = job.record().phase == Phase::Settled;
        let batch = job.events_after(seq, BATCH);
        let all = batch.len() < BATCH;
        for (number, event) in batch {
            if events.send(Ok(event.to_proto(number))).await.is_err() {
                return;
            }
            seq = number;
        }
        if !all {
            continue;
        }
        if settled {
            return;
        }
        loop {
            tokio::select! {
                biased;
                changed = changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    break;
                }
                sample = samples.recv() => match sample {
                    Ok(sample) => {
                        let event = TrainEvent {
                            seq: 0,
                            body: Some(sample),
                        };
                        // No room: the engine is slow, and a newer sample will come.
                        let _ = events.try_send(Ok(event));
                    }
                    Err(RecvError::Lagged(lost)) => tracing::debug!(job = %job.id(), lost, "dropped samples"),
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }
}

/// Obeys the engine until it hangs up; what it sends wrongly ends the stream.
async fn listen(
    node: &Node,
    job: &Job,
    mut requests: Streaming<TrainRequest>,
) -> Result<(), Status> {
    // A broken connection is no fault: the engine attaches again.
    while let Ok(Some(request)) = requests.message().await {
        match request.body {
            None | Some(Body::Attach(_)) => {}
            Some(Body::Receipt(receipt)) => take_receipt(job, &receipt)?,
            Some(Body::Command(command)) => {
                let command = pb::Command::try_from(command).unwrap_or(pb::Command::Unspecified);
                tracing::info!(job = %job.id(), ?command, "the engine commands");
                let now = match command {
                    pb::Command::Stop => node.ledger.unix_time().await,
                    _ => Ok(0),
                };
                let now = now.map_err(|error| refusal::chain(&error))?;
                job.command(command, now)
                    .map_err(|error| refusal::job(&error))?;
            }
        }
    }
    Ok(())
}

fn take_receipt(job: &Job, message: &pb::Receipt) -> Result<(), Status> {
    let bad = |what: String| refuse(Code::InvalidArgument, "bad_receipt", what);
    let checkpoint_hash = Digest::from_slice(&message.checkpoint_hash);
    let signature = <[u8; 64]>::try_from(message.signature.as_slice());
    let signed = SignedReceipt {
        receipt: Receipt {
            epochs_seen: message.epochs_seen,
            epochs_held: message.epochs_held,
            checkpoint_hash: checkpoint_hash.map_err(|error| bad(error.to_string()))?,
        },
        signature: signature.map_err(|_| bad("a signature has 64 bytes".to_owned()))?,
    };
    job.accept_receipt(&signed)
        .map_err(|error| refusal::receipt(&error))
}
