//! Why a node did not do its job, in its words: they are worth something to the user, and nothing depends on
//! them.

use std::time::Duration;

use cyxwiz_chain::EscrowAccount;
use cyxwiz_proto::training::v1::{self as pb, train_event::Body as Event, train_request::Body};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;

use super::{JobRun, session::Session};
use crate::{error::Result, rpc};

/// How long a node may take to say why.
const ASK: Duration = Duration::from_secs(3);
/// What is known where no session was ever opened.
const NEVER_HERE: &str = "this machine never connected to it to send the data";
/// Characters of its words that are kept.
const LONGEST: usize = 400;

impl JobRun<'_> {
    /// Why the node has ended the job, as it said while this engine was attached, or says when asked now.
    pub(super) async fn why(&mut self, escrow: &EscrowAccount) -> Option<String> {
        // The node tells engines that it knows.
        let Some(resume) = self.store.journal.resume_token.clone() else {
            return Some(NEVER_HERE.to_owned());
        };
        if self.store.journal.given_up.is_none() {
            match timeout(ASK, self.ask(escrow, &resume)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "the node does not say why"),
                Err(_) => tracing::debug!("the node does not answer"),
            }
        }
        self.store.journal.given_up.clone()
    }

    /// Listens to what the node has kept until it says why.
    async fn ask(&mut self, escrow: &EscrowAccount, resume: &str) -> Result<()> {
        let dir = self.store.dir();
        let mut session =
            Session::open(self.engine, dir, escrow, &self.manifest, Some(resume)).await?;
        let (requests, outgoing) = mpsc::channel(1);
        let after_seq = self.epochs.last_seq();
        let attach = pb::TrainRequest {
            body: Some(Body::Attach(pb::Attach { after_seq })),
        };
        // There is room for it.
        let _ = requests.send(attach).await;
        let request = rpc::authorized(ReceiverStream::new(outgoing), &session.token);
        let opened = session.client.train(request).await;
        let failed = |status| session.error("ask why", &status);
        let mut events = opened.map_err(failed)?.into_inner();
        while let Some(event) = events.message().await.map_err(failed)? {
            if let Some(Event::Phase(changed)) = event.body
                && changed.phase() == pb::Phase::Failed
            {
                return self.note_why(&changed.message);
            }
        }
        Ok(())
    }

    /// Keeps what the node gives as its reason.
    pub(super) fn note_why(&mut self, told: &str) -> Result<()> {
        self.store.journal.given_up = Some(plain(told)).filter(|reason| !reason.is_empty());
        self.store.save()
    }
}

/// Another's words as one line that does nothing to a terminal.
pub(super) fn plain(told: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = told.chars().take(LONGEST).map(visible).collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_short_line_without_control() {
        assert_eq!(plain(" no\nmemory\u{1b}[2J "), "no memory [2J");
        assert_eq!(plain(&"x".repeat(1_000)).len(), LONGEST);
    }
}
