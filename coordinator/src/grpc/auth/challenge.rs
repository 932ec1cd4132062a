//! Starts a sign-in.

use chrono::Utc;
use cyxwiz_domain::Address;
use cyxwiz_pki::challenge::Challenge;
use cyxwiz_proto::auth::v1::{ChallengeRequest, ChallengeResponse};
use rand::{RngCore as _, rngs::OsRng};
use uuid::Uuid;

use crate::{
    app::{App, seconds},
    db,
    error::Error,
};

pub async fn challenge(app: &App, request: ChallengeRequest) -> Result<ChallengeResponse, Error> {
    let mut nonce = [0; 16];
    OsRng.fill_bytes(&mut nonce);
    let challenge = Challenge {
        audience: app.settings.auth.audience.clone(),
        wallet: Address::from_slice(&request.wallet)?,
        nonce,
        expires_at: Utc::now().timestamp() + seconds(app.settings.auth.challenge_ttl),
    };
    let id = Uuid::new_v4();
    db::challenges::insert(&app.pool, id, &challenge).await?;
    Ok(ChallengeResponse {
        challenge_id: id.as_bytes().to_vec(),
        message: challenge.message(),
        expires_at: challenge.expires_at,
    })
}
