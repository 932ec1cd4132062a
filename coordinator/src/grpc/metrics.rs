//! Counts calls by method and outcome.

use std::{
    task::{Context, Poll},
    time::Instant,
};

use futures::future::BoxFuture;
use tonic::codegen::http::{Request, Response};
use tower::{Layer, Service};

/// Wraps a service so that `cyxwiz_rpc_total` and `cyxwiz_rpc_seconds` tell of its
/// calls. A stream counts when it starts.
#[derive(Debug, Clone, Copy)]
pub struct CountCalls;

impl<S> Layer<S> for CountCalls {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted(inner)
    }
}

/// See [`CountCalls`].
#[derive(Debug, Clone)]
pub struct Counted<S>(S);

impl<S, B, R> Service<Request<B>> for Counted<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let path = request.uri().path().to_owned();
        let started = Instant::now();
        let answer = self.0.call(request);
        Box::pin(async move {
            let answer = answer.await;
            if let Ok(response) = &answer {
                // An error without a body carries its status in the head.
                let status = response.headers().get("grpc-status");
                let code = status.and_then(|code| code.to_str().ok()).unwrap_or("0");
                let unknown = code == "12";
                // Strangers choose the path: unknown ones share a name.
                let method = if unknown { "unknown".to_owned() } else { path };
                metrics::counter!("cyxwiz_rpc_total", "method" => method.clone(), "code" => code.to_owned())
                    .increment(1);
                metrics::histogram!("cyxwiz_rpc_seconds", "method" => method)
                    .record(started.elapsed().as_secs_f64());
            }
            answer
        })
    }
}
