//! Instructions of vesting.

use cyxwiz_domain::{Address, Amount};
use solana_instruction::Instruction;
use vesting::{CreateVestingArgs, accounts, instruction};

use super::{build, token::TOKEN};
use crate::{VestingAccount, key, pda};

/// An allocation to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVesting {
    /// Its token.
    pub mint: Address,
    /// Whose tokens they are; pays the rent too.
    pub funder: Address,
    /// Who may claim.
    pub beneficiary: Address,
    /// The funder's number for it.
    pub id: u64,
    /// How much.
    pub total: Amount,
    /// Unix time that the schedule counts from.
    pub start: i64,
    /// Seconds from the start before which nothing vests.
    pub cliff_seconds: u64,
    /// Seconds from the start after which all has vested; with 0, all vests at the start.
    pub duration_seconds: u64,
}

impl NewVesting {
    /// Where it will live.
    pub fn address(&self) -> Address {
        pda::vesting(self.mint, self.funder, self.beneficiary, self.id)
    }
}

/// Creates an allocation and funds it for good. Signed by the funder.
pub fn create(new: &NewVesting) -> Instruction {
    let vesting = new.address();
    build(
        vesting::ID,
        &accounts::CreateVesting {
            funder: key(new.funder),
            payer: key(new.funder),
            beneficiary: key(new.beneficiary),
            mint: key(new.mint),
            vesting: key(vesting),
            vault: key(pda::vesting_vault(vesting)),
            funder_token: key(pda::token_account(new.funder, new.mint)),
            token_program: TOKEN,
            system_program: solana_sdk_ids::system_program::ID,
        },
        &instruction::CreateVesting {
            args: CreateVestingArgs {
                id: new.id,
                total: new.total.0,
                start: new.start,
                cliff_seconds: new.cliff_seconds,
                duration_seconds: new.duration_seconds,
            },
        },
    )
}

/// Pays what has vested to the beneficiary's associated token account, which must exist. Signed by the
/// beneficiary.
pub fn claim(vesting: &VestingAccount) -> Instruction {
    build(
        vesting::ID,
        &accounts::Claim {
            beneficiary: key(vesting.beneficiary),
            vesting: key(vesting.address),
            vault: key(vesting.vault),
            to: key(pda::token_account(vesting.beneficiary, vesting.mint)),
            token_program: TOKEN,
        },
        &instruction::Claim {},
    )
}

/// Names the next beneficiary. Signed by the beneficiary.
pub fn propose_beneficiary(vesting: &VestingAccount, next: Address) -> Instruction {
    build(
        vesting::ID,
        &accounts::ProposeBeneficiary {
            beneficiary: key(vesting.beneficiary),
            vesting: key(vesting.address),
        },
        &instruction::ProposeBeneficiary { next: key(next) },
    )
}

/// Completes the hand-over. Signed by the proposed beneficiary.
pub fn accept_beneficiary(vesting: Address, next: Address) -> Instruction {
    build(
        vesting::ID,
        &accounts::AcceptBeneficiary {
            new_beneficiary: key(next),
            vesting: key(vesting),
        },
        &instruction::AcceptBeneficiary {},
    )
}

/// Gives the rent of an allocation that was paid in full back. Needs no signature.
pub fn close(vesting: &VestingAccount) -> Instruction {
    build(
        vesting::ID,
        &accounts::Close {
            vesting: key(vesting.address),
            vault: key(vesting.vault),
            beneficiary_token: key(pda::token_account(vesting.beneficiary, vesting.mint)),
            rent_payer: key(vesting.rent_payer),
            token_program: TOKEN,
        },
        &instruction::Close {},
    )
}
