//! The escrow's arithmetic: pure, checked, in base units (9 decimals), epochs and basis points.
//!
//! Shares are rounded down, and what rounding leaves goes to the last payee named, so that the parts
//! of a [`Split`] always add up to what was funded.

use crate::{BPS, portion};

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

    /// A disputed job of which the node earned `node_bps`: the fee comes out of that part, the user gets
    /// the rest. `None` above a whole.
    pub fn shared(amount: u64, node_bps: u16, fee_bps: u16) -> Option<Self> {
        if node_bps > BPS {
            return None;
        }
        let earned = portion(amount, node_bps)?;
        Some(Self {
            user: amount.checked_sub(earned)?,
            ..Self::paid(earned, fee_bps)?
        })
    }

    /// All parts together.
    pub fn total(&self) -> Option<u64> {
        self.node.checked_add(self.user)?.checked_add(self.platform)
    }
}

/// What a user pledges to dispute a job of `amount`: `bps` of it rounded down, but at least one unit, so
/// that a bond of 0 always means that there is no dispute.
pub fn dispute_bond(amount: u64, bps: u16) -> Option<u64> {
    Some(portion(amount, bps)?.max(1))
}

/// Who gets how many base units of the collected fees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeeSplit {
    /// To the vault that stake is rewarded from.
    pub rewards: u64,
    /// To those who develop.
    pub development: u64,
    /// To those who provide liquidity.
    pub liquidity: u64,
    /// Destroyed, lowering the supply.
    pub burned: u64,
}

impl FeeSplit {
    /// Splits all of `collected` by `[rewards, development, liquidity, burned]` basis points. The last
    /// three are rounded down; the rewards get what they leave, so that nothing remains. `None` where the
    /// points do not add up to a whole.
    pub fn new(collected: u64, bps: [u16; 4]) -> Option<Self> {
        if !is_whole(bps) {
            return None;
        }
        let [_, development, liquidity, burned] = bps;
        let development = portion(collected, development)?;
        let liquidity = portion(collected, liquidity)?;
        let burned = portion(collected, burned)?;
        Some(Self {
            rewards: collected
                .checked_sub(development)?
                .checked_sub(liquidity)?
                .checked_sub(burned)?,
            development,
            liquidity,
            burned,
        })
    }

    /// All parts together.
    pub fn total(&self) -> Option<u64> {
        self.rewards
            .checked_add(self.development)?
            .checked_add(self.liquidity)?
            .checked_add(self.burned)
    }
}

/// Whether these basis points add up to exactly a whole.
pub fn is_whole(bps: [u16; 4]) -> bool {
    bps.iter().map(|part| u32::from(*part)).sum::<u32>() == u32::from(BPS)
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
    fn a_shared_job_pays_the_fee_out_of_the_nodes_part() {
        // 60 % of 1,001 is 600; 60 fee
        let split = Split::shared(1_001, 6_000, 1_000).unwrap();
        assert_eq!((split.node, split.user, split.platform), (540, 401, 60));
        for amount in [0, 1, 7, 1_000_003, u64::MAX] {
            for bps in [0, 1, 3_333, 9_999, 10_000] {
                let split = Split::shared(amount, bps, 800).unwrap();
                assert_eq!(split.total(), Some(amount));
            }
            assert_eq!(
                Split::shared(amount, BPS, 1_000),
                Split::paid(amount, 1_000)
            );
            let none = Split::shared(amount, 0, 1_000).unwrap();
            assert_eq!((none.node, none.platform), (0, 0));
        }
        assert_eq!(Split::shared(1_000, 10_001, 1_000), None);
    }

    #[test]
    fn a_bond_is_never_nothing() {
        let bonds = [(0, 500), (1, 500), (19, 500), (20, 500), (40, 500), (9, 0)];
        let units = bonds.map(|(amount, bps)| dispute_bond(amount, bps).unwrap());
        assert_eq!(units, [1, 1, 1, 1, 2, 1]);
        assert_eq!(dispute_bond(u64::MAX, 2_000), Some(u64::MAX / 5));
    }

    #[test]
    fn fees_are_split_whole_and_rounding_rewards_stake() {
        const BY_DEFAULT: [u16; 4] = [4_000, 3_000, 2_000, 1_000];
        let parts = |collected| {
            let split = FeeSplit::new(collected, BY_DEFAULT).unwrap();
            assert_eq!(split.total(), Some(collected));
            (
                split.rewards,
                split.development,
                split.liquidity,
                split.burned,
            )
        };
        assert_eq!(parts(0), (0, 0, 0, 0));
        assert_eq!(parts(1), (1, 0, 0, 0));
        assert_eq!(parts(9), (6, 2, 1, 0));
        assert_eq!(parts(1_000), (400, 300, 200, 100));
        let _ = parts(u64::MAX);
        assert_eq!(FeeSplit::new(1_000, [4_000, 3_000, 2_000, 999]), None);
        assert_eq!(FeeSplit::new(1_000, [u16::MAX; 4]), None);
        let all_burned = FeeSplit::new(7, [0, 0, 0, BPS]).unwrap();
        assert_eq!((all_burned.burned, all_burned.rewards), (7, 0));
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
