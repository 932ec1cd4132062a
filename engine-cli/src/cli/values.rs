//! Values on the command line that no type of ours reads.

use cyxwiz_domain::Amount;

/// Whole seconds above 0, written as a number, alone or with one of the units s, m, h and d.
pub(super) fn seconds(text: &str) -> Result<u32, String> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, &text[number.len()..]),
        None => (text, "s"),
    };
    let unit: u32 = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        _ => 1,
    };
    let number: u32 = number
        .parse()
        .map_err(|_| "write it like 3600, 90m, 2h or 1d".to_owned())?;
    number
        .checked_mul(unit)
        .filter(|seconds| *seconds > 0)
        .ok_or_else(|| format!("give 1 to {} seconds", u32::MAX))
}

/// An amount above 0.
pub(super) fn positive(text: &str) -> Result<Amount, String> {
    let amount = text.parse::<Amount>().map_err(|error| error.to_string())?;
    (amount > Amount::ZERO)
        .then_some(amount)
        .ok_or_else(|| "nothing is no top-up; give an amount above 0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_carry_their_unit() {
        let cases = [
            ("90", 90),
            ("90s", 90),
            ("5m", 300),
            ("2h", 7_200),
            ("30d", 2_592_000),
        ];
        for (text, expected) in cases {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "0",
            "0d",
            "h",
            "-1",
            "1.5h",
            "1h30m",
            "2w",
            "49711d",
            "4294967296",
        ] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_top_up_is_something() {
        assert_eq!(positive("0.000000001"), Ok(Amount(1)));
        for text in ["0", "0.0", "-1", "0.0000000001", ""] {
            assert!(positive(text).is_err(), "{text}");
        }
    }
}
