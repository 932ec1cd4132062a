//! Self-signed certificates. There is no authority: each side knows the other's
//! fingerprint beforehand, from the chain or from a token.

use std::{fs, io, path::Path};

use cyxwiz_domain::Digest;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};

/// SHA-256 of a certificate in DER.
pub type Fingerprint = Digest;

/// Why a certificate cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Making it failed.
    #[error("make a certificate: {0}")]
    Generate(#[from] rcgen::Error),
    /// A file cannot be read or written.
    #[error("certificate {path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not PEM of the right kind.
    #[error("certificate {path} is not valid PEM: {source}")]
    Pem {
        /// The file.
        path: String,
        /// What the parser said.
        source: rustls_pki_types::pem::Error,
    },
}

/// A certificate with its private key.
#[derive(Debug)]
pub struct Certificate {
    der: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
}

impl Certificate {
    /// Makes a new one, valid for `localhost`: names mean nothing here, only the
    /// fingerprint does.
    ///
    /// # Errors
    /// [`CertificateError::Generate`].
    pub fn generate() -> Result<Self, CertificateError> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        Ok(Self {
            der: made.cert.der().clone(),
            key: PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()),
        })
    }

    /// Reads `cert.pem` and `key.pem` in `dir`, or makes them there.
    ///
    /// # Errors
    /// [`CertificateError`] when a file is unreadable or damaged; a pair that is
    /// there is never replaced, for its fingerprint may be registered.
    pub fn read_or_create(dir: &Path) -> Result<Self, CertificateError> {
        let (cert_path, key_path) = (dir.join("cert.pem"), dir.join("key.pem"));
        if cert_path.exists() && key_path.exists() {
            return Ok(Self {
                der: CertificateDer::from_pem_file(&cert_path).map_err(pem_error(&cert_path))?,
                key: PrivatePkcs8KeyDer::from_pem_file(&key_path).map_err(pem_error(&key_path))?,
            });
        }
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        fs::create_dir_all(dir).map_err(io_error(dir))?;
        // The certificate last: only a complete pair counts.
        write_private(&key_path, &made.signing_key.serialize_pem())?;
        write_private(&cert_path, &made.cert.pem())?;
        Self::read_or_create(dir)
    }

    /// The certificate in DER.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// What the other side pins.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.der)
    }

    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.clone_key())
    }
}

/// SHA-256 of a certificate in DER.
pub fn fingerprint(der: &CertificateDer<'_>) -> Fingerprint {
    Digest::of(der)
}

fn write_private(path: &Path, text: &str) -> Result<(), CertificateError> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(io_error(path))?;
    file.write_all(text.as_bytes()).map_err(io_error(path))?;
    file.sync_all().map_err(io_error(path))
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> CertificateError + use<> {
    let path = path.display().to_string();
    move |source| CertificateError::Io {
        path: path.clone(),
        source,
    }
}

fn pem_error(path: &Path) -> impl Fn(rustls_pki_types::pem::Error) -> CertificateError + use<> {
    let path = path.display().to_string();
    move |source| CertificateError::Pem {
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_made_once_and_kept() {
        let dir = tempfile::tempdir().expect("tempdir");
        let made = Certificate::read_or_create(dir.path()).expect("make");
        let read = Certificate::read_or_create(dir.path()).expect("read");
        assert_eq!(made.fingerprint(), read.fingerprint());
        fs::write(dir.path().join("cert.pem"), "nonsense").expect("write");
        assert!(matches!(
            Certificate::read_or_create(dir.path()),
            Err(CertificateError::Pem { .. })
        ));
    }
}
