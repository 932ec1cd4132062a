//! NodeService.

mod completion;
mod heartbeat;
mod progress;
mod register;

use std::sync::Arc;

use cyxwiz_proto::node::v1::{
    HeartbeatRequest, HeartbeatResponse, RegisterRequest, RegisterResponse,
    ReportCompletionRequest, ReportCompletionResponse, ReportProgressRequest,
    ReportProgressResponse, node_service_server::NodeService,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::app::App;

/// NodeService.
pub struct Nodes(pub Arc<App>);

#[tonic::async_trait]
impl NodeService for Nodes {
    type HeartbeatStream = ReceiverStream<Result<HeartbeatResponse, Status>>;

    async fn register(
        &self,
        request: Request<RegisterRequest>,
    ) -> Result<Response<RegisterResponse>, Status> {
        let owner = self.0.caller(request.metadata())?;
        let answer = register::register(&self.0, owner, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn heartbeat(
        &self,
        request: Request<Streaming<HeartbeatRequest>>,
    ) -> Result<Response<Self::HeartbeatStream>, Status> {
        let owner = self.0.caller(request.metadata())?;
        let answers = heartbeat::start(&self.0, owner, request.into_inner());
        Ok(Response::new(answers))
    }

    async fn report_progress(
        &self,
        request: Request<ReportProgressRequest>,
    ) -> Result<Response<ReportProgressResponse>, Status> {
        let owner = self.0.caller(request.metadata())?;
        let answer = progress::report(&self.0, owner, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn report_completion(
        &self,
        request: Request<ReportCompletionRequest>,
    ) -> Result<Response<ReportCompletionResponse>, Status> {
        let owner = self.0.caller(request.metadata())?;
        completion::report(&self.0, owner, request.into_inner()).await?;
        Ok(Response::new(ReportCompletionResponse {}))
    }
}
