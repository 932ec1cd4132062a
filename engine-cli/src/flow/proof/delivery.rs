//! Fetches the transcript of a job's work after its weights, and keeps the payment back until it is here.

use std::path::PathBuf;

use cyxwiz_chain::{EscrowState, TranscriptAccount};

use super::{Expected, Received, check_received, received::transcript_path};
use crate::{
    error::{Error, Result},
    flow::{
        JobRun,
        attachment::Attachment,
        download::{Content, Wanted},
        journal::KeptTranscript,
    },
};

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

    /// Keeps what came. What did not come, or is no good, ends the run once the node has submitted: before,
    /// nothing is to be paid, and the challenge wants this engine.
    pub(in crate::flow) async fn transcript_fetched(
        &mut self,
        path: PathBuf,
        done: Result<Option<Received>>,
    ) -> Result<()> {
        let error = match done {
            Ok(None) => return Ok(()),
            Ok(Some(commits_to)) => {
                let shown = path.display();
                self.progress.note(format_args!(
                    "transcript: {shown}, as shown while it trained"
                ));
                self.store.journal.transcript = Some(KeptTranscript { path, commits_to });
                return self.store.save();
            }
            Err(error) => self.blame(error),
        };
        let escrow = self.engine.funded_escrow(self.job_id()).await?;
        if error.is_transient() || escrow.state != EscrowState::Assigned {
            return Err(error);
        }
        self.progress.note(format_args!("{error}"));
        Ok(())
    }

    /// Whose fault it is that a transcript did not come.
    fn blame(&self, error: Error) -> Error {
        match error {
            Error::Refused {
                passing: false,
                message,
                ..
            } => Error::Withheld {
                job: self.job_id(),
                reason: message,
            },
            Error::Content { problem, .. } => self.dishonest(&problem),
            other => other,
        }
    }

    /// Compares the transcript that is here with the chain's.
    pub(in crate::flow) fn check_kept_transcript(
        &self,
        transcript: &TranscriptAccount,
    ) -> Result<()> {
        let kept = self.store.journal.transcript.as_ref();
        let kept = kept.ok_or_else(|| Error::Withheld {
            job: self.job_id(),
            reason: "it has not come yet".into(),
        })?;
        check_received(transcript, &kept.commits_to).map_err(|problem| self.dishonest(&problem))
    }
}
