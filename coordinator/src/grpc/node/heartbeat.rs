//! Heartbeats up, assignments down, while the node is online.

use std::sync::Arc;

use cyxwiz_domain::{Address, JobId};
use cyxwiz_proto::node::v1::{Assignment, HeartbeatRequest, HeartbeatResponse};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tonic::{Status, Streaming};
use uuid::Uuid;

use crate::{
    app::App,
    db::{self, nodes::Free},
    error::Error,
    events::Subscription,
    job::Job,
};

/// Answers that wait for a slow node.
const BUFFER: usize = 4;
/// Jobs that a node may say it holds.
const MAX_JOBS: usize = 1000;

type Sender = mpsc::Sender<Result<HeartbeatResponse, Status>>;

/// Speaks with a node until one side has enough.
pub fn start(
    app: &Arc<App>,
    owner: Address,
    heartbeats: Streaming<HeartbeatRequest>,
) -> ReceiverStream<Result<HeartbeatResponse, Status>> {
    let (sender, receiver) = mpsc::channel(BUFFER);
    let conversation = Conversation {
        app: Arc::clone(app),
        owner,
        stream: Uuid::new_v4(),
        changes: app.events.subscribe(),
        held: None,
    };
    tokio::spawn(conversation.run(heartbeats, sender));
    ReceiverStream::new(receiver)
}

struct Conversation {
    app: Arc<App>,
    owner: Address,
    /// Names this stream: of several, the newest speaks for the node.
    stream: Uuid,
    changes: Subscription,
    /// The jobs that the node holds, once it has said so.
    held: Option<Vec<JobId>>,
}

impl Conversation {
    async fn run(mut self, mut heartbeats: Streaming<HeartbeatRequest>, sender: Sender) {
        let ended = tokio::select! {
            ended = self.speak(&mut heartbeats, &sender) => ended,
            () = sender.closed() => Ok(()),
        };
        if let Err(error) = ended {
            tracing::info!(node = %self.owner, %error, "heartbeats end");
            let _ = sender.send(Err(error.into())).await;
        }
        let gone = db::nodes::stream_ended(&self.app.pool, self.owner, self.stream);
        if let Err(error) = gone.await {
            tracing::warn!(node = %self.owner, %error, "cannot note that the node is gone");
        }
    }

    async fn speak(
        &mut self,
        heartbeats: &mut Streaming<HeartbeatRequest>,
        sender: &Sender,
    ) -> Result<(), Error> {
        let app = Arc::clone(&self.app);
        let patience = app.settings.nodes.stale_after;
        loop {
            let news = tokio::select! {
                () = app.shutdown.cancelled() => return Err(Error::ShuttingDown),
                heartbeat = tokio::time::timeout(patience, heartbeats.next()) => match heartbeat {
                    Ok(Some(Ok(heartbeat))) => Some(self.heard(heartbeat).await?),
                    // Closed, broken or silent: all the same here.
                    Ok(None | Some(Err(_))) | Err(_) => return Ok(()),
                },
                change = self.changes.next() => match change {
                    None => return Err(Error::ShuttingDown),
                    Some(change) if change.concerns_node(self.owner) => self.news().await?,
                    Some(_) => None,
                },
            };
            if let Some(news) = news
                && sender.send(Ok(news)).await.is_err()
            {
                return Ok(());
            }
        }
    }

    /// Every heartbeat is answered, so that the node knows us alive.
    async fn heard(&mut self, heartbeat: HeartbeatRequest) -> Result<HeartbeatResponse, Error> {
        if heartbeat.job_ids.len() > MAX_JOBS {
            return Err(Error::Argument {
                field: "job_ids",
                problem: format!("must be at most {MAX_JOBS}"),
            });
        }
        let held = heartbeat.job_ids.iter().map(|id| JobId::from_slice(id));
        let held = held.collect::<Result<_, _>>()?;
        let free = Free {
            vram_mib: heartbeat.free_vram_mib,
            ram_mib: heartbeat.free_ram_mib,
        };
        let first = self.held.is_none();
        let pool = &self.app.pool;
        if !db::nodes::heartbeat(pool, self.owner, self.stream, first, free).await? {
            return Err(Error::Superseded);
        }
        self.held = Some(held);
        Ok(self.news().await?.unwrap_or_default())
    }

    /// What the node has to know; `None` when there is nothing.
    async fn news(&self) -> Result<Option<HeartbeatResponse>, Error> {
        let Some(held) = &self.held else {
            return Ok(None);
        };
        let running = db::jobs::running_on(&self.app.pool, self.owner).await?;
        let new = running
            .into_iter()
            .filter(|job| !held.contains(&job.submission.id))
            .map(|job| assignment(job, false));
        let ended = match held.is_empty() {
            true => Vec::new(),
            false => db::jobs::ended(&self.app.pool, held).await?,
        };
        let ended = ended
            .into_iter()
            .filter(|job| job.node == Some(self.owner))
            .map(|job| assignment(job, true));
        let assignments: Vec<_> = new.chain(ended).collect();
        Ok((!assignments.is_empty()).then_some(HeartbeatResponse { assignments }))
    }
}

fn assignment(job: Job, ended: bool) -> Assignment {
    let submission = job.submission;
    Assignment {
        job_id: submission.id.to_vec(),
        escrow: submission.escrow.to_vec(),
        spec: submission.spec,
        user: submission.user.to_vec(),
        dataset_bytes: submission.dataset_bytes,
        ended,
    }
}
