//! The message a wallet signs to sign in. It names its purpose and audience, so
//! that a signature made here is worth nothing anywhere else: it can be neither
//! a transaction nor a receipt, nor a sign-in at another coordinator.

use cyxwiz_domain::Address;

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Name of the coordinator.
    pub audience: String,
    /// The wallet that signs in.
    pub wallet: Address,
    /// Drawn by the coordinator, single use.
    pub nonce: [u8; 16],
    /// Unix seconds.
    pub expires_at: i64,
}

impl Challenge {
    /// The bytes to sign: readable, so that a hardware wallet can show them.
    pub fn message(&self) -> Vec<u8> {
        format!(
            "CyxWiz sign-in v1\naudience: {}\nwallet: {}\nnonce: {}\nexpires: {}\n",
            self.audience.replace('\n', " "),
            self.wallet,
            hex::encode(self.nonce),
            self.expires_at
        )
        .into_bytes()
    }
}

/// Whether `message` is a sign-in for `wallet` at all, before it is signed: an
/// engine signs nothing else for a coordinator.
pub fn is_sign_in_for(message: &[u8], wallet: Address) -> bool {
    let Ok(text) = std::str::from_utf8(message) else {
        return false;
    };
    let mut lines = text.lines();
    lines.next() == Some("CyxWiz sign-in v1")
        && lines
            .next()
            .is_some_and(|line| line.starts_with("audience: "))
        && lines.next() == Some(format!("wallet: {wallet}").as_str())
        && lines.next().is_some_and(|line| line.starts_with("nonce: "))
        && lines
            .next()
            .is_some_and(|line| line.starts_with("expires: "))
        && lines.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sign_in_for_this_wallet_is_recognised() {
        let wallet = Address([1; 32]);
        let challenge = Challenge {
            audience: "cyxwiz".into(),
            wallet,
            nonce: [2; 16],
            expires_at: 3,
        };
        assert!(is_sign_in_for(&challenge.message(), wallet));
        assert!(!is_sign_in_for(&challenge.message(), Address([9; 32])));
        assert!(!is_sign_in_for(b"cyxwiz/receipt/v1", wallet));
        let mut longer = challenge.message();
        longer.extend_from_slice(b"and: more\n");
        assert!(!is_sign_in_for(&longer, wallet));
    }

    #[test]
    fn an_audience_cannot_add_lines() {
        let challenge = Challenge {
            audience: "a\nwallet: someone".into(),
            wallet: Address([1; 32]),
            nonce: [0; 16],
            expires_at: 0,
        };
        assert_eq!(
            challenge.message().iter().filter(|b| **b == b'\n').count(),
            5
        );
    }
}
