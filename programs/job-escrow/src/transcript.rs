//! What training-proof keeps about an escrow's job, read where its layout pins it.

use anchor_lang::prelude::*;

use crate::{Escrow, EscrowError};

/// The program that keeps transcripts. It builds on this one, so this one cannot build on it.
pub const TRAINING_PROOF: Pubkey = pubkey!("FcP39FzjCFiqhdRZnNPAtpCJg7mhZ4B6Y4GVWBu2seoi");

/// Where a transcript stands, as training-proof numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage(pub u8);

impl Stage {
    /// The user has fixed what must be shown, and no node has committed to anything.
    pub const OPENED: Self = Self(0);
    /// A proof showed it.
    pub const VERIFIED: Self = Self(3);
    /// The challenge was not drawn in time, so that no proof is possible any more.
    pub const FULL_AUDIT: Self = Self(4);
    /// The node signed a proof of it that is none.
    pub const REFUTED: Self = Self(5);
}

/// The first bytes of a transcript: those that Anchor marks its accounts with.
pub const DISCRIMINATOR: [u8; 8] = [215, 212, 87, 100, 224, 211, 49, 180];

impl Escrow {
    /// The stage of the transcript of this escrow, which lies at `escrow`; none where the job has no tier.
    ///
    /// Only training-proof creates transcripts, one for each escrow: owner and contents say that `given` is it. An
    /// escrow closed and created anew has the same address, but another time of creation, which `close` sees to.
    pub(crate) fn transcript_stage(
        &self,
        escrow: &Pubkey,
        given: &Option<UncheckedAccount>,
    ) -> Result<Option<Stage>> {
        if !self.verification.tier.is_proven() {
            require!(given.is_none(), EscrowError::TranscriptMismatch);
            return Ok(None);
        }
        let stage = given.as_ref().and_then(|account| {
            let data = account.try_borrow_data().ok()?;
            let (head, rest) = data.split_first_chunk::<12>()?;
            let [discriminator @ .., _version, _bump, stage, _samples] = head;
            let (of, rest) = rest.split_first_chunk::<32>()?;
            let (created_at, rest) = rest.split_first_chunk::<8>()?;
            let (node, _) = rest.split_first_chunk::<32>()?;
            let stage = Stage(*stage);
            // no node until one has committed
            let by = stage == Stage::OPENED || *node == self.node.to_bytes();
            let this = *account.owner == TRAINING_PROOF
                && *discriminator == DISCRIMINATOR
                && *of == escrow.to_bytes()
                && *created_at == self.created_at.to_le_bytes();
            (this && by).then_some(stage)
        });
        Ok(Some(stage.ok_or(EscrowError::TranscriptMismatch)?))
    }

    /// Refuses a job with a tier whose transcript is at another stage than `stage`.
    pub(crate) fn require_stage(
        &self,
        escrow: &Pubkey,
        given: &Option<UncheckedAccount>,
        stage: Stage,
    ) -> Result<()> {
        let found = self.transcript_stage(escrow, given)?;
        require!(
            found.is_none_or(|found| found == stage),
            EscrowError::TranscriptStage
        );
        Ok(())
    }
}
