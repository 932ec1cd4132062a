//! The user's receipts: what they say together, and which of them say it.

use cyxwiz_chain::{Receipt, receipt_message};
use cyxwiz_pki::wallet;
use serde::{Deserialize, Serialize};

use super::{Job, JobError, files};

/// A receipt with the user's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedReceipt {
    /// What is signed.
    pub receipt: Receipt,
    /// By the user's wallet.
    #[serde(with = "hex::serde")]
    pub signature: [u8; 64],
}

impl SignedReceipt {
    /// Epochs seen and held.
    pub fn epochs(&self) -> (u32, u32) {
        (self.receipt.epochs_seen, self.receipt.epochs_held)
    }
}

/// Whether epochs seen and held say more than what is known: either number grows.
/// The rule of the chain, which takes the larger of each.
pub fn adds_to((seen, held): (u32, u32), known: (u32, u32)) -> bool {
    seen > known.0 || held > known.1
}

/// The receipts that together say the most: one, or the one with the most epochs
/// seen and the one with the most held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Receipts(Vec<SignedReceipt>);

impl Receipts {
    /// Most epochs seen; 0 without a receipt.
    pub fn seen(&self) -> u32 {
        self.epochs().0
    }

    /// Most epochs held; 0 without one.
    pub fn held(&self) -> u32 {
        self.epochs().1
    }

    /// Most epochs seen and most held, which need not be of the same receipt.
    pub fn epochs(&self) -> (u32, u32) {
        let most = |(seen, held): (u32, u32), (s, h)| (seen.max(s), held.max(h));
        self.0.iter().map(SignedReceipt::epochs).fold((0, 0), most)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One that says more than the epochs `known` to be seen and held, if there is any.
    pub fn beyond(&self, known: (u32, u32)) -> Option<&SignedReceipt> {
        self.0.iter().find(|one| adds_to(one.epochs(), known))
    }

    /// Adds `new` and drops what it makes needless; `None` if it says nothing new.
    fn with(&self, new: &SignedReceipt) -> Option<Self> {
        if !adds_to(new.epochs(), self.epochs()) {
            return None;
        }
        let mut all = self.0.clone();
        all.push(new.clone());
        let (seen, held) = Self(all.clone()).epochs();
        if new.epochs() == (seen, held) {
            return Some(Self(vec![new.clone()]));
        }
        all.retain(|one| one.epochs().0 == seen || one.epochs().1 == held);
        Some(Self(all))
    }
}

/// Why a receipt is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Not signed by the user.
    #[error("the receipt is not signed by the user's wallet")]
    Signature,
    /// Of other epochs than there are.
    #[error("the receipt sees {seen} epochs and holds {held}, but {done} are done")]
    Epochs {
        /// Seen.
        seen: u32,
        /// Held.
        held: u32,
        /// Done.
        done: u32,
    },
    /// Of another training.
    #[error("the receipt's checkpoint hash is not that of epoch {0}")]
    Checkpoint(u32),
    /// It cannot be kept.
    #[error(transparent)]
    Job(#[from] JobError),
}

impl Job {
    /// What the user has signed.
    pub fn receipts(&self) -> Receipts {
        self.lock().receipts.clone()
    }

    /// Checks a receipt and keeps it if it says anything new. Others, as they come
    /// after a reconnect, are no fault.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn accept_receipt(&self, signed: &SignedReceipt) -> Result<(), Refusal> {
        let mut inner = self.lock();
        let (seen, held) = signed.epochs();
        let done = inner.epochs_done();
        if seen == 0 || held > seen || seen > done {
            return Err(Refusal::Epochs { seen, held, done });
        }
        if inner.chain[seen as usize] != signed.receipt.checkpoint_hash {
            return Err(Refusal::Checkpoint(seen));
        }
        let record = &inner.record;
        let message = receipt_message(record.escrow, &signed.receipt);
        if !wallet::verify(record.user, &message, &signed.signature) {
            return Err(Refusal::Signature);
        }
        if let Some(receipts) = inner.receipts.with(signed) {
            files::write_json(&self.path("receipts.json"), &receipts)?;
            inner.receipts = receipts;
        }
        drop(inner);
        self.changed();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use cyxwiz_domain::Digest;

    use super::*;

    fn signed(seen: u32, held: u32) -> SignedReceipt {
        SignedReceipt {
            receipt: Receipt {
                epochs_seen: seen,
                epochs_held: held,
                checkpoint_hash: Digest::default(),
            },
            signature: [0; 64],
        }
    }

    fn kept(came: &[(u32, u32)]) -> Receipts {
        let add = |all: Receipts, &(seen, held): &(u32, u32)| {
            let one = signed(seen, held);
            all.with(&one).unwrap_or(all)
        };
        came.iter().fold(Receipts::default(), add)
    }

    /// What came, what it says together, and which receipts say it.
    #[test]
    fn receipts_merge_number_by_number() {
        type Epochs = (u32, u32);
        let table: [(&[Epochs], Epochs, &[Epochs]); 8] = [
            (&[], (0, 0), &[]),
            (&[(1, 0), (2, 0)], (2, 0), &[(2, 0)]),
            (&[(2, 0), (1, 0)], (2, 0), &[(2, 0)]),
            (&[(20, 0), (19, 19)], (20, 19), &[(20, 0), (19, 19)]),
            (&[(19, 19), (20, 0)], (20, 19), &[(19, 19), (20, 0)]),
            (
                &[(20, 0), (19, 5), (18, 10)],
                (20, 10),
                &[(20, 0), (18, 10)],
            ),
            (
                &[(20, 0), (19, 19), (20, 5)],
                (20, 19),
                &[(20, 0), (19, 19)],
            ),
            (&[(20, 0), (19, 19), (21, 19)], (21, 19), &[(21, 19)]),
        ];
        for (came, together, expected) in table {
            let receipts = kept(came);
            let epochs: Vec<_> = receipts.0.iter().map(SignedReceipt::epochs).collect();
            assert_eq!(receipts.epochs(), together, "{came:?}");
            assert_eq!(epochs, expected, "{came:?}");
        }
    }

    #[test]
    fn only_what_says_more_is_shown() {
        let receipts = kept(&[(20, 0), (19, 19)]);
        let beyond = |known| receipts.beyond(known).map(SignedReceipt::epochs);
        assert_eq!(beyond((0, 0)), Some((20, 0)));
        assert_eq!(beyond((20, 0)), Some((19, 19)));
        assert_eq!(beyond((19, 19)), Some((20, 0)));
        assert_eq!(beyond((20, 19)), None);
    }
}
