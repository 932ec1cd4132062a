//! What the node has told the chain, against what was ordered, seen and received here: before the payment, and after
//! it where others have made it.

use std::time::Duration;

use cyxwiz_chain::{EscrowAccount, EscrowState, TranscriptAccount};

use super::{
    JobRun,
    download::digest_of,
    proof::{TRANSCRIPT, check, check_received, check_root, check_weights, is_in_integers, replay},
};
use crate::{
    engine::Engine,
    error::{Error, Result},
};

/// Looks at a transcript that lags behind its escrow, and the time between them.
const LOOKS: u32 = 5;
const POLL: Duration = Duration::from_millis(300);

impl JobRun<'_> {
    /// Compares what the chain has been told and has verified with what was ordered, seen and downloaded, and repeats
    /// the training where that is asked for. The transcript, where the job has one that is still open.
    pub(super) async fn check_submission(
        &mut self,
        escrow: &EscrowAccount,
    ) -> Result<Option<TranscriptAccount>> {
        self.check_results(escrow)?;
        let transcript = self.check_proof(escrow).await?;
        self.replay_where_wanted().await?;
        Ok(transcript)
    }

    /// The same of a job that is paid, unless that was done before: anyone may pay, once its time has come.
    pub(super) async fn check_paid(&mut self, escrow: &EscrowAccount) -> Result<()> {
        let checked = match self.store.journal.compared {
            true => self.replay_where_wanted().await,
            false => self.check_submission(escrow).await.map(|_| ()),
        };
        let error = match checked {
            Err(error) => error.after_payment(self.job_id()),
            Ok(()) => return Ok(()),
        };
        if matches!(error, Error::Dishonest { .. }) {
            // Nothing is left to do but to know.
            self.store.journal.finished = true;
            self.store.save()?;
        }
        Err(error)
    }

    /// Weights that must be read and are not what came any more are fetched again.
    pub(super) fn drop_lost_weights(&mut self, state: Option<EscrowState>) -> Result<()> {
        let journal = &self.store.journal;
        let needed = match state {
            Some(EscrowState::Submitted) => true,
            Some(EscrowState::Paid) => !journal.compared,
            _ => false,
        };
        let Some(weights) = &journal.weights else {
            return Ok(());
        };
        if !needed
            || !is_in_integers(&self.spec)
            || digest_of(&weights.path).is_ok_and(|found| found == weights.sha256)
        {
            return Ok(());
        }
        let shown = weights.path.display();
        self.progress.note(format_args!(
            "the weights are not at {shown} as they came: fetching them again"
        ));
        self.store.journal.weights = None;
        self.store.save()
    }

    /// The epochs seen and the weights received.
    fn check_results(&self, escrow: &EscrowAccount) -> Result<()> {
        let Some(weights) = &self.store.journal.weights else {
            return Err(self.dishonest("there are no weights to pay for"));
        };
        if weights.sha256 != escrow.weights_hash {
            return Err(Error::WeightsMismatch {
                path: weights.path.clone(),
                actual: weights.sha256,
                expected: escrow.weights_hash,
            });
        }
        if escrow.final_root != self.epochs.head() {
            let shown = escrow.final_root;
            return Err(self.dishonest(&format!(
                "its final checkpoint hash {shown} is not {}, which follows from the epochs seen",
                self.epochs.head()
            )));
        }
        Ok(())
    }

    async fn check_proof(&mut self, escrow: &EscrowAccount) -> Result<Option<TranscriptAccount>> {
        let Some(plan) = &self.store.journal.proof else {
            self.note_compared()?;
            return Ok(None);
        };
        let heads = self.epochs.heads();
        let transcript = if escrow.state == EscrowState::Paid {
            let open = self.engine.chain.transcript(escrow.address).await?;
            open.filter(|transcript| transcript.belongs_to(escrow))
        } else {
            let transcript = transcript_since(self.engine, escrow).await?;
            check(&transcript, escrow, plan, &heads).map_err(|problem| self.dishonest(&problem))?;
            Some(transcript)
        };
        if let Some(transcript) = &transcript {
            self.note_commitment(transcript)?;
        }
        let journal = &self.store.journal;
        let (Some(plan), Some(weights)) = (&journal.proof, &journal.weights) else {
            return Ok(transcript);
        };
        let printer = self.engine.printer;
        let Some(committed) = plan.committed else {
            printer.warn(
                "the transcript of the proof was closed before this machine had seen it: weights and epochs are those \
                 of the escrow, but were not compared with what was proven",
            );
            return Ok(transcript);
        };
        check_root(committed.root, plan, &heads).map_err(|problem| self.dishonest(&problem))?;
        match &journal.transcript {
            Some(kept) => check_received(&committed, &kept.commits_to)
                .map_err(|problem| self.dishonest(&problem))?,
            None if escrow.state == EscrowState::Paid => printer.warn(format_args!(
                "the node was paid without having shown the {TRANSCRIPT}: no audit can hold it to what it did"
            )),
            None => {
                return Err(Error::Withheld {
                    job: self.job_id(),
                    what: TRANSCRIPT,
                    reason: "it has not come yet".into(),
                });
            }
        }
        check_weights(self.job_id(), &self.spec, committed.trained, weights)?;
        self.note_compared()?;
        Ok(transcript)
    }

    fn note_compared(&mut self) -> Result<()> {
        self.store.journal.compared = true;
        self.store.save()
    }

    /// Repeats the training, once, where the user wants it and the node has bound itself to an end.
    async fn replay_where_wanted(&mut self) -> Result<()> {
        let plan = self.store.journal.proof.as_ref();
        let committed = plan.and_then(|plan| plan.committed);
        let Some(committed) = committed.filter(|_| self.options.replay && !self.replayed) else {
            return Ok(());
        };
        self.progress.wait("repeating the training");
        let escrow = self.engine.escrow_address(self.job_id());
        let (journal, progress) = (&self.store.journal, &self.progress);
        let tell = |share| progress.share("", share);
        let replay = replay(journal, &self.spec, escrow, committed.trained, tell).await?;
        if !replay.honest {
            return Err(replay.into());
        }
        self.replayed = true;
        self.progress.note(replay.text());
        Ok(())
    }
}

/// The transcript of `escrow`, which is there until the escrow is settled, read at its slot or later: RPC nodes behind
/// one address lag behind each other, and an old answer must not make anyone a liar.
///
/// # Errors
/// [`Error::Unreachable`] where they go on to.
pub async fn transcript_since(
    engine: &Engine,
    escrow: &EscrowAccount,
) -> Result<TranscriptAccount> {
    for _ in 0..LOOKS {
        let found = engine.chain.transcript(escrow.address).await?;
        if let Some(found) = found.filter(|found| found.slot >= escrow.slot) {
            return Ok(found);
        }
        tokio::time::sleep(POLL).await;
    }
    Err(Error::Unreachable {
        who: "the chain",
        address: engine.settings.rpc_url.clone(),
        reason: format!("its answers are older than slot {}", escrow.slot),
    })
}
