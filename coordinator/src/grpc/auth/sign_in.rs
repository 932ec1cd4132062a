//! Ends a sign-in.

use chrono::Utc;
use cyxwiz_domain::Address;
use cyxwiz_pki::wallet::verify;
use cyxwiz_proto::auth::v1::{SignInRequest, SignInResponse};
use uuid::Uuid;

use crate::{app::App, db, error::Error};

pub async fn sign_in(app: &App, request: SignInRequest) -> Result<SignInResponse, Error> {
    let wallet = Address::from_slice(&request.wallet)?;
    let id = Uuid::from_slice(&request.challenge_id).map_err(|_| Error::ChallengeUnknown)?;
    let audience = &app.settings.auth.audience;
    let now = Utc::now().timestamp();
    // Taken before the signature is looked at: a challenge is good for one try.
    let challenge = db::challenges::take(&app.pool, id, wallet, audience, now).await?;
    if !verify(wallet, &challenge.message(), &request.signature) {
        return Err(Error::SignatureInvalid);
    }
    let (session_token, expires_at) = app.session_token(wallet);
    Ok(SignInResponse {
        session_token,
        expires_at,
    })
}
