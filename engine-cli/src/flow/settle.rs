//! The last acts on the chain: paying what was delivered, and taking money out
//! of escrows whose time has passed.

use std::time::Duration;

use cyxwiz_chain::{
    ChainError, EscrowAccount, EscrowState, Instruction, TranscriptStage,
    instructions::{
        escrow::{
            accept, expire_dispute, expire_unassigned, settle_cancel, settle_refuted,
            timeout_refund,
        },
        proof,
        token::create_account,
    },
    pda,
};

use super::JobRun;
use crate::{engine::Engine, error::Result};

const POLL: Duration = Duration::from_millis(300);
/// Leaves the first move to those whose duty it is, in seconds.
const GRACE_SECONDS: i64 = 10;
/// Refusals of an exit in an unchanged state before the user hears of it.
const ATTEMPTS: u32 = 5;

/// Which way out of an escrow has become open to anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// No node took it.
    ExpireUnassigned,
    /// The node let the deadline pass.
    TimeoutRefund,
    /// The node did not show its last receipt.
    SettleCancel,
    /// Nobody decided the dispute.
    ExpireDispute,
    /// The node signed a false proof.
    SettleRefuted,
}

impl Exit {
    /// Name of its instruction.
    pub fn name(self) -> &'static str {
        match self {
            Self::ExpireUnassigned => "expire_unassigned",
            Self::TimeoutRefund => "timeout_refund",
            Self::SettleCancel => "settle_cancel",
            Self::ExpireDispute => "expire_dispute",
            Self::SettleRefuted => "settle_refuted",
        }
    }
}

/// Decides by the chain's clock; `assign_window` is how long an open escrow waits.
pub fn due_exit(
    state: EscrowState,
    escrow_times: Times,
    assign_window: i64,
    now: i64,
) -> Option<Exit> {
    let (due, exit) = match state {
        EscrowState::Open => (
            escrow_times.created_at.saturating_add(assign_window),
            Exit::ExpireUnassigned,
        ),
        EscrowState::Assigned => (escrow_times.deadline, Exit::TimeoutRefund),
        EscrowState::Cancelling => (escrow_times.cancel_at, Exit::SettleCancel),
        EscrowState::Disputed => (escrow_times.dispute_ends_at, Exit::ExpireDispute),
        _ => return None,
    };
    (now > due.saturating_add(GRACE_SECONDS)).then_some(exit)
}

/// The times of an escrow that exits depend on, Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Creation.
    pub created_at: i64,
    /// When anyone may refund.
    pub deadline: i64,
    /// When anyone may settle a cancellation.
    pub cancel_at: i64,
    /// When anyone may end a dispute.
    pub dispute_ends_at: i64,
}

impl From<&EscrowAccount> for Times {
    fn from(escrow: &EscrowAccount) -> Self {
        Self {
            created_at: escrow.created_at,
            deadline: escrow.deadline,
            cancel_at: escrow.cancel_at,
            dispute_ends_at: escrow.dispute_ends_at,
        }
    }
}

/// Takes the way out that is due, if one is. Returns its instruction and signature.
///
/// # Errors
/// As [`take`].
pub async fn enforce(
    engine: &Engine,
    escrow: &EscrowAccount,
) -> Result<Option<(&'static str, String)>> {
    // No other way out is open then.
    if is_refuted(engine, escrow).await? {
        return take(engine, escrow, Exit::SettleRefuted).await;
    }
    let config = engine.chain.escrow_config().await?;
    let now = engine.chain.unix_time().await?;
    let window = config.assign_window_seconds;
    match due_exit(escrow.state, Times::from(escrow), window, now) {
        Some(exit) => take(engine, escrow, exit).await,
        None => Ok(None),
    }
}

/// Whether the node of a running job has signed a false proof.
///
/// # Errors
/// [`Error::Chain`].
pub async fn is_refuted(engine: &Engine, escrow: &EscrowAccount) -> Result<bool> {
    let running = matches!(
        escrow.state,
        EscrowState::Assigned | EscrowState::Cancelling
    );
    if !running || !escrow.verification.tier.is_proven() {
        return Ok(false);
    }
    let transcript = engine.chain.transcript(escrow.address).await?;
    Ok(transcript.is_some_and(|t| t.stage == TranscriptStage::Refuted && t.belongs_to(escrow)))
}

/// Takes this way out. `None` if the escrow has left its state meanwhile: that
/// somebody else was faster is no error.
///
/// # Errors
/// [`Error::Chain`]; a refusal only once it was repeated while the state stayed.
pub async fn take(
    engine: &Engine,
    escrow: &EscrowAccount,
    exit: Exit,
) -> Result<Option<(&'static str, String)>> {
    for attempt in 1.. {
        let error = match attempt_exit(engine, escrow, exit).await {
            Ok(signature) => return Ok(Some((exit.name(), signature))),
            Err(error @ (ChainError::Refused { .. } | ChainError::Account { .. })) => error,
            Err(error) => return Err(error.into()),
        };
        let now = engine.chain.escrow(escrow.address).await?;
        if now.is_none_or(|now| now.state != escrow.state) {
            return Ok(None);
        }
        if attempt == ATTEMPTS {
            return Err(error.into());
        }
        tracing::debug!(%error, exit = exit.name(), "refused; trying again");
        tokio::time::sleep(POLL).await;
    }
    unreachable!("the loop ends by returning");
}

async fn attempt_exit(
    engine: &Engine,
    escrow: &EscrowAccount,
    exit: Exit,
) -> Result<String, ChainError> {
    let (chain, user) = (&engine.chain, engine.user());
    let instruction = match exit {
        Exit::ExpireUnassigned => expire_unassigned(escrow),
        Exit::TimeoutRefund => {
            timeout_refund(escrow, user, chain.lock_payer(escrow.address).await?)?
        }
        Exit::SettleCancel => settle_cancel(escrow, user, chain.lock_payer(escrow.address).await?)?,
        Exit::ExpireDispute => {
            expire_dispute(escrow, user, chain.lock_payer(escrow.address).await?)?
        }
        Exit::SettleRefuted => {
            settle_refuted(escrow, user, chain.lock_payer(escrow.address).await?)?
        }
    };
    let instructions = with_payees(engine, escrow, instruction).await?;
    chain.execute(&instructions, &engine.signer, &[]).await
}

/// Puts the token accounts that money may go to, and that their owners have closed
/// since, before `instruction`: a closed one must not block anybody's way out.
///
/// # Errors
/// [`ChainError::Rpc`].
pub async fn with_payees(
    engine: &Engine,
    escrow: &EscrowAccount,
    instruction: Instruction,
) -> Result<Vec<Instruction>, ChainError> {
    let (payer, mint) = (engine.user(), escrow.mint);
    let mut instructions = Vec::with_capacity(3);
    for owner in [Some(escrow.user), escrow.node].into_iter().flatten() {
        if !engine.chain.exists(pda::token_account(owner, mint)).await? {
            instructions.push(create_account(payer, owner, mint));
        }
    }
    instructions.push(instruction);
    Ok(instructions)
}

impl JobRun<'_> {
    /// [`enforce`], with the transaction noted.
    pub(super) async fn enforce(&mut self, escrow: &EscrowAccount) -> Result<()> {
        if let Some((name, signature)) = enforce(self.engine, escrow).await? {
            self.store.note_transaction(name, &signature)?;
        }
        Ok(())
    }

    /// Checks the submission against what was seen and downloaded, and pays.
    pub(super) async fn accept(&mut self) -> Result<()> {
        self.progress.wait("paying the node");
        let engine = self.engine;
        let escrow = engine.funded_escrow(self.store.journal.job_id).await?;
        if escrow.state != EscrowState::Submitted {
            return Ok(());
        }
        let transcript = self.check_submission(&escrow).await?;
        let payer = engine.chain.lock_payer(escrow.address).await?;
        let mut instructions = with_payees(engine, &escrow, accept(&escrow, payer)?).await?;
        // Settled by the instruction before it, the transcript has no use any more but its rent.
        instructions.extend(transcript.map(|t| proof::close(t.escrow, t.rent_payer)));
        let transaction = engine
            .chain
            .sign(&instructions, &engine.signer, &[])
            .await?;
        // Noted first: whoever resumes finds the payment's name even if we die here.
        self.store
            .note_transaction("accept", &transaction.signature)?;
        match engine.chain.land(&transaction).await {
            Ok(()) => {
                self.progress
                    .note(format_args!("paid: transaction {}", transaction.signature));
                Ok(())
            }
            Err(ChainError::Expired) => Ok(()),
            Err(error) => {
                let now = engine.funded_escrow(escrow.job_id).await?;
                if now.state == EscrowState::Submitted {
                    return Err(error.into());
                }
                Ok(())
            }
        }
    }

    /// Whether the chain takes no payment yet: audits must have their time.
    pub(super) async fn payment_waits(&self, escrow: &EscrowAccount) -> Result<bool> {
        let audited = escrow.verification.tier.is_audited();
        Ok(audited && self.engine.chain.unix_time().await? < escrow.release_at)
    }

    /// Waits for the settlement of a cancelled job.
    pub(super) async fn await_cancellation(&mut self) -> Result<()> {
        self.progress
            .wait("the job was cancelled; waiting for the node's last receipt");
        loop {
            let escrow = self.engine.funded_escrow(self.store.journal.job_id).await?;
            if escrow.state != EscrowState::Cancelling {
                return Ok(());
            }
            self.enforce(&escrow).await?;
            tokio::time::sleep(POLL).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exits_open_after_their_time_and_the_grace() {
        use EscrowState::{Assigned, Cancelling, Disputed, Open, Paid, Resolved, Submitted};
        let times = Times {
            created_at: 100,
            deadline: 500,
            cancel_at: 300,
            dispute_ends_at: 700,
        };
        let cases = [
            (Open, 160, Exit::ExpireUnassigned),
            (Assigned, 500, Exit::TimeoutRefund),
            (Cancelling, 300, Exit::SettleCancel),
            (Disputed, 700, Exit::ExpireDispute),
        ];
        for (state, due, exit) in cases {
            assert_eq!(due_exit(state, times, 60, due + GRACE_SECONDS), None);
            assert_eq!(
                due_exit(state, times, 60, due + GRACE_SECONDS + 1),
                Some(exit)
            );
        }
        for state in [Submitted, Paid, Resolved] {
            assert_eq!(due_exit(state, times, 60, i64::MAX), None);
        }
    }
}
