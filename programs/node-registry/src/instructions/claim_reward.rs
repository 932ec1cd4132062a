use anchor_lang::prelude::*;
use anchor_spl::token::{Token, TokenAccount};

use crate::{
    Config, Node, RegistryError,
    events::{NodeBalance, RewardClaimed},
    tokens::{balance, move_exact},
};

/// Accounts of `claim_reward`.
#[derive(Accounts)]
pub struct ClaimReward<'info> {
    pub owner: Signer<'info>,
    pub config: Box<Account<'info, Config>>,
    #[account(mut, dup, has_one = owner @ RegistryError::NotNodeOwner)]
    pub node: Box<Account<'info, Node>>,
    /// CHECK: the token account that `initialize` made.
    #[account(mut, address = config.reward_vault @ RegistryError::VaultMismatch)]
    pub reward_vault: UncheckedAccount<'info>,
    /// Where the reward goes; the owner signs, so any account of the mint will do.
    #[account(mut, dup, token::mint = config.mint)]
    pub owner_token: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

/// Pays what has accrued, as far as the reward vault reaches; the rest stays accrued.
pub fn claim_reward(ctx: Context<ClaimReward>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    let vault = accounts.reward_vault.to_account_info();
    let available = balance(&vault)?;
    let params = &accounts.config.params;
    let amount = accounts
        .node
        .claim(available, clock.unix_timestamp, params)?;
    move_exact(
        &vault,
        &accounts.owner_token.to_account_info(),
        accounts.config.to_account_info(),
        &[&[Config::SEED, &[accounts.config.bump]]],
        amount,
    )?;
    emit!(RewardClaimed {
        amount,
        vault_left: balance(&vault)?,
        post: NodeBalance::after_change(&mut accounts.node, &clock),
    });
    Ok(())
}
