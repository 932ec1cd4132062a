//! The ways out of an escrow: whoever sends one, the money goes where the program says.

use cyxwiz_domain::{Address, Amount};
use job_escrow::{accounts, instruction};
use solana_instruction::Instruction;

use super::{node_of, transcript};
use crate::{
    ChainError, EscrowAccount,
    instructions::{build, token::TOKEN},
    key, pda, programs,
};

/// What the dispute authority decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Amount and bond go back to the user, and so much comes from the insurance;
    /// the node is slashed and banned.
    ForUser(Amount),
    /// The node is paid, and gets the bond.
    ForNode,
    /// The node has earned that many basis points of the amount; the user gets the
    /// rest and the bond.
    Shared(u16),
}

/// Pays a submitted job. Signed by the user.
///
/// # Errors
/// [`ChainError::Account`] if the escrow has no node.
pub fn accept(escrow: &EscrowAccount, lock_payer: Address) -> Result<Instruction, ChainError> {
    Ok(build(
        job_escrow::ID,
        &accounts::Accept {
            user: key(escrow.user),
            settlement: settlement(escrow, lock_payer)?,
        },
        &instruction::Accept {},
    ))
}

/// Pays a submitted job after its window. Signed by `anyone`.
///
/// # Errors
/// [`ChainError::Account`] if the escrow has no node.
pub fn release(
    escrow: &EscrowAccount,
    anyone: Address,
    lock_payer: Address,
) -> Result<Instruction, ChainError> {
    let accounts = by_anyone(escrow, anyone, lock_payer)?;
    Ok(build(job_escrow::ID, &accounts, &instruction::Release {}))
}

/// Refunds an open job, or stops an assigned one before its deadline. Signed by
/// the user.
pub fn cancel(escrow: &EscrowAccount) -> Instruction {
    build(
        job_escrow::ID,
        &accounts::Cancel {
            user: key(escrow.user),
            refund: refund(escrow),
        },
        &instruction::Cancel {},
    )
}

/// Splits a stopped job. Signed by the node's owner, or by `anyone` after the window.
///
/// # Errors
/// [`ChainError::Account`] if the escrow has no node.
pub fn settle_cancel(
    escrow: &EscrowAccount,
    anyone: Address,
    lock_payer: Address,
) -> Result<Instruction, ChainError> {
    let accounts = by_anyone(escrow, anyone, lock_payer)?;
    Ok(build(
        job_escrow::ID,
        &accounts,
        &instruction::SettleCancel {},
    ))
}

/// Hands an assigned job back: everything to the user, and no penalty. Signed by the node's owner, while
/// [`EscrowAccount::can_be_declined`].
///
/// # Errors
/// [`ChainError::Account`] if the escrow has no node.
pub fn decline(escrow: &EscrowAccount, lock_payer: Address) -> Result<Instruction, ChainError> {
    let accounts = accounts::Decline {
        signer: key(node_of(escrow)?),
        settlement: settlement(escrow, lock_payer)?,
        transcript: transcript(escrow.address, &escrow.verification),
    };
    Ok(build(job_escrow::ID, &accounts, &instruction::Decline {}))
}

/// Gives an assigned job up. Signed by the node's owner.
///
/// # Errors
/// [`ChainError::Account`] if the escrow has no node.
pub fn fail(escrow: &EscrowAccount, lock_payer: Address) -> Result<Instruction, ChainError> {
    let accounts = failed(escrow, node_of(escrow)?, lock_payer)?;
    Ok(build(job_escrow::ID, &accounts, &instruction::Fail {}))
}

/// Ends a job past its deadline. Signed by `anyone`.
///
/// # Errors
/// [`ChainError::Account`] if the escrow has no node.
pub fn timeout_refund(
    escrow: &EscrowAccount,
    anyone: Address,
    lock_payer: Address,
) -> Result<Instruction, ChainError> {
    let accounts = failed(escrow, anyone, lock_payer)?;
    Ok(build(
        job_escrow::ID,
        &accounts,
        &instruction::TimeoutRefund {},
    ))
}

/// Ends a job whose node has signed a proof that is none: all goes back to the user. Signed by `anyone`.
///
/// # Errors
/// [`ChainError::Account`] if the escrow has no node.
pub fn settle_refuted(
    escrow: &EscrowAccount,
    anyone: Address,
    lock_payer: Address,
) -> Result<Instruction, ChainError> {
    let accounts = failed(escrow, anyone, lock_payer)?;
    Ok(build(
        job_escrow::ID,
        &accounts,
        &instruction::SettleRefuted {},
    ))
}

/// Decides a dispute. Signed by `dispute_authority`, which the config names.
///
/// # Errors
/// [`ChainError::Account`] if the escrow has no node.
pub fn settle_dispute(
    escrow: &EscrowAccount,
    dispute_authority: Address,
    lock_payer: Address,
    verdict: Verdict,
) -> Result<Instruction, ChainError> {
    let accounts = accounts::SettleDispute {
        dispute_authority: key(dispute_authority),
        slashing: slashing(escrow, lock_payer)?,
    };
    let verdict = match verdict {
        Verdict::ForUser(payout) => job_escrow::Verdict::ForUser {
            insurance_payout: payout.0,
        },
        Verdict::ForNode => job_escrow::Verdict::ForNode,
        Verdict::Shared(node_bps) => job_escrow::Verdict::Shared { node_bps },
    };
    let data = instruction::SettleDispute { verdict };
    Ok(build(job_escrow::ID, &accounts, &data))
}

/// Ends a dispute that nobody has decided in time. Signed by `anyone`.
///
/// # Errors
/// [`ChainError::Account`] if the escrow has no node.
pub fn expire_dispute(
    escrow: &EscrowAccount,
    anyone: Address,
    lock_payer: Address,
) -> Result<Instruction, ChainError> {
    let accounts = by_anyone(escrow, anyone, lock_payer)?;
    Ok(build(
        job_escrow::ID,
        &accounts,
        &instruction::ExpireDispute {},
    ))
}

/// Refunds a job that no node took in time. Needs no signer of its own.
pub fn expire_unassigned(escrow: &EscrowAccount) -> Instruction {
    build(
        job_escrow::ID,
        &accounts::ExpireUnassigned {
            refund: refund(escrow),
        },
        &instruction::ExpireUnassigned {},
    )
}

fn by_anyone(
    escrow: &EscrowAccount,
    signer: Address,
    lock_payer: Address,
) -> Result<accounts::SettleByAnyone, ChainError> {
    Ok(accounts::SettleByAnyone {
        signer: key(signer),
        settlement: settlement(escrow, lock_payer)?,
    })
}

fn failed(
    escrow: &EscrowAccount,
    signer: Address,
    lock_payer: Address,
) -> Result<accounts::EndFailed, ChainError> {
    Ok(accounts::EndFailed {
        signer: key(signer),
        slashing: slashing(escrow, lock_payer)?,
        transcript: transcript(escrow.address, &escrow.verification),
    })
}

fn slashing(escrow: &EscrowAccount, lock_payer: Address) -> Result<accounts::Slashing, ChainError> {
    Ok(accounts::Slashing {
        settlement: settlement(escrow, lock_payer)?,
        mint: key(escrow.mint),
        stake_vault: key(pda::stake_vault(pda::node(node_of(escrow)?))),
        insurance_vault: key(pda::insurance_vault()),
    })
}

fn settlement(
    escrow: &EscrowAccount,
    lock_payer: Address,
) -> Result<accounts::Settlement, ChainError> {
    let owner = node_of(escrow)?;
    Ok(accounts::Settlement {
        config: key(pda::escrow_config()),
        escrow: key(escrow.address),
        vault: key(pda::escrow_vault(escrow.address)),
        node_token: key(pda::token_account(owner, escrow.mint)),
        user_token: key(pda::token_account(escrow.user, escrow.mint)),
        platform_vault: key(pda::platform_vault()),
        authority: key(pda::settlement_authority()),
        registry_config: key(pda::registry_config()),
        node: key(pda::node(owner)),
        lock: key(pda::job_lock(escrow.address)),
        lock_payer: key(lock_payer),
        reputation_config: key(pda::reputation_config()),
        node_reputation: key(pda::reputation(owner)),
        user_reputation: key(pda::user_reputation(escrow.user)),
        registry_program: key(programs::node_registry()),
        reputation_program: key(programs::reputation()),
        token_program: TOKEN,
    })
}

fn refund(escrow: &EscrowAccount) -> accounts::Refund {
    accounts::Refund {
        config: key(pda::escrow_config()),
        escrow: key(escrow.address),
        vault: key(pda::escrow_vault(escrow.address)),
        user_token: key(pda::token_account(escrow.user, escrow.mint)),
        token_program: TOKEN,
    }
}
