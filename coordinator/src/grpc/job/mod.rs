//! JobService.

mod cancel;
mod confirm;
mod estimate;
mod issue_token;
mod list;
mod submit;
mod watch;

use std::sync::Arc;

use cyxwiz_domain::JobId;
use cyxwiz_proto::job::v1::{
    CancelJobRequest, ConfirmEscrowRequest, ConfirmEscrowResponse, EstimateCostRequest,
    EstimateCostResponse, GetJobRequest, IssueJobTokenRequest, IssueJobTokenResponse, Job,
    ListJobsRequest, ListJobsResponse, ListNodesRequest, ListNodesResponse, SubmitJobRequest,
    SubmitJobResponse, job_service_server::JobService,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::convert;
use crate::{app::App, db, error::Error};

/// JobService.
pub struct Jobs(pub Arc<App>);

#[tonic::async_trait]
impl JobService for Jobs {
    type WatchJobStream = ReceiverStream<Result<Job, Status>>;

    async fn estimate_cost(
        &self,
        request: Request<EstimateCostRequest>,
    ) -> Result<Response<EstimateCostResponse>, Status> {
        // Prices are public; a wallet that is known is not matched to its own node.
        let user = self.0.caller_if_any(request.metadata())?;
        let answer = estimate::estimate(&self.0, user, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn submit_job(
        &self,
        request: Request<SubmitJobRequest>,
    ) -> Result<Response<SubmitJobResponse>, Status> {
        let user = self.0.caller(request.metadata())?;
        let answer = submit::submit(&self.0, user, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn confirm_escrow(
        &self,
        request: Request<ConfirmEscrowRequest>,
    ) -> Result<Response<ConfirmEscrowResponse>, Status> {
        let user = self.0.caller(request.metadata())?;
        let request = request.into_inner();
        let id = JobId::from_slice(&request.job_id).map_err(Error::from)?;
        let job = confirm::confirm(&self.0, user, id, &request.signature).await?;
        Ok(Response::new(ConfirmEscrowResponse {
            job: Some(convert::job(job)),
        }))
    }

    async fn issue_job_token(
        &self,
        request: Request<IssueJobTokenRequest>,
    ) -> Result<Response<IssueJobTokenResponse>, Status> {
        let user = self.0.caller(request.metadata())?;
        let answer = issue_token::issue(&self.0, user, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn get_job(&self, request: Request<GetJobRequest>) -> Result<Response<Job>, Status> {
        let user = self.0.caller(request.metadata())?;
        let id = JobId::from_slice(&request.into_inner().job_id).map_err(Error::from)?;
        let job = db::jobs::get_of(&self.0.pool, id, user).await?;
        Ok(Response::new(convert::job(job)))
    }

    async fn list_jobs(
        &self,
        request: Request<ListJobsRequest>,
    ) -> Result<Response<ListJobsResponse>, Status> {
        let user = self.0.caller(request.metadata())?;
        let answer = list::jobs(&self.0, user, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn watch_job(
        &self,
        request: Request<GetJobRequest>,
    ) -> Result<Response<Self::WatchJobStream>, Status> {
        let user = self.0.caller(request.metadata())?;
        let id = JobId::from_slice(&request.into_inner().job_id).map_err(Error::from)?;
        Ok(Response::new(watch::watch(&self.0, user, id).await?))
    }

    async fn cancel_job(
        &self,
        request: Request<CancelJobRequest>,
    ) -> Result<Response<Job>, Status> {
        let user = self.0.caller(request.metadata())?;
        let id = JobId::from_slice(&request.into_inner().job_id).map_err(Error::from)?;
        let job = cancel::cancel(&self.0, user, id).await?;
        Ok(Response::new(convert::job(job)))
    }

    async fn list_nodes(
        &self,
        _: Request<ListNodesRequest>,
    ) -> Result<Response<ListNodesResponse>, Status> {
        Ok(Response::new(list::nodes(&self.0).await?))
    }
}
