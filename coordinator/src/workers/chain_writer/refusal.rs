//! What a refusal of the chain means for a write. Pure.
//!
//! Programs number their errors, and the number is all that a transaction which
//! was executed and failed leaves behind; so this goes by numbers alone.

use std::time::Duration;

/// First delay of a write that is put off; it doubles from there.
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// And goes no further than this.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// What to do about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// This node cannot have this job; another one may.
    Node,
    /// No node can, now or later.
    Never,
    /// Nothing is wrong with job or node: the same may work in a while.
    Later,
}

/// The errors that decide something, by their names in the programs.
const VERDICTS: [(u32, &str, Verdict); 9] = [
    (6014, "AssignWindowOver", Verdict::Never),
    (6034, "TermsMismatch", Verdict::Never),
    (6035, "OwnNode", Verdict::Node),
    (6046, "TranscriptMismatch", Verdict::Never),
    (7009, "InsufficientStake", Verdict::Node),
    (7012, "Suspended", Verdict::Node),
    (7013, "Banned", Verdict::Node),
    (10013, "WrongNonce", Verdict::Never),
    (10016, "EscrowNotSettled", Verdict::Never),
];

/// Judges a refusal by its number; whatever is not known here (an empty wallet, a
/// paused program, an escrow that has just changed) is tried again.
pub fn verdict(code: Option<u32>) -> Verdict {
    VERDICTS
        .iter()
        .find(|(number, ..)| Some(*number) == code)
        .map_or(Verdict::Later, |(.., verdict)| *verdict)
}

/// Name of an error that decides something, for people.
pub fn name(code: Option<u32>) -> Option<&'static str> {
    VERDICTS
        .iter()
        .find(|(number, ..)| Some(*number) == code)
        .map(|(_, name, _)| *name)
}

/// How long to put a write off that was put off `retries` times before.
pub fn backoff(retries: u32) -> Duration {
    FIRST_DELAY
        .saturating_mul(1 << retries.min(16))
        .min(LONGEST_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_in_idl(program: &str, code: u32) -> Option<String> {
        let path = format!("{}/../idl/{program}.json", env!("CARGO_MANIFEST_DIR"));
        let idl: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path).expect("the IDL")).expect("JSON");
        let errors = idl["errors"].as_array().expect("errors");
        errors
            .iter()
            .find(|error| error["code"] == code)
            .map(|error| error["name"].as_str().expect("a name").to_owned())
    }

    #[test]
    fn the_numbers_are_the_programs() {
        for (code, name, _) in VERDICTS {
            let program = match code {
                6000..7000 => "job_escrow",
                10_000..11_000 => "training_proof",
                _ => "node_registry",
            };
            assert_eq!(name_in_idl(program, code).as_deref(), Some(name));
        }
    }

    #[test]
    fn only_what_names_the_node_is_held_against_it() {
        let cases = [
            (7009, Verdict::Node),
            (7012, Verdict::Node),
            (7013, Verdict::Node),
            (6035, Verdict::Node),
            (6034, Verdict::Never),
            (6014, Verdict::Never),
            (6046, Verdict::Never),
            (10_013, Verdict::Never),
            (10_016, Verdict::Never),
            // Too early to reveal, and nothing new to reveal: somebody was faster.
            (10_012, Verdict::Later),
            (10_014, Verdict::Later),
            // Paused, by either program; WrongState; a wallet without SOL; Anchor's own.
            (6009, Verdict::Later),
            (7005, Verdict::Later),
            (6013, Verdict::Later),
            // An escrow created anew is checked anew.
            (6052, Verdict::Later),
            (1, Verdict::Later),
            (3012, Verdict::Later),
        ];
        for (code, expected) in cases {
            assert_eq!(verdict(Some(code)), expected, "{code}");
        }
        assert_eq!(verdict(None), Verdict::Later);
        assert_eq!(name(Some(7012)), Some("Suspended"));
        assert_eq!(name(Some(1)), None);
    }

    #[test]
    fn delays_double_up_to_half_a_minute() {
        let millis: Vec<_> = (0..8).map(|n| backoff(n).as_millis()).collect();
        let expected = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
        assert_eq!(millis, expected);
        assert_eq!(backoff(u32::MAX), LONGEST_DELAY);
    }
}
