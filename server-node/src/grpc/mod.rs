//! What engines call, over mutual TLS: one file per RPC.

mod download;
mod refusal;
mod session;
mod train;
mod upload;

use std::sync::Arc;

use cyxwiz_pki::{tls, transport};
use cyxwiz_proto::training::v1::{
    DatasetChunk, DownloadTranscriptRequest, DownloadWeightsRequest, FileChunk, OpenSessionRequest,
    OpenSessionResponse, TrainEvent, TrainRequest, UploadDatasetResponse,
    training_service_server::{TrainingService, TrainingServiceServer},
};
use futures::stream::BoxStream;
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, Streaming, transport::Server};

pub use refusal::CODE_KEY;

use crate::node::Node;

/// Largest message: the manifest of a dataset of 128 GiB fits.
const MAX_MESSAGE: usize = 32 * 1024 * 1024;

/// The service.
#[derive(Clone)]
pub struct Training {
    node: Arc<Node>,
}

/// Serves engines on `listener` until the node ends.
///
/// # Errors
/// When the certificate does not fit its key, or the server fails.
pub async fn serve(node: Arc<Node>, listener: TcpListener) -> anyhow::Result<()> {
    let config = tls::server_config(&node.identity.certificate)?;
    let shutdown = node.shutdown.clone();
    let service = TrainingServiceServer::new(Training { node })
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    Server::builder()
        .initial_stream_window_size(transport::WINDOW_BYTES)
        .initial_connection_window_size(transport::WINDOW_BYTES)
        .http2_keepalive_interval(Some(std::time::Duration::from_secs(10)))
        .add_service(service)
        .serve_with_incoming_shutdown(
            transport::incoming(listener, config),
            shutdown.cancelled_owned(),
        )
        .await?;
    Ok(())
}

#[tonic::async_trait]
impl TrainingService for Training {
    type TrainStream = BoxStream<'static, Result<TrainEvent, Status>>;
    type DownloadWeightsStream = BoxStream<'static, Result<FileChunk, Status>>;
    type DownloadTranscriptStream = BoxStream<'static, Result<FileChunk, Status>>;

    async fn open_session(
        &self,
        request: Request<OpenSessionRequest>,
    ) -> Result<Response<OpenSessionResponse>, Status> {
        session::open(&self.node, request).await
    }

    async fn upload_dataset(
        &self,
        request: Request<Streaming<DatasetChunk>>,
    ) -> Result<Response<UploadDatasetResponse>, Status> {
        let job = session::authorize(&self.node, &request)?;
        upload::upload(&job, request.into_inner()).await
    }

    async fn train(
        &self,
        request: Request<Streaming<TrainRequest>>,
    ) -> Result<Response<Self::TrainStream>, Status> {
        let job = session::authorize(&self.node, &request)?;
        train::train(&self.node, job, request.into_inner()).await
    }

    async fn download_weights(
        &self,
        request: Request<DownloadWeightsRequest>,
    ) -> Result<Response<Self::DownloadWeightsStream>, Status> {
        let job = session::authorize(&self.node, &request)?;
        download::weights(&self.node, &job, request.into_inner()).await
    }

    async fn download_transcript(
        &self,
        request: Request<DownloadTranscriptRequest>,
    ) -> Result<Response<Self::DownloadTranscriptStream>, Status> {
        let job = session::authorize(&self.node, &request)?;
        download::transcript(&self.node, &job, request.into_inner()).await
    }
}
