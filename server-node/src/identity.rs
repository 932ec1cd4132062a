//! Who this node is: the owner's wallet and the TLS certificate.

use cyxwiz_chain::{ChainError, Signer};
use cyxwiz_domain::Address;
use cyxwiz_pki::{
    Certificate, Fingerprint, Wallet,
    certificate::CertificateError,
    token::{TokenSigner, TokenVerifier},
    wallet::WalletError,
};

use crate::config::Settings;

/// Keys of the node.
pub struct Identity {
    /// The owner, who stakes and is paid.
    pub wallet: Wallet,
    /// The same key, for transactions.
    pub signer: Signer,
    /// What engines pin.
    pub certificate: Certificate,
    /// Signs resume tokens.
    pub tokens: TokenSigner,
}

/// Why the node has no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No wallet.
    #[error("{0}; make one with `cyxwiz wallet new`, or name one with --wallet")]
    Wallet(#[from] WalletError),
    /// No certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The key does not sign transactions.
    #[error(transparent)]
    Key(#[from] ChainError),
}

impl Identity {
    /// Reads the wallet; reads the certificate or makes one.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn load(settings: &Settings) -> Result<Self, IdentityError> {
        let wallet = Wallet::read(&settings.wallet_path())?;
        Ok(Self {
            signer: Signer::from_keypair_bytes(&wallet.to_keypair_bytes())?,
            certificate: Certificate::read_or_create(&settings.data_dir.join("tls"))?,
            tokens: TokenSigner::new(&wallet),
            wallet,
        })
    }

    /// The owner's address, the node's name everywhere.
    pub fn address(&self) -> Address {
        self.wallet.address()
    }

    /// Fingerprint of the certificate.
    pub fn fingerprint(&self) -> Fingerprint {
        self.certificate.fingerprint()
    }

    /// Verifies resume tokens, which this node signs itself.
    pub fn own_tokens(&self) -> TokenVerifier {
        TokenVerifier::new(self.address())
    }
}
