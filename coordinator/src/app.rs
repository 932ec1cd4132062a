//! What every part of the service shares.

use std::sync::Arc;

use chrono::Utc;
use cyxwiz_chain::{Chain, ChainError, Signer};
use cyxwiz_domain::Address;
use cyxwiz_pki::{
    Wallet,
    token::{Purpose, SessionClaims, TokenSigner, TokenVerifier},
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataMap;

use crate::{error::Error, events::Events, matching::Timeouts, settings::Settings};

/// What every part of the service shares.
pub struct App {
    /// As loaded.
    pub settings: Settings,
    /// Postgres.
    pub pool: PgPool,
    /// Solana.
    pub chain: Chain,
    /// Pays for and signs chain writes.
    pub signer: Signer,
    /// Signs tokens, with the same key: the chain names it.
    pub tokens: TokenSigner,
    /// What changes in the database.
    pub events: Events,
    /// Cancelled when the service ends.
    pub shutdown: CancellationToken,
    verifier: TokenVerifier,
}

impl App {
    /// Puts the parts together.
    ///
    /// # Errors
    /// [`ChainError::Key`] for a wallet that Solana does not take.
    pub fn new(
        settings: Settings,
        pool: PgPool,
        wallet: &Wallet,
        shutdown: CancellationToken,
    ) -> Result<Arc<Self>, ChainError> {
        Ok(Arc::new(Self {
            chain: Chain::new(&settings.chain.rpc_url),
            signer: Signer::from_keypair_bytes(&wallet.to_keypair_bytes())?,
            tokens: TokenSigner::new(wallet),
            verifier: TokenVerifier::new(wallet.address()),
            events: Events::new(),
            settings,
            pool,
            shutdown,
        }))
    }

    /// The wallet that makes a call.
    ///
    /// # Errors
    /// [`Error::SignInRequired`] and [`Error::Session`].
    pub fn caller(&self, metadata: &MetadataMap) -> Result<Address, Error> {
        self.caller_if_any(metadata)?.ok_or(Error::SignInRequired)
    }

    /// The same where signing in is optional; a token that is there must be good.
    ///
    /// # Errors
    /// [`Error::Session`].
    pub fn caller_if_any(&self, metadata: &MetadataMap) -> Result<Option<Address>, Error> {
        let Some(header) = metadata.get("authorization") else {
            return Ok(None);
        };
        let token = header
            .to_str()
            .ok()
            .and_then(|text| text.strip_prefix("Bearer "));
        let token = token.ok_or(Error::SignInRequired)?;
        let claims = self.verifier.session(token, &self.settings.auth.audience)?;
        Ok(Some(claims.sub))
    }

    /// A session token for `wallet`, and when it ends, in Unix seconds.
    pub fn session_token(&self, wallet: Address) -> (String, i64) {
        let now = Utc::now().timestamp();
        let expires_at = now + seconds(self.settings.auth.session_ttl);
        let claims = SessionClaims {
            iss: Purpose::Session.issuer(self.tokens.address()),
            aud: self.settings.auth.audience.clone(),
            sub: wallet,
            exp: expires_at,
            iat: now,
        };
        (self.tokens.sign(&claims), expires_at)
    }

    /// How long jobs may take, by settings and chain.
    ///
    /// # Errors
    /// [`Error::Chain`].
    pub async fn timeouts(&self) -> Result<Timeouts, Error> {
        let config = self.chain.escrow_config().await?;
        let min = seconds(self.settings.jobs.min_timeout);
        Ok(Timeouts {
            factor: self.settings.jobs.timeout_factor,
            min_seconds: u32::try_from(min)
                .unwrap_or(u32::MAX)
                .max(config.min_timeout_seconds),
            proof_seconds: u32::try_from(seconds(self.settings.jobs.proof_time))
                .unwrap_or(u32::MAX),
            max_seconds: config.max_timeout_seconds,
        })
    }
}

/// Whole seconds, as timestamps count them.
pub fn seconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 2)
}
