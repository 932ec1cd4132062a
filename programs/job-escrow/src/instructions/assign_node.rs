use anchor_lang::{InstructionData, prelude::*};
use node_registry::{Node, program::NodeRegistry};
use reputation::{Reputation, UserReputation, math::Tier as Standing};

use crate::{
    Config, Escrow, EscrowError, State, Verification,
    calls::{Grant, call},
    events::{EscrowPost, NodeAssigned},
    transcript::Stage,
};

/// What the coordinator knows of the job it assigns. Until then the user may close the escrow and
/// create another at the same address: what was checked before need not be what is there now.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct AssignTerms {
    /// Base units that it is funded with at least: anyone may top it up.
    pub amount: u64,
    /// SHA-256 of the canonical job spec.
    pub spec_hash: [u8; 32],
    /// Root of the dataset's chunk manifest.
    pub dataset_root: [u8; 32],
    /// Epochs that make the job complete.
    pub required_epochs: u32,
    /// How long the job should take, in seconds.
    pub estimated_seconds: u32,
    /// How long the job may take from assignment, in seconds.
    pub timeout_seconds: u32,
    /// What the job's proof must be.
    pub verification: Verification,
    /// Unix time at which the escrow was created that was checked, and its transcript with it.
    pub created_at: i64,
}

impl AssignTerms {
    fn require_met(&self, escrow: &Escrow) -> Result<()> {
        require!(
            escrow.created_at == self.created_at,
            EscrowError::CreatedAnew
        );
        let met = escrow.amount >= self.amount
            && escrow.spec_hash == self.spec_hash
            && escrow.dataset_root == self.dataset_root
            && escrow.required_epochs == self.required_epochs
            && escrow.estimated_seconds == self.estimated_seconds
            && escrow.timeout_seconds == self.timeout_seconds
            && escrow.verification == self.verification;
        require!(met, EscrowError::TermsMismatch);
        Ok(())
    }
}

/// Accounts of `assign_node`.
#[derive(Accounts)]
pub struct AssignNode<'info> {
    /// Pays the rent of the stake lock, and gets it back at settlement.
    #[account(mut)]
    pub coordinator: Signer<'info>,
    #[account(
        has_one = coordinator @ EscrowError::NotCoordinator,
        has_one = authority @ EscrowError::AddressMismatch,
        constraint = !config.paused @ EscrowError::Paused,
    )]
    pub config: Box<Account<'info, Config>>,
    #[account(mut, dup)]
    pub escrow: Box<Account<'info, Escrow>>,
    /// CHECK: only an address, which signs towards node-registry.
    pub authority: UncheckedAccount<'info>,
    /// CHECK: checked by node-registry.
    pub registry_config: UncheckedAccount<'info>,
    /// CHECK: read by node-registry's function, and checked by node-registry in whole.
    #[account(mut)]
    pub node: UncheckedAccount<'info>,
    /// CHECK: created by node-registry.
    #[account(mut)]
    pub lock: UncheckedAccount<'info>,
    // Both records must exist now, so that their absence cannot hold up the settlement later.
    pub node_reputation: AccountLoader<'info, Reputation>,
    #[account(constraint = user_reputation.load()?.user == escrow.user @ EscrowError::UserMismatch)]
    pub user_reputation: AccountLoader<'info, UserReputation>,
    pub registry_program: Program<'info, NodeRegistry>,
    pub system_program: Program<'info, System>,
    /// CHECK: read by `Escrow::require_stage`; only where the job has a tier. Must exist now, so that no node takes
    /// a job on that it cannot prove.
    pub transcript: Option<UncheckedAccount<'info>>,
}

/// Names the node, fixes fee, deadline and acceptance window, and locks the node's stake.
/// Where the proof alone does not show the work, the window is a new node's whatever the reputation: audits must
/// have their time. Refuses an escrow that does not meet `terms`, and a user's own node, whose reputation the user
/// could make up.
pub fn assign_node(ctx: Context<AssignNode>, terms: AssignTerms) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let accounts = ctx.accounts;
    let params = &accounts.config.params;
    let escrow = &mut accounts.escrow;
    escrow.require_state(State::Open)?;
    let window_end = crate::state::later(escrow.created_at, params.assign_window_seconds)?;
    require!(now <= window_end, EscrowError::AssignWindowOver);
    terms.require_met(escrow)?;
    escrow.require_stage(&escrow.key(), &accounts.transcript, Stage::OPENED)?;
    let owner = Node::owner_of(&accounts.node)?;
    require_keys_neq!(owner, escrow.user, EscrowError::OwnNode);

    let tier = {
        let record = accounts.node_reputation.load()?;
        require_keys_eq!(record.owner, owner, EscrowError::NodeMismatch);
        record.tier()
    };
    let acceptance = if escrow.verification.tier.is_audited() {
        params.acceptance(Standing::Bronze)
    } else {
        params.acceptance(tier)
    };
    escrow.assign(owner, params.fee(tier), acceptance, now)?;
    call(
        node_registry::ID,
        &accounts.authority,
        accounts.config.authority_bump,
        &[
            (&accounts.coordinator, Grant::SignAndWrite),
            (&accounts.registry_config, Grant::Read),
            (&accounts.node, Grant::Write),
            (escrow.as_ref().as_ref(), Grant::Read),
            (&accounts.lock, Grant::Write),
            (&accounts.system_program, Grant::Read),
        ],
        node_registry::instruction::LockForJob {
            job_amount: escrow.amount,
        }
        .data(),
    )?;
    emit!(NodeAssigned {
        deadline: escrow.deadline,
        fee_bps: escrow.fee_bps,
        post: EscrowPost::after_change(escrow, &clock),
    });
    Ok(())
}
