use anchor_lang::prelude::*;

use crate::{
    Vesting, VestingError,
    events::{BeneficiaryProposed, VestingPost},
};

/// Accounts of `propose_beneficiary`.
#[derive(Accounts)]
pub struct ProposeBeneficiary<'info> {
    pub beneficiary: Signer<'info>,
    #[account(mut, dup, has_one = beneficiary @ VestingError::NotBeneficiary)]
    pub vesting: Box<Account<'info, Vesting>>,
}

/// Names who may take the allocation over; proposing the beneficiary itself takes a proposal back.
pub fn propose_beneficiary(ctx: Context<ProposeBeneficiary>, next: Pubkey) -> Result<()> {
    let clock = Clock::get()?;
    let vesting = &mut ctx.accounts.vesting;
    vesting.pending_beneficiary = (next != vesting.beneficiary).then_some(next);
    emit!(BeneficiaryProposed {
        next,
        post: VestingPost::after_change(vesting, &clock),
    });
    Ok(())
}
