use anchor_lang::prelude::*;

/// The stake that one job keeps locked, at PDA ["lock", escrow]; exists exactly while the job runs.
#[account]
#[derive(InitSpace, Debug)]
pub struct JobLock {
    /// Layout version, 1.
    pub version: u8,
    /// Bump of this PDA.
    pub bump: u8,
    /// The node account whose stake is locked.
    pub node: Pubkey,
    /// The job's escrow.
    pub escrow: Pubkey,
    /// Who paid this account's rent and gets it back.
    pub payer: Pubkey,
    /// Locked base units.
    pub amount: u64,
    /// The node's whole stake when the job was assigned; slashes are measured against it.
    pub stake_at_assignment: u64,
    /// Base units the job was funded with at assignment; insurance never pays its user more.
    pub job_amount: u64,
    /// For later versions.
    pub reserved: [u8; 24],
}

impl JobLock {
    /// Seed before the escrow's address.
    pub const SEED: &'static [u8] = b"lock";
}

/// Why stake is cut. Append only: the numbers are part of the interface.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlashReason {
    /// The job passed its deadline without a result.
    Timeout,
    /// A proof did not verify.
    InvalidProof,
    /// The third failure within the window, passed deadlines and false proofs among them or not.
    RepeatedFailure,
    /// A dispute was settled for the user: half of the cut goes to the user, and the node is banned.
    DisputeLost,
}
