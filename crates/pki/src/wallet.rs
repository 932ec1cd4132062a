//! Wallets: Ed25519 keys in the file format of the Solana tools.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use cyxwiz_domain::Address;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// Why a wallet file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The file cannot be read or written.
    #[error("wallet {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not 64 numbers of a key pair.
    #[error("{0} is not a wallet: expected a JSON array of 64 bytes, as the Solana tools write it")]
    Format(PathBuf),
    /// The halves of the key pair do not belong together.
    #[error("{0} is damaged: its public key does not belong to its secret key")]
    Mismatch(PathBuf),
    /// A wallet is there already.
    #[error("{0} exists; it may hold money, so it is not overwritten")]
    Exists(PathBuf),
}

/// A signing key. Never printed: `Debug` shows the address alone.
#[derive(Clone)]
pub struct Wallet(SigningKey);

impl Wallet {
    /// Draws a new key from the system's randomness.
    pub fn generate() -> Self {
        Self(SigningKey::generate(&mut rand::rngs::OsRng))
    }

    /// The key of a 32-byte secret.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// Reads a wallet file.
    ///
    /// # Errors
    /// [`WalletError`] when the file is missing, malformed or damaged.
    pub fn read(path: &Path) -> Result<Self, WalletError> {
        let text = fs::read_to_string(path).map_err(|source| WalletError::Io {
            path: path.to_owned(),
            source,
        })?;
        let format = || WalletError::Format(path.to_owned());
        let bytes: Vec<u8> = serde_json::from_str(&text).map_err(|_| format())?;
        let bytes: [u8; 64] = bytes.try_into().map_err(|_| format())?;
        SigningKey::from_keypair_bytes(&bytes)
            .map(Self)
            .map_err(|_| WalletError::Mismatch(path.to_owned()))
    }

    /// Writes a new wallet file that only its owner can read.
    ///
    /// # Errors
    /// [`WalletError::Exists`] rather than overwrite one.
    pub fn write_new(&self, path: &Path) -> Result<(), WalletError> {
        use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
        let io_error = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => WalletError::Exists(path.to_owned()),
            _ => WalletError::Io {
                path: path.to_owned(),
                source,
            },
        };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(io_error)?;
        }
        let text = serde_json::to_string(&self.0.to_keypair_bytes().to_vec())
            .expect("numbers are always JSON");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(io_error)?;
        file.write_all(text.as_bytes()).map_err(io_error)?;
        file.sync_all().map_err(io_error)
    }

    /// The public key.
    pub fn address(&self) -> Address {
        Address(self.0.verifying_key().to_bytes())
    }

    /// Signs `message` as it is.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// Secret and public key, 64 bytes, for the Solana signer types.
    pub fn to_keypair_bytes(&self) -> [u8; 64] {
        self.0.to_keypair_bytes()
    }

    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.0
    }
}

impl std::fmt::Debug for Wallet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wallet({})", self.address())
    }
}

/// Whether `signature` over `message` is `signer`'s. Strict: small-order keys
/// and malleable signatures are refused, as the chain's precompile does.
pub fn verify(signer: Address, message: &[u8], signature: &[u8]) -> bool {
    let Ok(signature) = Signature::from_slice(signature) else {
        return false;
    };
    VerifyingKey::from_bytes(&signer.0)
        .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wallet_survives_its_file() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("deep/wallet.json");
        let wallet = Wallet::generate();
        wallet.write_new(&path).expect("write");
        let read = Wallet::read(&path).expect("read");
        assert_eq!(read.address(), wallet.address());
        assert!(verify(wallet.address(), b"m", &read.sign(b"m")));
        assert!(matches!(
            wallet.write_new(&path),
            Err(WalletError::Exists(_))
        ));
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&path).expect("stat").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn damaged_files_are_told_apart() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("wallet.json");
        fs::write(&path, "[1,2,3]").expect("write");
        assert!(matches!(Wallet::read(&path), Err(WalletError::Format(_))));
        let mut bytes = Wallet::generate().to_keypair_bytes().to_vec();
        bytes[63] ^= 1;
        fs::write(&path, serde_json::to_string(&bytes).expect("json")).expect("write");
        assert!(matches!(Wallet::read(&path), Err(WalletError::Mismatch(_))));
    }

    #[test]
    fn a_signature_of_something_else_is_refused() {
        let wallet = Wallet::generate();
        let signature = wallet.sign(b"one");
        assert!(!verify(wallet.address(), b"two", &signature));
        assert!(!verify(Wallet::generate().address(), b"one", &signature));
        assert!(!verify(wallet.address(), b"one", &signature[..63]));
    }
}
