use anchor_lang::prelude::*;

use crate::{
    Escrow, Receipt,
    events::{EscrowPost, ReceiptPresented},
    receipt::{receipt_message, require_signed_before},
};

/// Accounts of `present_receipt`. Whoever sends it: the signature inside is what counts.
#[derive(Accounts)]
pub struct PresentReceipt<'info> {
    #[account(mut, dup)]
    pub escrow: Box<Account<'info, Escrow>>,
    /// CHECK: the instructions sysvar, by its address.
    #[account(address = solana_sdk_ids::sysvar::instructions::ID)]
    pub instructions: UncheckedAccount<'info>,
}

/// Notes a receipt that the instruction before has checked.
pub fn present_receipt(ctx: Context<PresentReceipt>, receipt: Receipt) -> Result<()> {
    let escrow = &mut ctx.accounts.escrow;
    let message = receipt_message(&escrow.key(), &receipt);
    require_signed_before(&ctx.accounts.instructions, &escrow.user, &message)?;
    escrow.present(&receipt)?;
    emit!(ReceiptPresented {
        receipt,
        post: EscrowPost::after_change(escrow, &Clock::get()?),
    });
    Ok(())
}
