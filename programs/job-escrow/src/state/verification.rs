use anchor_lang::prelude::*;

use crate::EscrowError;

/// How far the evidence goes that a job was trained. Append only: the numbers are part of the interface.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// No proof: the user looks at what was delivered.
    None,
    /// The proof recomputes whole steps that nobody could foresee.
    ZkExact,
    /// The proof fixes the transcript; audits repeat parts of it and expect the same bits.
    Audited,
    /// As `Audited`, within a tolerance.
    AuditedTolerant,
    /// The proof fixes the transcript; a second node does the same work.
    Replicated,
}

impl Tier {
    /// Whether the job must be shown to have been trained before it is paid.
    pub fn is_proven(self) -> bool {
        self != Self::None
    }

    /// Whether the proof alone does not show the work, so that audits must have their time before the job is
    /// paid.
    pub fn is_audited(self) -> bool {
        self.is_proven() && self != Self::ZkExact
    }
}

/// What a job's proof must be, fixed by the user when the escrow is created.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How far the evidence goes.
    pub tier: Tier,
    /// Steps that a proof recomputes; 0 where it shows the transcript alone.
    pub samples: u8,
    /// The circuit; zero without a tier.
    pub circuit: [u8; 32],
    /// What machines the work must be repeatable on, bit for bit; zero where any will do.
    pub runtime_class: [u8; 32],
}

impl Verification {
    /// No proof.
    pub const EMPTY: Self = Self {
        tier: Tier::None,
        samples: 0,
        circuit: [0; 32],
        runtime_class: [0; 32],
    };

    /// Refuses a tier without a circuit, and anything without a tier. Whether the circuit suits the tier is
    /// training-proof's to say, which knows the circuits.
    pub fn validate(&self) -> Result<()> {
        let valid = match self.tier {
            Tier::None => *self == Self::EMPTY,
            _ => self.circuit != [0; 32],
        };
        require!(valid, EscrowError::InvalidVerification);
        Ok(())
    }
}

impl Default for Verification {
    fn default() -> Self {
        Self::EMPTY
    }
}
