//! A job now, and again at each change, until it is settled.

use std::sync::Arc;

use cyxwiz_domain::{Address, JobId};
use cyxwiz_proto::job::v1 as pb;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::{app::App, db, error::Error, events::Subscription, grpc::convert, job::Job};

/// Changes that wait for a slow client; only the newest matters to it.
const BUFFER: usize = 1;

type Sender = mpsc::Sender<Result<pb::Job, Status>>;

pub async fn watch(
    app: &Arc<App>,
    user: Address,
    id: JobId,
) -> Result<ReceiverStream<Result<pb::Job, Status>>, Error> {
    // Subscribed before reading: nothing can change unseen in between.
    let changes = app.events.subscribe();
    let job = db::jobs::get_of(&app.pool, id, user).await?;
    let (sender, receiver) = mpsc::channel(BUFFER);
    let app = Arc::clone(app);
    tokio::spawn(async move {
        tokio::select! {
            () = sender.closed() => {}
            () = app.shutdown.cancelled() => {
                // Tells a client that it has to connect again from a job that has ended.
                let _ = sender.send(Err(Error::ShuttingDown.into())).await;
            }
            ended = send_changes(&app, changes, job, &sender) => {
                if let Err(error) = ended {
                    let _ = sender.send(Err(error.into())).await;
                }
            }
        }
    });
    Ok(ReceiverStream::new(receiver))
}

async fn send_changes(
    app: &App,
    mut changes: Subscription,
    mut job: Job,
    sender: &Sender,
) -> Result<(), Error> {
    let id = job.submission.id;
    loop {
        if sender.send(Ok(convert::job(job.clone()))).await.is_err() {
            return Ok(());
        }
        if job.state.is_settled() {
            return Ok(());
        }
        loop {
            match changes.next().await {
                None => return Err(Error::ShuttingDown),
                Some(change) if !change.concerns_job(id) => {}
                Some(_) => {
                    let now = db::jobs::get(&app.pool, id).await?;
                    if now != job {
                        job = now;
                        break;
                    }
                }
            }
        }
    }
}
