//! Fetches the transcript of a job's work after its weights, and keeps the payment back until both are here.

use std::path::PathBuf;

use cyxwiz_chain::EscrowState;

use super::{Expected, Received, received::transcript_path};
use crate::{
    error::{Error, Result},
    flow::{
        JobRun,
        attachment::Attachment,
        download::{Content, Wanted},
        journal::KeptTranscript,
    },
};

/// What [`Error::Withheld`] calls it.
pub(in crate::flow) const TRANSCRIPT: &str = "transcript of its work";

impl JobRun<'_> {
    /// Asks for the transcript, if the job has one that is not here while its weights are.
    pub(in crate::flow) async fn want_transcript(
        &mut self,
        attachment: &mut Attachment,
    ) -> Result<()> {
        let journal = &self.store.journal;
        let (Some(plan), Some(weights)) = (&journal.proof, &journal.weights) else {
            return Ok(());
        };
        if journal.transcript.is_some() || attachment.download.is_some() {
            return Ok(());
        }
        let escrow = self.engine.funded_escrow(journal.job_id).await?;
        let expected = Expected::new(plan, &escrow, self.epochs.heads(), weights.sha256)?;
        attachment.want(Wanted {
            content: Content::Transcript(Box::new(expected)),
            path: transcript_path(&weights.path),
        });
        Ok(())
    }

    /// Keeps what came.
    pub(in crate::flow) async fn transcript_fetched(
        &mut self,
        path: PathBuf,
        done: Result<Option<Received>>,
    ) -> Result<()> {
        match done {
            Ok(None) => Ok(()),
            Ok(Some(commits_to)) => {
                let shown = path.display();
                self.progress.note(format_args!(
                    "transcript: {shown}, as shown while it trained"
                ));
                self.store.journal.transcript = Some(KeptTranscript { path, commits_to });
                self.store.save()
            }
            Err(error) => self.not_delivered(TRANSCRIPT, error).await,
        }
    }

    /// What did not come, or is no good, ends the run of a job with a proof once the node has submitted: before,
    /// nothing is to be paid, and the challenge wants this engine.
    pub(in crate::flow) async fn not_delivered(
        &mut self,
        what: &'static str,
        error: Error,
    ) -> Result<()> {
        let error = self.blame(what, error);
        if error.is_transient() || self.store.journal.proof.is_none() {
            return Err(error);
        }
        let escrow = self.engine.funded_escrow(self.job_id()).await?;
        if escrow.state != EscrowState::Assigned {
            return Err(error);
        }
        self.progress.note(format_args!("{error}"));
        Ok(())
    }

    /// Whose fault it is that something did not come.
    fn blame(&self, what: &'static str, error: Error) -> Error {
        match error {
            Error::Refused {
                passing: false,
                message,
                ..
            } => Error::Withheld {
                job: self.job_id(),
                what,
                reason: message,
            },
            Error::Content { problem, .. } if what == TRANSCRIPT => self.dishonest(&problem),
            Error::Content { problem, .. } => {
                self.dishonest(&format!("the file of its {what} {problem}"))
            }
            other => other,
        }
    }
}
