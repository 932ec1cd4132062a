use anchor_lang::prelude::*;

use super::refund::*;
use crate::{
    EscrowError, State,
    events::{CancelRequested, EscrowPost},
};

/// Accounts of `cancel`.
#[derive(Accounts)]
pub struct Cancel<'info> {
    #[account(address = refund.escrow.user @ EscrowError::NotEscrowUser)]
    pub user: Signer<'info>,
    pub refund: Refund<'info>,
}

/// Refunds an open job; stops an assigned one, whose node then has the receipt window to show what
/// the user has seen.
pub fn cancel(ctx: Context<Cancel>) -> Result<()> {
    let clock = Clock::get()?;
    let refund = &mut ctx.accounts.refund;
    if refund.escrow.state == State::Open {
        return refund.refund(&clock);
    }
    let window = refund.config.params.receipt_window_seconds;
    refund.escrow.start_cancel(window, clock.unix_timestamp)?;
    emit!(CancelRequested {
        cancel_at: refund.escrow.cancel_at,
        post: EscrowPost::after_change(&mut refund.escrow, &clock),
    });
    Ok(())
}
