//! AuthService.

mod challenge;
mod sign_in;

use std::sync::Arc;

use cyxwiz_proto::auth::v1::{
    ChallengeRequest, ChallengeResponse, SignInRequest, SignInResponse,
    auth_service_server::AuthService,
};
use tonic::{Request, Response, Status};

use crate::app::App;

/// AuthService.
pub struct Auth(pub Arc<App>);

#[tonic::async_trait]
impl AuthService for Auth {
    async fn challenge(
        &self,
        request: Request<ChallengeRequest>,
    ) -> Result<Response<ChallengeResponse>, Status> {
        let answer = challenge::challenge(&self.0, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn sign_in(
        &self,
        request: Request<SignInRequest>,
    ) -> Result<Response<SignInResponse>, Status> {
        let answer = sign_in::sign_in(&self.0, request.into_inner()).await?;
        Ok(Response::new(answer))
    }
}
