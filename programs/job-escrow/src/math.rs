//! The escrow's arithmetic: pure, checked, in base units (9 decimals), epochs and basis points.
//!
//! Shares are rounded down, and what rounding leaves goes to the last payee named, so that the parts
//! of a [`Split`] always add up to what was funded.

use node_registry::math::portion;

/// Who gets how many base units of an escrow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// To the node.
    pub node: u64,
    /// Back to the user.
    pub user: u64,
    /// To the platform vault.
    pub platform: u64,
}

impl Split {
    /// A finished job: the fee to the platform, the rest to the node.
    pub fn paid(amount: u64, fee_bps: u16) -> Option<Self> {
        let platform = portion(amount, fee_bps)?;
        Some(Self {
            node: amount.checked_sub(platform)?,
            user: 0,
            platform,
        })
    }

    /// A job the node did not finish: it is paid for the epochs the user holds, the user gets the rest.
    pub fn held(amount: u64, held: u32, required: u32, fee_bps: u16) -> Option<Self> {
        let earned = earned(amount, held, required)?;
        Some(Self {
            user: amount.checked_sub(earned)?,
            ..Self::paid(earned, fee_bps)?
        })
    }

    /// A job the user stopped: the node is paid for the epochs the user saw, and gets
    /// `cancel_fee_bps` of the rest.
    pub fn cancelled(
        amount: u64,
        seen: u32,
        required: u32,
        fee_bps: u16,
        cancel_fee_bps: u16,
    ) -> Option<Self> {
        let by_progress = Self::held(amount, seen, required, fee_bps)?;
        let compensation = portion(by_progress.user, cancel_fee_bps)?;
        Some(Self {
            node: by_progress.node.checked_add(compensation)?,
            user: by_progress.user.checked_sub(compensation)?,
            platform: by_progress.platform,
        })
    }

    /// All parts together.
    pub fn total(&self) -> Option<u64> {
        self.node.checked_add(self.user)?.checked_add(self.platform)
    }
}

/// `epochs` out of `required` of `amount`, rounded down; nothing where no epochs are required.
fn earned(amount: u64, epochs: u32, required: u32) -> Option<u64> {
    let share = u128::from(amount)
        .checked_mul(u128::from(epochs.min(required)))?
        .checked_div(u128::from(required))?;
    u64::try_from(share).ok()
}

/// Whether a job that ran `elapsed` seconds kept to its estimate: half as long again is allowed, and
/// ten minutes for moving data, which no estimate covers.
pub fn on_time(elapsed: i64, estimated_seconds: u32) -> bool {
    const TRANSFER_SECONDS: i64 = 600;
    let estimate = i64::from(estimated_seconds);
    elapsed
        <= estimate
            .saturating_add(estimate / 2)
            .saturating_add(TRANSFER_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paid_job_leaves_the_remainder_to_the_node() {
        let split = Split::paid(19, 1_000).unwrap();
        assert_eq!((split.node, split.user, split.platform), (18, 0, 1));
        assert_eq!(
            Split::paid(u64::MAX, 1_000).unwrap().total(),
            Some(u64::MAX)
        );
        assert_eq!(Split::paid(1, 1_000).unwrap().node, 1);
    }

    #[test]
    fn nothing_held_is_a_full_refund_and_all_held_is_paid() {
        let none = Split::held(1_000, 0, 20, 1_000).unwrap();
        assert_eq!((none.node, none.user, none.platform), (0, 1_000, 0));
        assert_eq!(Split::held(1_000, 20, 20, 1_000), Split::paid(1_000, 1_000));
    }

    #[test]
    fn a_cancel_at_half_splits_to_the_unit() {
        // 500 earned (450 + 50 fee), 10 % of the other 500 to the node
        let split = Split::cancelled(1_000, 10, 20, 1_000, 1_000).unwrap();
        assert_eq!((split.node, split.user, split.platform), (500, 450, 50));
        let odd = Split::cancelled(1_001, 10, 20, 1_000, 1_000).unwrap();
        assert_eq!((odd.node, odd.user, odd.platform), (500, 451, 50));
    }

    #[test]
    fn every_split_adds_up() {
        let amounts = [0, 1, 9, 10, 11, 999_999_999, 12_345_678_901, u64::MAX];
        for amount in amounts {
            for (epochs, required) in [(0, 1), (1, 3), (2, 3), (3, 3), (7, u32::MAX)] {
                for fee in [0, 800, 1_000, 2_000] {
                    let held = Split::held(amount, epochs, required, fee).unwrap();
                    let cancelled = Split::cancelled(amount, epochs, required, fee, 1_000).unwrap();
                    assert_eq!(held.total(), Some(amount));
                    assert_eq!(cancelled.total(), Some(amount));
                }
            }
        }
    }

    #[test]
    fn a_job_without_epochs_has_no_split() {
        assert_eq!(Split::held(10, 0, 0, 1_000), None);
    }

    #[test]
    fn on_time_is_one_and_a_half_estimates_and_ten_minutes() {
        assert!(on_time(600, 0));
        assert!(!on_time(601, 0));
        assert!(on_time(2_100, 1_000));
        assert!(!on_time(2_101, 1_000));
    }
}
