//! Amounts of CYXWIZ, in integers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Decimals of the CYXWIZ mint.
pub const DECIMALS: u32 = 9;
/// Base units of one CYXWIZ.
pub const UNITS_PER_TOKEN: u64 = 10u64.pow(DECIMALS);

/// An amount of CYXWIZ in base units (10^-9 CYXWIZ). Written as a decimal
/// number of tokens, without rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Amount(pub u64);

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not digits with at most one point.
    #[error("'{0}' is not an amount; write it like 12.5")]
    NotANumber(String),
    /// More than nine places after the point.
    #[error("'{0}' has more than {DECIMALS} decimal places; CYXWIZ has {DECIMALS}")]
    TooFine(String),
    /// Does not fit in 64 bits of base units.
    #[error("'{0}' is larger than any amount of CYXWIZ")]
    TooLarge(String),
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whole tokens.
    ///
    /// # Panics
    /// Above 18.4 thousand million tokens; meant for constants.
    pub const fn tokens(tokens: u64) -> Self {
        Self(tokens * UNITS_PER_TOKEN)
    }

    /// Sum, or `None` above 64 bits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Difference, or `None` below zero.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / UNITS_PER_TOKEN, self.0 % UNITS_PER_TOKEN);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{fraction:09}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !digits(whole) || !digits(fraction) {
            return Err(AmountError::NotANumber(text.to_owned()));
        }
        if fraction.len() > DECIMALS as usize {
            return Err(AmountError::TooFine(text.to_owned()));
        }
        let too_large = || AmountError::TooLarge(text.to_owned());
        let parse = |part: &str| match part {
            "" => Ok(0),
            part => part.parse::<u64>().map_err(|_| too_large()),
        };
        let units = parse(&format!("{fraction:0<9}"))?;
        parse(whole)?
            .checked_mul(UNITS_PER_TOKEN)
            .and_then(|whole| whole.checked_add(units))
            .map(Self)
            .ok_or_else(too_large)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_round_trips(units: u64) {
            let amount = Amount(units);
            prop_assert_eq!(amount.to_string().parse::<Amount>(), Ok(amount));
        }
    }

    #[test]
    fn refuses_what_is_not_an_amount() {
        for text in ["", ".", "-1", "1e3", "1.2.3", "1,5", " 1"] {
            assert_eq!(
                text.parse::<Amount>(),
                Err(AmountError::NotANumber(text.into()))
            );
        }
        assert!(matches!(
            "0.0000000001".parse::<Amount>(),
            Err(AmountError::TooFine(_))
        ));
        assert!(matches!(
            "18446744074".parse::<Amount>(),
            Err(AmountError::TooLarge(_))
        ));
        assert_eq!(".5".parse(), Ok(Amount(500_000_000)));
    }
}
