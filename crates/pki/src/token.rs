//! Tokens: JWTs signed with Ed25519 (EdDSA, RFC 8037).
//!
//! A *session token* is the coordinator's, for calls to itself. A *job token* is
//! the coordinator's, for one node and one engine certificate (RFC 8705 `cnf`).
//! A *resume token* is a node's, for reconnecting to itself.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cyxwiz_domain::{Address, Digest, JobId};
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{certificate::Fingerprint, wallet::Wallet};

/// Clocks may differ by this much, in seconds.
const LEEWAY: u64 = 5;

/// Why a token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token, or not signed by the issuer.
    #[error("the token is not valid: {0}")]
    Invalid(String),
    /// Too old.
    #[error("the token has expired; ask for a new one")]
    Expired,
    /// For somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// From somebody else, or for another purpose.
    #[error("the token is from another issuer or for another purpose")]
    Issuer,
    /// Bound to a client certificate that is not the connection's.
    #[error("the token is bound to another client certificate")]
    Certificate,
    /// Names another job.
    #[error("the token is for another job")]
    Job,
    /// Its `jti` was seen before.
    #[error("the token was used before; ask for a new one")]
    Replayed,
}

/// Who a session token names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionClaims {
    /// Purpose and issuer.
    pub iss: String,
    /// The coordinator's name.
    pub aud: String,
    /// The wallet that signed in.
    pub sub: Address,
    /// Unix seconds.
    pub exp: i64,
    /// Unix seconds.
    pub iat: i64,
}

/// What a job token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobClaims {
    /// Purpose and issuer.
    pub iss: String,
    /// The user's wallet.
    pub sub: Address,
    /// The node's owner wallet.
    pub aud: Address,
    /// The job.
    pub job: JobId,
    /// Its escrow account.
    pub escrow: Address,
    /// SHA-256 of the canonical spec.
    pub spec: Digest,
    /// Key confirmation: the engine's client certificate.
    pub cnf: Confirmation,
    /// The node's certificate, as the chain has it.
    pub node_cert: Fingerprint,
    /// Unique; used once.
    pub jti: uuid::Uuid,
    /// Unix seconds.
    pub exp: i64,
    /// Unix seconds.
    pub iat: i64,
}

/// What a resume token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeClaims {
    /// Purpose and issuer.
    pub iss: String,
    /// The node's owner wallet, its own audience.
    pub aud: Address,
    /// The job.
    pub job: JobId,
    /// The engine's client certificate.
    pub cnf: Confirmation,
    /// Unix seconds.
    pub exp: i64,
}

/// RFC 8705, section 3.1: SHA-256 of the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// Base64url without padding.
    #[serde(rename = "x5t#S256")]
    pub x5t_s256: String,
}

impl Confirmation {
    /// Binds a token to a certificate.
    pub fn of(certificate: Fingerprint) -> Self {
        Self {
            x5t_s256: URL_SAFE_NO_PAD.encode(certificate.0),
        }
    }

    /// Whether the connection's certificate is the one meant.
    pub fn is(&self, certificate: Fingerprint) -> bool {
        *self == Self::of(certificate)
    }
}

/// The purpose of a token, part of its issuer so that none passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Calls to the coordinator.
    Session,
    /// An engine's first call to a node.
    Job,
    /// An engine's later calls to the same node.
    Resume,
}

impl Purpose {
    /// The `iss` of tokens that `issuer` signs for this purpose.
    pub fn issuer(self, issuer: Address) -> String {
        let purpose = match self {
            Self::Session => "session",
            Self::Job => "job",
            Self::Resume => "resume",
        };
        format!("cyxwiz:{purpose}:{issuer}")
    }
}

/// Signs tokens.
pub struct TokenSigner {
    address: Address,
    key: EncodingKey,
}

impl TokenSigner {
    /// Signs with the wallet's key.
    pub fn new(wallet: &Wallet) -> Self {
        let der = wallet
            .signing_key()
            .to_pkcs8_der()
            .expect("an Ed25519 key always encodes");
        Self {
            address: wallet.address(),
            key: EncodingKey::from_ed_der(der.as_bytes()),
        }
    }

    /// The key others verify with; also the `kid`.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Signs any of the claims above.
    pub fn sign<C: Serialize>(&self, claims: &C) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.address.to_string());
        jsonwebtoken::encode(&header, claims, &self.key)
            .expect("claims of strings and numbers always encode")
    }

    /// The public key as a JSON Web Key (RFC 8037), for `jwks.json`.
    pub fn jwk(&self) -> serde_json::Value {
        serde_json::json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
            "kid": self.address.to_string(),
            "x": URL_SAFE_NO_PAD.encode(self.address.0),
        })
    }
}

/// Verifies tokens of one issuer.
pub struct TokenVerifier {
    issuer: Address,
    key: DecodingKey,
}

impl TokenVerifier {
    /// Accepts tokens signed by `issuer` alone.
    pub fn new(issuer: Address) -> Self {
        Self {
            issuer,
            key: DecodingKey::from_ed_der(&issuer.0),
        }
    }

    /// The session of a call to the coordinator called `audience`.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn session(&self, token: &str, audience: &str) -> Result<SessionClaims, TokenError> {
        self.decode(token, Purpose::Session, audience)
    }

    /// The job token that an engine with `certificate` shows to `node`. The
    /// caller still has to check that its `jti` is new.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn job(
        &self,
        token: &str,
        node: Address,
        certificate: Fingerprint,
    ) -> Result<JobClaims, TokenError> {
        let claims: JobClaims = self.decode(token, Purpose::Job, &node.to_string())?;
        if !claims.cnf.is(certificate) {
            return Err(TokenError::Certificate);
        }
        Ok(claims)
    }

    /// The resume token that an engine with `certificate` shows for `job`.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn resume(
        &self,
        token: &str,
        certificate: Fingerprint,
    ) -> Result<ResumeClaims, TokenError> {
        let claims: ResumeClaims = self.decode(token, Purpose::Resume, &self.issuer.to_string())?;
        if !claims.cnf.is(certificate) {
            return Err(TokenError::Certificate);
        }
        Ok(claims)
    }

    fn decode<C: DeserializeOwned>(
        &self,
        token: &str,
        purpose: Purpose,
        audience: &str,
    ) -> Result<C, TokenError> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = LEEWAY;
        validation.set_audience(&[audience]);
        validation.set_issuer(&[purpose.issuer(self.issuer)]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        use jsonwebtoken::errors::ErrorKind;
        jsonwebtoken::decode::<C>(token, &self.key, &validation)
            .map(|data| data.claims)
            .map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => TokenError::Expired,
                ErrorKind::InvalidAudience => TokenError::Audience,
                ErrorKind::InvalidIssuer => TokenError::Issuer,
                _ => TokenError::Invalid(error.to_string()),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct World {
        coordinator: TokenSigner,
        node: Address,
        engine_cert: Fingerprint,
        claims: JobClaims,
    }

    fn now() -> i64 {
        chrono::Utc::now().timestamp()
    }

    fn world() -> World {
        let coordinator = TokenSigner::new(&Wallet::generate());
        let node = Wallet::generate().address();
        let engine_cert = Digest([3; 32]);
        let claims = JobClaims {
            iss: Purpose::Job.issuer(coordinator.address()),
            sub: Wallet::generate().address(),
            aud: node,
            job: JobId(uuid::Uuid::from_u128(1)),
            escrow: Address([4; 32]),
            spec: Digest([5; 32]),
            cnf: Confirmation::of(engine_cert),
            node_cert: Digest([6; 32]),
            jti: uuid::Uuid::from_u128(2),
            exp: now() + 300,
            iat: now(),
        };
        World {
            coordinator,
            node,
            engine_cert,
            claims,
        }
    }

    fn check(world: &World, claims: &JobClaims) -> Result<JobClaims, TokenError> {
        let token = world.coordinator.sign(claims);
        TokenVerifier::new(world.coordinator.address()).job(&token, world.node, world.engine_cert)
    }

    #[test]
    fn a_job_token_says_what_was_signed() {
        let world = world();
        assert_eq!(check(&world, &world.claims), Ok(world.claims.clone()));
    }

    #[test]
    fn an_expired_token_is_refused() {
        let world = world();
        let claims = JobClaims {
            exp: now() - 60,
            ..world.claims.clone()
        };
        assert_eq!(check(&world, &claims), Err(TokenError::Expired));
    }

    #[test]
    fn a_token_for_another_node_is_refused() {
        let world = world();
        let claims = JobClaims {
            aud: Address([9; 32]),
            ..world.claims.clone()
        };
        assert_eq!(check(&world, &claims), Err(TokenError::Audience));
    }

    #[test]
    fn a_token_for_another_certificate_is_refused() {
        let world = world();
        let claims = JobClaims {
            cnf: Confirmation::of(Digest([9; 32])),
            ..world.claims.clone()
        };
        assert_eq!(check(&world, &claims), Err(TokenError::Certificate));
    }

    #[test]
    fn a_token_of_another_issuer_is_refused() {
        let world = world();
        let token = TokenSigner::new(&Wallet::generate()).sign(&world.claims);
        let verifier = TokenVerifier::new(world.coordinator.address());
        assert!(matches!(
            verifier.job(&token, world.node, world.engine_cert),
            Err(TokenError::Invalid(_))
        ));
    }

    #[test]
    fn a_session_token_is_no_job_token() {
        let world = world();
        let claims = JobClaims {
            iss: Purpose::Session.issuer(world.coordinator.address()),
            ..world.claims.clone()
        };
        assert_eq!(check(&world, &claims), Err(TokenError::Issuer));
    }
}
