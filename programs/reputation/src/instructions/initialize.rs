use anchor_lang::{prelude::*, solana_program::bpf_loader_upgradeable};

use crate::{Config, ReputationError, VERSION};

/// Who may write here.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct InitializeArgs {
    /// job-escrow's signer, PDA ["authority"] of that program; fixed for good.
    pub settlement_authority: Pubkey,
    /// job-escrow; fixed for good.
    pub escrow_program: Pubkey,
    /// Who may report uptime; the admin may name another.
    pub coordinator: Pubkey,
}

/// Accounts of `initialize`.
#[derive(Accounts)]
pub struct Initialize<'info> {
    /// The upgrade authority; becomes the admin.
    pub admin: Signer<'info>,
    /// Pays the rent: an admin that is a program's address cannot.
    #[account(mut)]
    pub payer: Signer<'info>,
    #[account(init, payer = payer, space = 8 + Config::INIT_SPACE, seeds = [Config::SEED], bump)]
    pub config: Box<Account<'info, Config>>,
    /// CHECK: the loader's account with this program's code, by its address.
    #[account(
        seeds = [crate::ID.as_ref()],
        bump,
        seeds::program = bpf_loader_upgradeable::ID,
        constraint = upgrade_authority(&program_data.try_borrow_data()?) == Some(admin.key())
            @ ReputationError::NotUpgradeAuthority,
    )]
    pub program_data: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

/// Creates the config.
pub fn initialize(ctx: Context<Initialize>, args: InitializeArgs) -> Result<()> {
    ctx.accounts.config.set_inner(Config {
        version: VERSION,
        bump: ctx.bumps.config,
        paused: false,
        admin: ctx.accounts.admin.key(),
        pending_admin: None,
        settlement_authority: args.settlement_authority,
        escrow_program: args.escrow_program,
        coordinator: args.coordinator,
        reserved: [0; 128],
    });
    ctx.accounts.config.announce()
}

/// Who may upgrade a program, as the loader notes it before the code: the number 3, the slot of the last
/// deployment, and the authority's key behind a byte that is 1 where there is one. Anchor's reader of this
/// account would bring a whole decoder with it, sixty kilobytes of code.
fn upgrade_authority(program_data: &[u8]) -> Option<Pubkey> {
    let known = program_data.get(..4)? == 3u32.to_le_bytes() && *program_data.get(12)? == 1;
    let authority = Pubkey::try_from(program_data.get(13..45)?).ok()?;
    known.then_some(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upgrade_authority_is_read_where_the_loader_writes_it() {
        let authority = Pubkey::new_from_array([7; 32]);
        let mut data = [&[3, 0, 0, 0][..], &[9; 8], &[1], &[7; 32], b"code"].concat();
        assert_eq!(upgrade_authority(&data), Some(authority));
        data[12] = 0;
        assert_eq!(upgrade_authority(&data), None);
        (data[12], data[0]) = (1, 2);
        assert_eq!(upgrade_authority(&data), None);
        data[0] = 3;
        assert_eq!(upgrade_authority(&data[..44]), None);
        assert_eq!(upgrade_authority(&[]), None);
    }
}
