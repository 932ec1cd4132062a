use anchor_lang::prelude::*;

/// That an escrow was rated, at PDA ["rating", escrow]. Stays as long as the escrow does, so that each is
/// rated once.
#[account]
#[derive(InitSpace, Debug)]
pub struct Rating {
    /// Layout version, 1.
    pub version: u8,
    /// Bump of this PDA.
    pub bump: u8,
    /// 1 to 5.
    pub stars: u8,
    /// The rated escrow.
    pub escrow: Pubkey,
    /// The wallet of the rated node.
    pub node: Pubkey,
    /// Who paid the rent and gets it back.
    pub payer: Pubkey,
    /// Unix time of the rating.
    pub rated_at: i64,
    /// For later versions.
    pub reserved: [u8; 16],
}

impl Rating {
    /// Seed before the escrow's address.
    pub const SEED: &'static [u8] = b"rating";
}
