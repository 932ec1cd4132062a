//! The steps of a job with a proof.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use cyxwiz_chain::{ChainError, EscrowAccount, EscrowState, TranscriptAccount, TranscriptStage};
use cyxwiz_statement::Registered;
use tokio::time::Instant;

use super::{Driver, MISSING_READS, StepError};
use crate::{
    jobs::{JobError, Phase},
    ledger::Write,
    node::Node,
    steps::{
        decide::View,
        delivered::WriteError,
        proving,
        terms::{self, TermsError},
        transcript::{self, CommitError},
    },
};

/// After a refused `reveal`, the time to the next try: a slot or two, or somebody was faster.
const REVEAL_RETRY: Duration = Duration::from_secs(2);

impl Driver {
    /// Whether the transcript decides anything now: what it was opened with, what became of it, or whether
    /// the job can still be handed back.
    pub(super) fn needs_transcript(&self, escrow: &EscrowAccount) -> bool {
        // Not while training: only this node brings about what follows.
        let is_busy = self.job.record().proof.is_some() && self.job.local().training;
        escrow.state == EscrowState::Assigned && escrow.verification.tier.is_proven() && !is_busy
    }

    /// Checks once, before any work, what the job's proof would be bound to; a job that cannot be proven
    /// is handed back. `false` while it is not known yet.
    pub(super) fn accept_terms(
        &mut self,
        escrow: &EscrowAccount,
        view: &View<'_>,
    ) -> Result<bool, JobError> {
        let record = self.job.record();
        let over = matches!(record.phase, Phase::Failed | Phase::Settled);
        if record.proof.is_some() || over || escrow.state != EscrowState::Assigned {
            return Ok(true);
        }
        let spec = self.job.spec();
        let able = match spec.circuit() {
            None => Ok(()),
            Some(circuit) => self.can_prove(circuit, escrow, view.now),
        };
        match able.and_then(|()| terms::check(spec, escrow, view.transcript)) {
            Ok(None) => {}
            Ok(Some(terms)) => self.job.update(|record| record.proof = Some(terms))?,
            Err(TermsError::NoTranscript) if self.untranscribed + 1 < MISSING_READS => {
                self.untranscribed += 1;
                return Ok(false);
            }
            Err(error) => self.job.fail(&error.to_string())?,
        }
        Ok(true)
    }

    fn can_prove(
        &self,
        circuit: &Registered,
        escrow: &EscrowAccount,
        now: i64,
    ) -> Result<(), TermsError> {
        let Node {
            settings, provers, ..
        } = &*self.node;
        let memory = terms::proof_memory_mib(settings);
        terms::check_node(settings, provers, circuit, memory)?;
        terms::check_clock(Utc::now().timestamp() - now)?;
        terms::check_time(escrow, &self.node.policy(&self.job))
    }

    pub(super) async fn commit(&self, escrow: &EscrowAccount, now: i64) -> Result<(), StepError> {
        let (job, assigned_at) = (Arc::clone(&self.job), escrow.assigned_at);
        let made = move || transcript::commitment(&job, assigned_at, now);
        let made = tokio::task::spawn_blocking(made).await;
        let made = made.map_err(|panic| JobError::Inconsistent {
            id: self.job.id(),
            problem: panic.to_string(),
        })?;
        match made {
            Ok(commitment) => Ok(self.write(escrow, "commit", &[commitment]).await?),
            // A disk that does not answer may do so again.
            Err(CommitError::Job(error @ JobError::File { .. })) => Err(error.into()),
            Err(error) => Ok(self.job.fail(&error.to_string())?),
        }
    }

    /// Nobody waits for who reveals: engine and coordinator do so too, with their nonces. So a refusal
    /// is no error.
    pub(super) async fn reveal(&mut self, escrow: &EscrowAccount) -> Result<bool, StepError> {
        self.await_challenge();
        if Instant::now() < self.no_reveal_before {
            return Ok(false);
        }
        self.no_reveal_before = Instant::now() + REVEAL_RETRY;
        match self.write(escrow, "reveal", &[Write::Reveal]).await {
            Ok(()) => Ok(true),
            Err(WriteError::Chain {
                source: ChainError::Refused { message, .. },
                ..
            }) => {
                tracing::debug!(job = %self.job.id(), message, "no challenge yet");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Uses the wait for the challenge.
    fn await_challenge(&mut self) {
        proving::tell(&self.job, "waiting for the challenge", 0.0);
        if let Some(circuit) = self.job.spec().circuit()
            && !std::mem::replace(&mut self.prepared, true)
        {
            proving::prepare_key(&self.node, circuit);
        }
    }

    /// What there is to do about a proof while there is nothing to do.
    pub(super) fn wait(&mut self, transcript: Option<&TranscriptAccount>) {
        match transcript.map(|transcript| transcript.stage) {
            Some(TranscriptStage::Committed) => self.await_challenge(),
            Some(TranscriptStage::Opened) if self.job.record().phase == Phase::Proving => {
                proving::tell(&self.job, "waiting for memory", 0.0);
            }
            _ => {}
        }
    }

    pub(super) fn prove(&self, transcript: Option<&TranscriptAccount>) {
        // Decided only with one.
        if let Some(transcript) = transcript {
            proving::start(&self.node, &self.job, transcript.clone());
        }
    }

    /// Software that is sound does not get here: proofs are verified before they are sent.
    pub(super) fn concede(&self) -> Result<(), JobError> {
        self.job.fail(
            "the chain says that this node's proof shows nothing; the user gets everything back",
        )
    }

    /// Shows the chain the proof, after a last look at it.
    pub(super) async fn verify(&self, escrow: &EscrowAccount) -> Result<(), StepError> {
        let Some(kept) = self.job.proof() else {
            return Ok(());
        };
        let Some(write) = proving::verified(&kept) else {
            tracing::error!(job = %self.job.id(), "the proof on the disk shows nothing; making another");
            self.job.discard_proof();
            return Ok(());
        };
        self.job.note_proved()?;
        self.write(escrow, "verify", &[write]).await?;
        Ok(())
    }
}
