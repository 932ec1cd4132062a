use anchor_lang::prelude::*;

use crate::{
    Escrow, EscrowError,
    events::{CheckpointAnchored, EscrowPost},
};

/// Accounts of `anchor_checkpoint`.
#[derive(Accounts)]
pub struct AnchorCheckpoint<'info> {
    /// The node's owner.
    pub node: Signer<'info>,
    #[account(mut, dup, has_one = node @ EscrowError::NotAssignedNode)]
    pub escrow: Box<Account<'info, Escrow>>,
}

/// Notes the root of the checkpoints up to `epoch`.
pub fn anchor_checkpoint(ctx: Context<AnchorCheckpoint>, epoch: u32, root: [u8; 32]) -> Result<()> {
    let escrow = &mut ctx.accounts.escrow;
    escrow.anchor(epoch, root)?;
    emit!(CheckpointAnchored {
        epoch,
        root,
        post: EscrowPost::after_change(escrow, &Clock::get()?),
    });
    Ok(())
}
