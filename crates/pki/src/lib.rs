//! Who is who: wallet keys and sign-in, self-signed certificates pinned by
//! fingerprint, mutual TLS 1.3, and the tokens that tie them together.

pub mod certificate;
pub mod challenge;
pub mod tls;
pub mod token;
pub mod transport;
pub mod wallet;

pub use certificate::{Certificate, Fingerprint};
pub use wallet::Wallet;
