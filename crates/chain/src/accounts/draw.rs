//! How a challenge comes to be drawn, as whoever holds one of its two nonces sees it.

use training_proof::{NONCE_TIMEOUT_SLOTS, REVEAL_DELAY_SLOTS};

use crate::{TranscriptAccount, TranscriptStage};

/// What may be sent next to have the challenge of a transcript drawn. Each is one `reveal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// Fix the slot hash, and show nothing.
    PinSlotHash,
    /// Show one's nonce.
    ShowNonce,
    /// Go on without the nonces that are missing.
    GoOn,
}

impl TranscriptAccount {
    /// The next step, by what was read of the account and by nothing else, so that any restart decides the same.
    /// `owes_nonce` says whether the caller holds a nonce that the account has the hash of and not yet the nonce.
    ///
    /// A nonce is shown only after the slot hash was read as fixed. One transaction could do both, but it could
    /// also fail or be lost, and would have told the nonce while the hash can still be chosen by it.
    pub fn next_draw(&self, owes_nonce: bool) -> Option<Draw> {
        if self.stage != TranscriptStage::Committed {
            return None;
        }
        let passed = self.slot.saturating_sub(self.commit_slot);
        if self.target_slot == 0 {
            return (passed > REVEAL_DELAY_SLOTS).then_some(Draw::PinSlotHash);
        }
        if owes_nonce {
            return Some(Draw::ShowNonce);
        }
        (passed > NONCE_TIMEOUT_SLOTS).then_some(Draw::GoOn)
    }
}
