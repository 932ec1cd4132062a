use anchor_lang::prelude::*;
use anchor_spl::token::{Token, TokenAccount};
use node_registry::tokens::{balance, burn_exact, move_exact};

use crate::{Config, EscrowError, events::FeesDistributed, math::FeeSplit};

/// Accounts of `distribute`. No signer: where the fees go is fixed in the config.
#[derive(Accounts)]
pub struct Distribute<'info> {
    #[account(
        has_one = mint @ EscrowError::MintMismatch,
        has_one = platform_vault @ EscrowError::AddressMismatch,
    )]
    pub config: Box<Account<'info, Config>>,
    /// CHECK: the config's mint, by its address. Writable, because a part is burned.
    #[account(mut)]
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the token account that `initialize` made, by its address.
    #[account(mut)]
    pub platform_vault: UncheckedAccount<'info>,
    /// CHECK: what node-registry rewards stake from, by its address.
    #[account(
        mut,
        seeds = [node_registry::Config::REWARD_SEED],
        bump,
        seeds::program = node_registry::ID,
    )]
    pub reward_vault: UncheckedAccount<'info>,
    /// Any token account of the development wallet, so that a closed one blocks nothing.
    #[account(mut, dup, token::mint = mint, token::authority = config.development)]
    pub development_token: Box<Account<'info, TokenAccount>>,
    /// Any token account of the liquidity wallet.
    #[account(mut, dup, token::mint = mint, token::authority = config.liquidity)]
    pub liquidity_token: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

/// Moves everything that the platform vault holds: to stake rewards, development and liquidity, and out
/// of existence. All of it or nothing.
pub fn distribute(ctx: Context<Distribute>) -> Result<()> {
    let accounts = ctx.accounts;
    let config = &accounts.config;
    let vault = &accounts.platform_vault;
    let collected = balance(vault)?;
    require!(collected > 0, EscrowError::NothingToDistribute);
    let split =
        FeeSplit::new(collected, config.params.fee_split_bps).ok_or(EscrowError::MathOverflow)?;

    let (authority, bump) = (config.to_account_info(), [config.bump]);
    let seeds: &[&[&[u8]]] = &[&[Config::SEED, &bump]];
    for (to, amount) in [
        (accounts.reward_vault.to_account_info(), split.rewards),
        (
            accounts.development_token.to_account_info(),
            split.development,
        ),
        (accounts.liquidity_token.to_account_info(), split.liquidity),
    ] {
        move_exact(vault, &to, authority.clone(), seeds, amount)?;
    }
    burn_exact(vault, &accounts.mint, authority, seeds, split.burned)?;
    let emptied = balance(vault)? == 0 && split.total() == Some(collected);
    require!(emptied, EscrowError::InvariantViolated);

    let clock = Clock::get()?;
    emit!(FeesDistributed {
        collected,
        rewards: split.rewards,
        development: split.development,
        liquidity: split.liquidity,
        burned: split.burned,
        slot: clock.slot,
        unix_timestamp: clock.unix_timestamp,
    });
    Ok(())
}
