//! Whether a price may be paid, before anything is sent.

use cyxwiz_domain::{Address, Amount};

use crate::error::{Error, Result};

/// Rent of the escrow and its vault, and the fees of a job's transactions: about
/// this many lamports.
pub const LAMPORTS_NEEDED: u64 = 12_000_000;

/// Rent of a transcript, and the fees of what a proof adds: about this many lamports.
pub const LAMPORTS_NEEDED_FOR_PROOF: u64 = 7_000_000;

/// Lamports that a job takes, with a proof or without.
pub const fn lamports_needed(proof: bool) -> u64 {
    if proof {
        LAMPORTS_NEEDED + LAMPORTS_NEEDED_FOR_PROOF
    } else {
        LAMPORTS_NEEDED
    }
}

/// What a wallet can spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purse {
    /// Whose.
    pub wallet: Address,
    /// CYXWIZ.
    pub balance: Amount,
    /// SOL.
    pub lamports: u64,
}

/// Lets `amount` pass, and `needed` lamports, or says why not.
///
/// # Errors
/// [`Error::PriceAboveLimit`], [`Error::AmountAboveBalance`], [`Error::NoSol`].
pub fn check(amount: Amount, limit: Option<Amount>, purse: Purse, needed: u64) -> Result<()> {
    if let Some(limit) = limit
        && amount > limit
    {
        return Err(Error::PriceAboveLimit { amount, limit });
    }
    let Purse {
        wallet,
        balance,
        lamports,
    } = purse;
    covers("the job costs", amount, balance, wallet)?;
    if lamports < needed {
        return Err(Error::NoSol {
            wallet,
            lamports,
            needed,
        });
    }
    Ok(())
}

/// Lets `amount` pass if the `balance` of `wallet` covers it; `what` costs it, as a subject and a verb.
///
/// # Errors
/// [`Error::AmountAboveBalance`].
pub fn covers(what: &'static str, amount: Amount, balance: Amount, wallet: Address) -> Result<()> {
    let missing = amount.checked_sub(balance).filter(|missing| missing.0 > 0);
    missing.map_or(Ok(()), |missing| {
        Err(Error::AmountAboveBalance {
            what,
            amount,
            balance,
            missing,
            wallet,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purse(balance: u64) -> Purse {
        Purse {
            wallet: Address([1; 32]),
            balance: Amount(balance),
            lamports: LAMPORTS_NEEDED,
        }
    }

    fn check(amount: Amount, limit: Option<Amount>, purse: Purse) -> Result<()> {
        super::check(amount, limit, purse, LAMPORTS_NEEDED)
    }

    #[test]
    fn a_price_is_paid_to_the_last_unit_and_not_beyond() {
        assert!(check(Amount(10), None, purse(10)).is_ok());
        let refused = check(Amount(10), None, purse(9));
        assert!(matches!(
            refused,
            Err(Error::AmountAboveBalance {
                missing: Amount(1),
                ..
            })
        ));
        assert!(check(Amount(u64::MAX), None, purse(0)).is_err());
    }

    #[test]
    fn the_limit_is_inclusive_and_comes_first() {
        assert!(check(Amount(10), Some(Amount(10)), purse(10)).is_ok());
        let refused = check(Amount(11), Some(Amount(10)), purse(0));
        assert!(matches!(refused, Err(Error::PriceAboveLimit { .. })));
    }

    #[test]
    fn fees_need_sol() {
        let poor = Purse {
            lamports: LAMPORTS_NEEDED - 1,
            ..purse(10)
        };
        assert!(matches!(
            check(Amount(10), None, poor),
            Err(Error::NoSol { .. })
        ));
        let with_proof = super::check(Amount(10), None, purse(10), lamports_needed(true));
        assert!(matches!(with_proof, Err(Error::NoSol { .. })));
    }
}
