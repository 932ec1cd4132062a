use anchor_lang::prelude::*;
use cyxwiz_economics::BPS;
use reputation::Outcome;

use super::slashing::*;
use crate::{Escrow, EscrowError, State, events::DisputeSettled, math::Split};

/// What the dispute authority decides. Whatever it says, the money goes to the escrow's node, its user
/// and the platform only.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The node did not deliver: amount and bond go back to the user, and the node is slashed and banned.
    ForUser {
        /// Base units that the user gets from the insurance vault, within node-registry's bounds.
        insurance_payout: u64,
    },
    /// The node delivered: it is paid as if the user had accepted, and gets the bond.
    ForNode,
    /// Neither is right alone: the node gets a part, the user the rest and the bond.
    Shared {
        /// What the node has earned of the amount, in basis points; the fee comes out of it.
        node_bps: u16,
    },
}

/// Accounts of `settle_dispute`.
#[derive(Accounts)]
pub struct SettleDispute<'info> {
    #[account(
        address = slashing.settlement.config.dispute_authority @ EscrowError::NotDisputeAuthority,
    )]
    pub dispute_authority: Signer<'info>,
    pub slashing: Slashing<'info>,
}

/// Ends a dispute as its authority decides, before the time to do so is over. Where the authority is the
/// job's user or node it decides nothing, and the dispute expires.
pub fn settle_dispute(ctx: Context<SettleDispute>, verdict: Verdict) -> Result<()> {
    let clock = Clock::get()?;
    let authority = ctx.accounts.dispute_authority.key();
    let slashing = &mut ctx.accounts.slashing;
    let escrow = &slashing.settlement.escrow;
    escrow.require_state(State::Disputed)?;
    let party = authority == escrow.user || authority == escrow.node;
    require!(!party, EscrowError::OwnDispute);
    let in_time = clock.unix_timestamp < escrow.dispute_ends_at;
    require!(in_time, EscrowError::DisputeOver);
    let bond = escrow.bond;
    let (split, outcome) = verdict.ending(escrow)?;
    match verdict {
        Verdict::ForUser { insurance_payout } => slashing.slash_dispute(insurance_payout)?,
        Verdict::ForNode | Verdict::Shared { .. } => slashing.settlement.unlock()?,
    }
    let post = slashing
        .settlement
        .settle(State::Resolved, split, outcome, &clock)?;
    emit!(DisputeSettled {
        verdict,
        bond,
        post
    });
    Ok(())
}

impl Verdict {
    /// Who gets what of the amount, and what is recorded.
    fn ending(self, escrow: &Escrow) -> Result<(Option<Split>, Outcome)> {
        let (amount, fee_bps) = (escrow.amount, escrow.fee_bps);
        Ok(match self {
            Self::ForUser { .. } => {
                let split = Split {
                    user: amount,
                    ..Split::default()
                };
                (Some(split), Outcome::DisputeLost)
            }
            Self::ForNode => {
                let outcome = Outcome::DisputeWon {
                    on_time: escrow.on_time(),
                    proven: escrow.verification.tier.is_proven(),
                };
                (Split::paid(amount, fee_bps), outcome)
            }
            Self::Shared { node_bps } => {
                require!(node_bps <= BPS, EscrowError::InvalidVerdict);
                let split = Split::shared(amount, node_bps, fee_bps);
                (split, Outcome::DisputeUnresolved)
            }
        })
    }
}
