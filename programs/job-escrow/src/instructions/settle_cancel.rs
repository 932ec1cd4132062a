use anchor_lang::prelude::*;
use reputation::Outcome;

use crate::{EscrowError, SettleByAnyone, State, math::Split};

/// Splits a stopped job by the epochs the user saw. The node's owner may do so at any time, having
/// shown its last receipt; anyone else after the receipt window.
pub fn settle_cancel(ctx: Context<SettleByAnyone>) -> Result<()> {
    let clock = Clock::get()?;
    let settlement = &mut ctx.accounts.settlement;
    let escrow = &settlement.escrow;
    escrow.require_state(State::Cancelling)?;
    let by_node = ctx.accounts.signer.key() == escrow.node;
    let over = clock.unix_timestamp >= escrow.cancel_at;
    require!(by_node || over, EscrowError::ReceiptWindowOpen);
    let split = Split::cancelled(
        escrow.amount,
        escrow.receipt_seen,
        escrow.required_epochs,
        escrow.fee_bps,
        settlement.config.params.cancel_fee_bps,
    );
    settlement.end(State::Cancelled, split, Outcome::CancelledByUser, &clock)
}
