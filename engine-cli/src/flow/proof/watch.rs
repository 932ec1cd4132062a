//! From the node's commitment to the verified proof: the user's secret goes into the challenge as soon as it
//! can no longer help anyone, and every look is repeated, so that a crash in between costs nothing.

use cyxwiz_chain::{
    ChainError, Draw, TranscriptAccount, TranscriptStage, instructions::proof::reveal,
};

use super::{Committed, ProofPlan, check::check_root};
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
        let Some(now) = Committed::of(transcript) else {
            return Ok(());
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

    /// Has the challenge drawn, as far as this user can.
    async fn reveal(&mut self, transcript: &TranscriptAccount) -> Result<()> {
        self.progress.remark("waiting for the challenge");
        let engine = self.engine;
        let Some(plan) = &self.store.journal.proof else {
            return Ok(());
        };
        let Some(nonce) = next_nonce(transcript, plan) else {
            return Ok(());
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

/// What the next `reveal` shows of the user's; `None` while none is to be sent. Pure.
fn next_nonce(transcript: &TranscriptAccount, plan: &ProofPlan) -> Option<Option<[u8; 32]>> {
    let ours = plan.nonce_hash(transcript.escrow) == transcript.user_nonce_hash;
    let owes_nonce = ours && transcript.user_nonce.is_none();
    let shown = match transcript.next_draw(owes_nonce)? {
        Draw::ShowNonce => Some(plan.nonce.reveal()),
        // Only the coordinator's is missing then, and not for ever.
        Draw::PinSlotHash | Draw::GoOn => None,
    };
    Some(shown)
}

#[cfg(test)]
mod tests {
    use cyxwiz_chain::EscrowState;
    use cyxwiz_domain::Digest;
    use cyxwiz_test_support::{escrow_account, transcript_account};

    use super::*;
    use crate::flow::proof::Nonce;

    const COMMITTED_AT: u64 = 1_000;

    fn plan() -> ProofPlan {
        let zero = Digest::default();
        ProofPlan {
            circuit: zero,
            dataset: zero,
            initial: zero,
            rate: 0,
            nonce: Nonce::draw(),
            coordinator_nonce_hash: None,
            committed: None,
            prove_seconds: None,
        }
    }

    /// Read that many slots after the node has committed.
    fn committed(plan: &ProofPlan, passed: u64, pinned: bool, shown: bool) -> TranscriptAccount {
        let opened = transcript_account(
            &escrow_account(EscrowState::Assigned),
            TranscriptStage::Committed,
        );
        TranscriptAccount {
            commit_slot: COMMITTED_AT,
            slot: COMMITTED_AT + passed,
            target_slot: if pinned { COMMITTED_AT + 32 } else { 0 },
            user_nonce_hash: plan.nonce_hash(opened.escrow),
            user_nonce: shown.then(|| plan.nonce.reveal()),
            ..opened
        }
    }

    #[test]
    fn the_users_nonce_comes_after_the_slot_hash_and_never_with_it() {
        let plan = plan();
        let (nothing, nonce) = (Some(None), Some(Some(plan.nonce.reveal())));
        let cases = [
            (0, false, false, None),
            (32, false, false, None),
            (33, false, false, nothing),
            // Late, and lost or not: the chain alone says, and no nonce goes with the question.
            (500, false, false, nothing),
            (5_000, false, false, nothing),
            // Read as fixed, whoever has done it.
            (33, true, false, nonce),
            (451, true, false, nonce),
            (33, true, true, None),
            (450, true, true, None),
            (451, true, true, nothing),
        ];
        for (passed, pinned, shown, expected) in cases {
            let transcript = committed(&plan, passed, pinned, shown);
            let next = next_nonce(&transcript, &plan);
            assert_eq!(next, expected, "{passed} {pinned} {shown}");
        }
    }

    #[test]
    fn a_nonce_that_the_transcript_does_not_ask_for_stays_secret() {
        let (ours, other) = (plan(), plan());
        let transcript = committed(&other, 40, true, false);
        assert_eq!(next_nonce(&transcript, &ours), None);
        let late = committed(&other, 451, true, false);
        assert_eq!(next_nonce(&late, &ours), Some(None));
        for stage in [
            TranscriptStage::Opened,
            TranscriptStage::Revealed,
            TranscriptStage::FullAudit,
        ] {
            let transcript = TranscriptAccount {
                stage,
                ..committed(&ours, 451, true, false)
            };
            assert_eq!(next_nonce(&transcript, &ours), None, "{stage:?}");
        }
    }
}
