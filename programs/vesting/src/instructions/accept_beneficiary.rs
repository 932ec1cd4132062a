use anchor_lang::prelude::*;

use crate::{
    Vesting, VestingError,
    events::{BeneficiaryChanged, VestingPost},
};

/// Accounts of `accept_beneficiary`.
#[derive(Accounts)]
pub struct AcceptBeneficiary<'info> {
    pub new_beneficiary: Signer<'info>,
    #[account(
        mut,
        dup,
        constraint = vesting.pending_beneficiary == Some(new_beneficiary.key())
            @ VestingError::NotPendingBeneficiary,
    )]
    pub vesting: Box<Account<'info, Vesting>>,
}

/// Makes the proposed beneficiary the beneficiary, of what has vested and was not claimed too.
pub fn accept_beneficiary(ctx: Context<AcceptBeneficiary>) -> Result<()> {
    let clock = Clock::get()?;
    let vesting = &mut ctx.accounts.vesting;
    let previous = vesting.beneficiary;
    vesting.beneficiary = ctx.accounts.new_beneficiary.key();
    vesting.pending_beneficiary = None;
    emit!(BeneficiaryChanged {
        previous,
        post: VestingPost::after_change(vesting, &clock),
    });
    Ok(())
}
