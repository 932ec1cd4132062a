//! From the node's commitment to the verified proof: the user's secret goes into the challenge as soon as it
//! can no longer help anyone, and every look is repeated, so that a crash in between costs nothing.

use cyxwiz_chain::{
    ChainError, NONCE_TIMEOUT_SLOTS, REVEAL_DELAY_SLOTS, TranscriptAccount, TranscriptStage,
    instructions::proof::reveal,
};

use super::{Committed, check::check_root};
use crate::{error::Result, flow::JobRun};

impl JobRun<'_> {
    /// Whether the chain may have news about the proof.
    pub(in crate::flow) fn awaits_proof(&self) -> bool {
        let plan = self.store.journal.proof.as_ref();
        plan.is_some_and(|plan| !plan.committed.is_some_and(|c| c.verified))
    }

    /// Whether all epochs were seen.
    pub(in crate::flow) fn is_trained(&self) -> bool {
        self.epochs.seen() == self.store.journal.epochs
    }

    /// Looks at the transcript, and helps it on where this user can. What the chain refuses is no error:
    /// somebody else was faster, or it is too early, and the next look decides again.
    pub(in crate::flow) async fn watch_proof(&mut self) -> Result<()> {
        let escrow = self.engine.escrow_address(self.job_id());
        let Some(transcript) = self.engine.chain.transcript(escrow).await? else {
            return Ok(());
        };
        self.note_commitment(&transcript)?;
        match transcript.stage {
            TranscriptStage::Opened => {}
            TranscriptStage::Committed => self.reveal(&transcript).await?,
            TranscriptStage::Revealed => self.progress.remark("the node proves its work"),
            TranscriptStage::Verified => self.progress.remark("proof verified on-chain"),
            TranscriptStage::FullAudit => self.progress.remark(
                "nobody drew the challenge in time: no proof can be made, and your money comes back",
            ),
            TranscriptStage::Refuted => {
                let escrow = self.engine.funded_escrow(self.job_id()).await?;
                self.enforce(&escrow).await?;
            }
        }
        Ok(())
    }

    /// Keeps what the node has bound itself to, and says at once if that is not what it had streamed.
    pub(in crate::flow) fn note_commitment(
        &mut self,
        transcript: &TranscriptAccount,
    ) -> Result<()> {
        if transcript.stage == TranscriptStage::Opened {
            return Ok(());
        }
        let now = Committed {
            root: transcript.root,
            trained: transcript.trained,
            verified: transcript.stage == TranscriptStage::Verified,
        };
        let Some(plan) = &mut self.store.journal.proof else {
            return Ok(());
        };
        if plan.committed == Some(now) {
            return Ok(());
        }
        let first = plan.committed.replace(now).is_none();
        let heads = self.epochs.heads();
        // A node that was out of reach may have committed to epochs that it has yet to show.
        let whole = heads.len() == self.store.journal.epochs as usize;
        if first
            && whole
            && let Err(problem) = check_root(now.root, plan, &heads)
        {
            self.progress.note(format_args!(
                "the node's commitment does not fit what it had shown ({problem}): it will not be accepted"
            ));
        }
        self.store.save()
    }

    /// Shows the user's nonce once the slot is there whose hash goes into the challenge: shown any earlier,
    /// those who make slots could choose by it.
    async fn reveal(&mut self, transcript: &TranscriptAccount) -> Result<()> {
        self.progress.remark("waiting for the challenge");
        let engine = self.engine;
        let passed = (engine.chain.slot().await?).saturating_sub(transcript.commit_slot);
        let Some(plan) = &self.store.journal.proof else {
            return Ok(());
        };
        let nonce = match transcript.user_nonce {
            None if passed > REVEAL_DELAY_SLOTS => Some(plan.nonce.reveal()),
            // Only the coordinator's is missing, and not for ever.
            Some(_) if passed > NONCE_TIMEOUT_SLOTS => None,
            _ => return Ok(()),
        };
        let reveal = [reveal(transcript.escrow, nonce, None)];
        match engine.chain.execute(&reveal, &engine.signer, &[]).await {
            Ok(signature) => self.store.note_reported("reveal", &signature),
            Err(error @ (ChainError::Refused { .. } | ChainError::Account { .. })) => {
                tracing::debug!(%error, "the challenge is not drawn by this transaction");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}
