use anchor_lang::prelude::*;
use node_registry::{
    SlashReason,
    cpi::accounts::{Release, SlashDispute},
};
use reputation::Outcome;

use super::settlement::*;
use crate::{Config, EscrowError, State, events::EscrowSettled, math::Split, transcript::Stage};

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
        let bump = [self.settlement.config.authority_bump];
        node_registry::cpi::unlock_failed(CpiContext::new_with_signer(
            node_registry::ID,
            self.release(),
            &[&[Config::AUTHORITY_SEED, &bump]],
        ))
    }

    /// Cuts the node's stake for `reason` and releases the rest.
    pub(crate) fn slash(&self, reason: SlashReason) -> Result<()> {
        let bump = [self.settlement.config.authority_bump];
        node_registry::cpi::slash(
            CpiContext::new_with_signer(
                node_registry::ID,
                self.release(),
                &[&[Config::AUTHORITY_SEED, &bump]],
            ),
            reason,
        )
    }

    /// Cuts the node's stake for a lost dispute, to the user's benefit too, bans the node, and pays
    /// `insurance_payout` base units to the user out of the insurance vault.
    pub(crate) fn slash_dispute(&self, insurance_payout: u64) -> Result<()> {
        let bump = [self.settlement.config.authority_bump];
        let accounts = SlashDispute {
            release: self.release(),
            user_token: self.settlement.user_token.to_account_info(),
        };
        node_registry::cpi::slash_dispute(
            CpiContext::new_with_signer(
                node_registry::ID,
                accounts,
                &[&[Config::AUTHORITY_SEED, &bump]],
            ),
            insurance_payout,
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

    fn release(&self) -> Release<'info> {
        Release {
            unlock: self.settlement.lock_accounts(),
            mint: self.mint.to_account_info(),
            stake_vault: self.stake_vault.to_account_info(),
            insurance_vault: self.insurance_vault.to_account_info(),
            token_program: self.settlement.token_program.to_account_info(),
        }
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
