//! One connection to a node: what is sent on it, and the one download under way.

use std::{future::Future, pin::Pin, time::Duration};

use cyxwiz_proto::training::v1::{self as pb, train_request::Body as Request};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use super::{
    download::{Content, Wanted, fetch},
    proof::Received,
    session::{Session, WHO},
};
use crate::error::{Error, Result};

/// How long a node may leave what is sent to it where it is.
const TAKE: Duration = Duration::from_secs(10);

/// One fetch under way.
pub(super) struct Download {
    wanted: Wanted,
    bytes: watch::Receiver<u64>,
    done: Pin<Box<dyn Future<Output = Result<Option<Received>>>>>,
}

/// What happens to a fetch.
pub(super) enum Moment {
    /// So many bytes are there.
    Bytes(u64),
    /// It has ended; of a transcript, what that commits to.
    Done(Result<Option<Received>>),
}

/// What lives as long as one connection.
pub(super) struct Attachment {
    pub(super) session: Session,
    pub(super) requests: mpsc::Sender<pb::TrainRequest>,
    pub(super) download: Option<Download>,
    /// Fetched next; a newer checkpoint takes an older one's place.
    pub(super) queued: Option<Wanted>,
}

impl Attachment {
    pub(super) async fn send(&self, body: Request) -> Result<()> {
        let request = pb::TrainRequest { body: Some(body) };
        match timeout(TAKE, self.requests.send(request)).await {
            Ok(sent) => sent.map_err(|_| self.gone()),
            Err(_) => Err(self.lost("it takes nothing that is sent to it")),
        }
    }

    pub(super) fn gone(&self) -> Error {
        self.lost("it closed the connection")
    }

    fn lost(&self, reason: &str) -> Error {
        Error::Unreachable {
            who: WHO,
            address: self.session.endpoint.clone(),
            reason: reason.into(),
        }
    }

    /// Fetches `wanted` now, or after what is being fetched.
    pub(super) fn want(&mut self, wanted: Wanted) {
        if self.download.is_some() {
            self.queued = Some(wanted);
        } else {
            self.download = Some(Download::start(self.session.clone(), wanted));
        }
    }

    /// Whether the final weights are being fetched, or will be next.
    pub(super) fn wants_final_weights(&self) -> bool {
        let under_way = self.download.as_ref().map(|download| &download.wanted);
        let wanted = under_way.into_iter().chain(&self.queued);
        let is_it = |wanted: &Wanted| matches!(wanted.content, Content::Weights { epoch: 0, .. });
        wanted.into_iter().any(is_it)
    }

    /// Takes the finished download away and begins the queued one.
    pub(super) fn next_download(&mut self) -> Option<Wanted> {
        let finished = self.download.take()?;
        if let Some(queued) = self.queued.take() {
            self.want(queued);
        }
        Some(finished.wanted)
    }
}

impl Download {
    fn start(session: Session, wanted: Wanted) -> Self {
        let (report, bytes) = watch::channel(0);
        let job = wanted.clone();
        let done = Box::pin(async move {
            fetch(session, &job, |done, _| {
                report.send_replace(done);
            })
            .await
        });
        Self {
            wanted,
            bytes,
            done,
        }
    }

    /// What happens next to the download; nothing ever without one.
    pub(super) async fn next(download: &mut Option<Self>) -> Moment {
        let Some(Self { bytes, done, .. }) = download else {
            return std::future::pending().await;
        };
        tokio::select! {
            done = done.as_mut() => Moment::Done(done),
            Ok(()) = bytes.changed() => Moment::Bytes(*bytes.borrow_and_update()),
        }
    }
}
