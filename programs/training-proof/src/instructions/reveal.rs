use anchor_lang::prelude::*;

use crate::{
    ProofError, REVEAL_DELAY_SLOTS, Stage, Transcript,
    events::{ChallengeDrawn, FullAuditRequired, RandomnessShown, TranscriptPost},
    slot_hashes::{First, first_from},
};

/// The nonces that the caller knows.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nonces {
    /// The user's.
    pub user: Option<[u8; 32]>,
    /// The coordinator's.
    pub coordinator: Option<[u8; 32]>,
}

/// Accounts of `reveal`. Needs no signature: only what was fixed before can be revealed.
#[derive(Accounts)]
pub struct Reveal<'info> {
    #[account(mut, dup)]
    pub transcript: Box<Account<'info, Transcript>>,
}

/// Takes over what is new of slot hash and nonces, each for good; draws the challenge when nothing more is
/// waited for. Where the slot hash is lost, there is no second draw but a full audit.
pub fn reveal(ctx: Context<Reveal>, nonces: Nonces) -> Result<()> {
    let clock = Clock::get()?;
    let transcript = &mut ctx.accounts.transcript;
    transcript.require_stage(Stage::Committed)?;
    let mut news = false;
    if transcript.target_slot == 0 {
        let target = transcript.commit_slot.checked_add(REVEAL_DELAY_SLOTS);
        match first_from(target.ok_or(ProofError::MathOverflow)?)? {
            First::NotYet => return err!(ProofError::RevealTooEarly),
            First::Found(found) => transcript.pin(found),
            First::Expired => {
                transcript.stage = Stage::FullAudit;
                emit!(FullAuditRequired {
                    post: TranscriptPost::after_change(transcript, &clock),
                });
                return Ok(());
            }
        }
        news = true;
    }
    if let Some(nonce) = nonces.user {
        news |= transcript.user_nonce != nonce;
        transcript.show_user_nonce(nonce)?;
    }
    if let Some(nonce) = nonces.coordinator {
        news |= transcript.coordinator_nonce != nonce;
        transcript.show_coordinator_nonce(nonce)?;
    }
    let target_slot = transcript.target_slot;
    let user_nonce = transcript.user_nonce != [0; 32];
    let coordinator_nonce = transcript.coordinator_nonce != [0; 32];
    if transcript.may_draw(clock.slot) {
        let challenge = transcript.draw()?.word();
        emit!(ChallengeDrawn {
            target_slot,
            seed: transcript.challenge_seed,
            challenge,
            user_nonce,
            coordinator_nonce,
            post: TranscriptPost::after_change(transcript, &clock),
        });
        return Ok(());
    }
    require!(news, ProofError::NonceMissing);
    emit!(RandomnessShown {
        target_slot,
        user_nonce,
        coordinator_nonce,
        post: TranscriptPost::after_change(transcript, &clock),
    });
    Ok(())
}
