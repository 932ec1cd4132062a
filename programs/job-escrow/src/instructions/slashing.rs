use anchor_lang::{InstructionData, prelude::*};
use node_registry::SlashReason;
use reputation::Outcome;

use super::settlement::*;
use crate::{
    EscrowError, State,
    calls::{Grant, call},
    events::EscrowSettled,
    math::Split,
    transcript::Stage,
};

/// A settlement that may cut the node's stake: part of the cut is burned, part insured.
#[derive(Accounts)]
pub struct Slashing<'info> {
    pub settlement: Settlement<'info>,
    /// CHECK: the escrow's mint, by its address.
    #[account(mut, address = settlement.escrow.mint @ EscrowError::MintMismatch)]
    pub mint: UncheckedAccount<'info>,
    /// CHECK: checked by node-registry.
    #[account(mut)]
    pub stake_vault: UncheckedAccount<'info>,
    /// CHECK: checked by node-registry.
    #[account(mut)]
    pub insurance_vault: UncheckedAccount<'info>,
}

impl<'info> Slashing<'info> {
    /// Releases the node's stake and counts a failure, the third of which slashes.
    pub(crate) fn unlock_failed(&self) -> Result<()> {
        self.release(node_registry::instruction::UnlockFailed {}.data(), None)
    }

    /// Cuts the node's stake for `reason` and releases the rest.
    pub(crate) fn slash(&self, reason: SlashReason) -> Result<()> {
        self.release(node_registry::instruction::Slash { reason }.data(), None)
    }

    /// Cuts the node's stake for a lost dispute, to the user's benefit too, bans the node, and pays
    /// `insurance_payout` base units to the user out of the insurance vault.
    pub(crate) fn slash_dispute(&self, insurance_payout: u64) -> Result<()> {
        let data = node_registry::instruction::SlashDispute { insurance_payout };
        let user_token = &self.settlement.user_token;
        self.release(data.data(), Some(user_token.as_ref().as_ref()))
    }

    // what node-registry ends a lock with, and may cut the stake
    fn release(&self, data: Vec<u8>, user_token: Option<&AccountInfo<'info>>) -> Result<()> {
        let settlement = &self.settlement;
        let accounts = [
            (settlement.registry_config.as_ref(), Grant::Read),
            (&settlement.node, Grant::Write),
            (settlement.lock.as_ref().as_ref(), Grant::Write),
            (&settlement.lock_payer, Grant::Write),
            (&self.mint, Grant::Write),
            (&self.stake_vault, Grant::Write),
            (&self.insurance_vault, Grant::Write),
            (settlement.token_program.as_ref(), Grant::Read),
            // last, where it is wanted at all
            (user_token.unwrap_or(&self.mint), Grant::Write),
        ];
        let used = 8 + usize::from(user_token.is_some());
        call(
            node_registry::ID,
            &settlement.authority,
            settlement.config.authority_bump,
            &accounts[..used],
            data,
        )
    }

    /// Pays, records and closes the books of a job whose lock has ended.
    pub(crate) fn end(
        &mut self,
        state: State,
        split: Option<Split>,
        outcome: Outcome,
        clock: &Clock,
    ) -> Result<()> {
        let post = self.settlement.settle(state, split, outcome, clock)?;
        emit!(EscrowSettled { post });
        Ok(())
    }
}

/// Accounts of the exits that count as a failure of the node: `fail`, whose handler looks at who signed,
/// and `timeout_refund` and `settle_refuted`, which anyone signs.
#[derive(Accounts)]
pub struct EndFailed<'info> {
    pub signer: Signer<'info>,
    pub slashing: Slashing<'info>,
    /// CHECK: read by `Escrow::transcript_stage`; only where the job has a tier.
    pub transcript: Option<UncheckedAccount<'info>>,
}

impl EndFailed<'_> {
    /// The stage of the job's transcript; none where it has no tier.
    pub(crate) fn transcript_stage(&self) -> Result<Option<Stage>> {
        let escrow = &self.slashing.settlement.escrow;
        escrow.transcript_stage(&escrow.key(), &self.transcript)
    }

    /// Refuses a job that is not assigned, and one whose node has claimed what is false: it has no cheaper way
    /// out than `settle_refuted`.
    pub(crate) fn require_not_refuted(&self) -> Result<()> {
        let escrow = &self.slashing.settlement.escrow;
        escrow.require_state(State::Assigned)?;
        let refuted = self.transcript_stage()? == Some(Stage::REFUTED);
        require!(!refuted, EscrowError::TranscriptStage);
        Ok(())
    }
}
