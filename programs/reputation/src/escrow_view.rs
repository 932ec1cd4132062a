//! The few fields of job-escrow's `Escrow` that `rate` reads.
//!
//! job-escrow calls this program, so this program cannot depend on it; it reads the escrow's fixed
//! first fields by offset instead. A test over both programs pins the offsets.

use anchor_lang::prelude::*;

use crate::ReputationError;

/// First bytes of every escrow: the first eight of SHA-256("account:Escrow").
pub const DISCRIMINATOR: [u8; 8] = [31, 213, 123, 187, 186, 22, 218, 155];
/// Where the state's byte lies.
pub const STATE_OFFSET: usize = 10;
/// Where the user's key lies.
pub const USER_OFFSET: usize = 12;
/// Where the key of the node's owner lies.
pub const NODE_OFFSET: usize = 44;
/// The state's byte when the job was paid.
pub const STATE_PAID: u8 = 4;

/// Who took part in an escrow, and whether it was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EscrowView {
    /// The state's byte.
    pub state: u8,
    /// Who funded the job.
    pub user: Pubkey,
    /// The wallet of the node that did it.
    pub node: Pubkey,
}

impl EscrowView {
    /// Reads an account of `program`; `NotAnEscrow` where it is something else.
    pub fn read(account: &AccountInfo, program: &Pubkey) -> Result<Self> {
        require_keys_eq!(*account.owner, *program, ReputationError::NotAnEscrow);
        Self::parse(&account.try_borrow_data()?).ok_or(ReputationError::NotAnEscrow.into())
    }

    /// Reads an escrow's bytes, discriminator included.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let key = |offset: usize| Pubkey::try_from(data.get(offset..offset + 32)?).ok();
        (data.get(..8)? == DISCRIMINATOR).then_some(())?;
        Some(Self {
            state: *data.get(STATE_OFFSET)?,
            user: key(USER_OFFSET)?,
            node: key(NODE_OFFSET)?,
        })
    }
}
