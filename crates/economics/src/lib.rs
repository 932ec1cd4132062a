//! The market's formulas: how an escrow is split, what stake a job requires and a slash takes, and how a
//! node's score follows from its history.
//!
//! Pure integer arithmetic without `std`, clock or accounts, so that the on-chain programs, the services
//! and the models in the tests compute with the same code. Checked throughout: `None` is an overflow.
#![no_std]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod escrow;
pub mod reputation;
pub mod stake;
pub mod vesting;

/// Base units in one CYXWIZ.
pub const CYXWIZ: u64 = 1_000_000_000;

/// Basis points in a whole.
pub const BPS: u16 = 10_000;

/// `bps` of `amount`, rounded down. At most `amount` for `bps` up to [`BPS`].
pub fn portion(amount: u64, bps: u16) -> Option<u64> {
    let share = u128::from(amount).checked_mul(u128::from(bps))? / u128::from(BPS);
    u64::try_from(share).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_round_down_and_never_overflow() {
        assert_eq!(portion(9, 1_000), Some(0));
        assert_eq!(portion(19, 1_000), Some(1));
        assert_eq!(portion(u64::MAX, BPS), Some(u64::MAX));
        assert_eq!(portion(u64::MAX, u16::MAX), None);
    }
}
