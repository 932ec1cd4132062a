//! Instructions of job-escrow.

mod exits;

use cyxwiz_domain::{Address, Amount, Digest, JobId};
use job_escrow::{accounts, instruction};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{build, reputation, token::TOKEN};
use crate::{ChainError, EscrowAccount, EscrowConfig, Receipt, Verification, key, pda};

pub use exits::*;

/// The job that a new escrow pays for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEscrow {
    /// Fresh for every job.
    pub job_id: JobId,
    /// What to fund it with.
    pub amount: Amount,
    /// SHA-256 of the canonical job spec.
    pub spec_hash: Digest,
    /// Root of the dataset's chunk manifest.
    pub dataset_root: Digest,
    /// Epochs that make the job complete.
    pub required_epochs: u32,
    /// How long the job should take, in seconds.
    pub estimated_seconds: u32,
    /// How long the job may take from assignment, in seconds.
    pub timeout_seconds: u32,
    /// What the job's proof must be.
    pub verification: Verification,
}

/// What a node says about a finished job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Head of the checkpoint chain.
    pub final_root: Digest,
    /// SHA-256 of the weights file.
    pub weights_hash: Digest,
    /// Epochs trained.
    pub epochs: u32,
    /// Seconds trained.
    pub training_seconds: u32,
}

/// Creates and funds an escrow from the user's token account. Signed by the user.
pub fn create(user: Address, mint: Address, new: &NewEscrow) -> Instruction {
    let escrow = pda::escrow(user, new.job_id);
    build(
        job_escrow::ID,
        &accounts::CreateEscrow {
            user: key(user),
            config: key(pda::escrow_config()),
            mint: key(mint),
            escrow: key(escrow),
            vault: key(pda::escrow_vault(escrow)),
            user_token: key(pda::token_account(user, mint)),
            token_program: TOKEN,
            system_program: solana_sdk_ids::system_program::ID,
        },
        &instruction::CreateEscrow {
            args: job_escrow::CreateEscrowArgs {
                job_id: *new.job_id.as_bytes(),
                amount: new.amount.0,
                spec_hash: new.spec_hash.0,
                dataset_root: new.dataset_root.0,
                required_epochs: new.required_epochs,
                estimated_seconds: new.estimated_seconds,
                timeout_seconds: new.timeout_seconds,
                verification: new.verification.into(),
            },
        },
    )
}

/// Adds to the funds of a job. Signed by `payer`.
pub fn top_up(payer: Address, escrow: &EscrowAccount, amount: Amount) -> Instruction {
    build(
        job_escrow::ID,
        &accounts::TopUp {
            payer: key(payer),
            config: key(pda::escrow_config()),
            escrow: key(escrow.address),
            vault: key(pda::escrow_vault(escrow.address)),
            payer_token: key(pda::token_account(payer, escrow.mint)),
            token_program: TOKEN,
        },
        &instruction::TopUp { amount: amount.0 },
    )
}

/// Which reputation records an assignment finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Records {
    /// The node's exists.
    pub node: bool,
    /// The user's exists.
    pub user: bool,
}

/// Names the node and locks its stake; opens the reputation records that are
/// missing. Signed by the coordinator, who pays.
///
/// `terms` are those the job was accepted with, never read from `escrow`: its user
/// may have replaced it since, and the program refuses an escrow with other terms
/// or a smaller amount. It refuses one created anew too: `escrow` is the one that was
/// checked, with its transcript.
pub fn assign(
    coordinator: Address,
    escrow: &EscrowAccount,
    terms: &NewEscrow,
    node_owner: Address,
    records: Records,
) -> Vec<Instruction> {
    let mut instructions = Vec::new();
    if !records.node {
        instructions.push(reputation::open_node(coordinator, node_owner));
    }
    if !records.user {
        instructions.push(reputation::open_user(coordinator, escrow.user));
    }
    instructions.push(build(
        job_escrow::ID,
        &accounts::AssignNode {
            coordinator: key(coordinator),
            config: key(pda::escrow_config()),
            escrow: key(escrow.address),
            authority: key(pda::settlement_authority()),
            registry_config: key(pda::registry_config()),
            node: key(pda::node(node_owner)),
            lock: key(pda::job_lock(escrow.address)),
            node_reputation: key(pda::reputation(node_owner)),
            user_reputation: key(pda::user_reputation(escrow.user)),
            registry_program: node_registry::ID,
            system_program: solana_sdk_ids::system_program::ID,
            transcript: transcript(escrow.address, &terms.verification),
        },
        &instruction::AssignNode {
            terms: job_escrow::AssignTerms {
                amount: terms.amount.0,
                spec_hash: terms.spec_hash.0,
                dataset_root: terms.dataset_root.0,
                required_epochs: terms.required_epochs,
                estimated_seconds: terms.estimated_seconds,
                timeout_seconds: terms.timeout_seconds,
                verification: terms.verification.into(),
                created_at: escrow.created_at,
            },
        },
    ));
    instructions
}

/// Notes the checkpoint chain's head at `epoch`. Signed by the node's owner.
///
/// # Errors
/// [`ChainError::Account`] if the escrow has no node.
pub fn anchor(escrow: &EscrowAccount, epoch: u32, root: Digest) -> Result<Instruction, ChainError> {
    Ok(build(
        job_escrow::ID,
        &accounts::AnchorCheckpoint {
            node: key(node_of(escrow)?),
            escrow: key(escrow.address),
        },
        &instruction::AnchorCheckpoint {
            epoch,
            root: root.0,
        },
    ))
}

/// Shows the user's signed receipt: the signature check, then the note. Needs no
/// signer of its own; the two must stay together and in this order.
pub fn present_receipt(
    escrow: &EscrowAccount,
    receipt: &Receipt,
    signature: &[u8; 64],
) -> [Instruction; 2] {
    let receipt_on_chain = receipt.on_chain();
    let message = job_escrow::receipt_message(&key(escrow.address), &receipt_on_chain);
    [
        solana_ed25519_program::new_ed25519_instruction_with_signature(
            &message,
            signature,
            &escrow.user.0,
        ),
        build(
            job_escrow::ID,
            &accounts::PresentReceipt {
                escrow: key(escrow.address),
                instructions: solana_sdk_ids::sysvar::instructions::ID,
            },
            &instruction::PresentReceipt {
                receipt: receipt_on_chain,
            },
        ),
    ]
}

/// Declares the training done, with a verified proof where the job has a tier. Signed by the node's owner.
///
/// # Errors
/// [`ChainError::Account`] if the escrow has no node.
pub fn submit(escrow: &EscrowAccount, completion: &Completion) -> Result<Instruction, ChainError> {
    Ok(build(
        job_escrow::ID,
        &accounts::SubmitCompletion {
            node: key(node_of(escrow)?),
            escrow: key(escrow.address),
            transcript: transcript(escrow.address, &escrow.verification),
        },
        &instruction::SubmitCompletion {
            args: job_escrow::Completion {
                final_root: completion.final_root.0,
                weights_hash: completion.weights_hash.0,
                epochs: completion.epochs,
                training_seconds: completion.training_seconds,
            },
        },
    ))
}

/// Gives an assigned job more time. Signed by the user.
pub fn extend_deadline(escrow: &EscrowAccount, extra_seconds: u32) -> Instruction {
    build(
        job_escrow::ID,
        &accounts::ExtendDeadline {
            user: key(escrow.user),
            config: key(pda::escrow_config()),
            escrow: key(escrow.address),
        },
        &instruction::ExtendDeadline { extra_seconds },
    )
}

/// Disputes a submitted job; the bond comes from the user's token account.
/// `evidence` is the SHA-256 of what the dispute authority will be shown. Signed by
/// the user.
pub fn open_dispute(escrow: &EscrowAccount, evidence: Digest) -> Instruction {
    build(
        job_escrow::ID,
        &accounts::OpenDispute {
            user: key(escrow.user),
            config: key(pda::escrow_config()),
            escrow: key(escrow.address),
            vault: key(pda::escrow_vault(escrow.address)),
            user_token: key(pda::token_account(escrow.user, escrow.mint)),
            token_program: TOKEN,
        },
        &instruction::OpenDispute {
            evidence: evidence.0,
        },
    )
}

/// Closes a settled escrow; the rent goes back to who paid it. Signed by the
/// user, or by `signer` 30 days later.
pub fn close(escrow: &EscrowAccount, signer: Address) -> Instruction {
    build(
        job_escrow::ID,
        &accounts::Close {
            signer: key(signer),
            escrow: key(escrow.address),
            vault: key(pda::escrow_vault(escrow.address)),
            user_token: key(pda::token_account(escrow.user, escrow.mint)),
            rent_payer: key(escrow.rent_payer),
            token_program: TOKEN,
        },
        &instruction::Close {},
    )
}

/// Splits all collected fees. Needs no signer of its own.
pub fn distribute(config: &EscrowConfig) -> Instruction {
    let mint = config.mint;
    build(
        job_escrow::ID,
        &accounts::Distribute {
            config: key(pda::escrow_config()),
            mint: key(mint),
            platform_vault: key(pda::platform_vault()),
            reward_vault: key(pda::reward_vault()),
            development_token: key(pda::token_account(config.development, mint)),
            liquidity_token: key(pda::token_account(config.liquidity, mint)),
            token_program: TOKEN,
        },
        &instruction::Distribute {},
    )
}

fn node_of(escrow: &EscrowAccount) -> Result<Address, ChainError> {
    escrow.node.ok_or_else(|| ChainError::Account {
        address: escrow.address,
        reason: "has no node yet".into(),
    })
}

/// The transcript, where the job has one.
fn transcript(escrow: Address, verification: &Verification) -> Option<Pubkey> {
    let proven = verification.tier.is_proven();
    proven.then(|| key(pda::transcript(escrow)))
}
