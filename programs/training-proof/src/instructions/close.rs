use anchor_lang::prelude::*;
use job_escrow::Escrow;

use crate::{
    ProofError, Transcript,
    events::{TranscriptClosed, TranscriptPost},
};

/// Accounts of `close`. Needs no signature: there is one address for the rent, and one time.
#[derive(Accounts)]
pub struct Close<'info> {
    #[account(
        mut,
        dup,
        close = rent_payer,
        has_one = escrow @ ProofError::EscrowMismatch,
        has_one = rent_payer @ ProofError::RentPayerMismatch,
    )]
    pub transcript: Box<Account<'info, Transcript>>,
    /// CHECK: the escrow's address; what lies there is looked at in the handler.
    pub escrow: UncheckedAccount<'info>,
    /// CHECK: who paid the rent, as the transcript says.
    #[account(mut)]
    pub rent_payer: UncheckedAccount<'info>,
}

/// Gives the rent of a transcript back whose escrow is settled, gone, or another job at the same address.
pub fn close(ctx: Context<Close>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    if *accounts.escrow.owner == job_escrow::ID {
        let escrow = Escrow::try_deserialize(&mut &accounts.escrow.try_borrow_data()?[..])?;
        let over =
            escrow.state.is_settled() || escrow.created_at != accounts.transcript.escrow_created_at;
        require!(over, ProofError::EscrowNotSettled);
    }
    emit!(TranscriptClosed {
        post: TranscriptPost::after_change(&mut accounts.transcript, &clock),
    });
    Ok(())
}
