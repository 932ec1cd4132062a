//! The pages that a service shows its operator: `/healthz` says that the process
//! lives, `/readyz` whether it can work and if not why, `/metrics` is for Prometheus.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Map, Value};
use tokio::net::TcpListener;

/// One of the things that a service needs to work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its key in the report.
    pub name: &'static str,
    /// What is wrong with it, if anything. The page is public: details are for the log.
    pub problem: Option<String>,
}

impl Part {
    /// `name`, and what is wrong with it.
    pub fn new(name: &'static str, problem: Option<String>) -> Self {
        Self { name, problem }
    }
}

/// A service that shows these pages.
#[async_trait]
pub trait Operated: Send + Sync + 'static {
    /// All that it needs to work, as it is now.
    async fn parts(&self) -> Vec<Part>;

    /// Sets the gauges that are only read when somebody asks. An error is what the
    /// page says instead of the metrics, none of which would be worth much.
    async fn read_gauges(&self) -> Result<(), &'static str>;
}

#[derive(Clone)]
struct Pages {
    service: Arc<dyn Operated>,
    prometheus: PrometheusHandle,
}

/// The pages of `service`, whose metrics `prometheus` renders.
pub fn pages(service: Arc<dyn Operated>, prometheus: PrometheusHandle) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Pages {
            service,
            prometheus,
        })
}

/// Serves `pages` until `shutdown` ends.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    pages: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    axum::serve(listener, pages)
        .with_graceful_shutdown(shutdown)
        .await?;
    Ok(())
}

async fn ready(State(pages): State<Pages>) -> (StatusCode, Json<Value>) {
    let parts = pages.service.parts().await;
    let status = match parts.iter().all(|part| part.problem.is_none()) {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let report: Map<String, Value> = parts
        .into_iter()
        .map(|part| {
            let told = part.problem.unwrap_or_else(|| "ok".to_owned());
            (part.name.to_owned(), told.into())
        })
        .collect();
    (status, Json(report.into()))
}

async fn metrics(State(pages): State<Pages>) -> (StatusCode, String) {
    match pages.service.read_gauges().await {
        Ok(()) => (StatusCode::OK, pages.prometheus.render()),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::Request,
    };
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tower::ServiceExt as _;

    use super::*;

    /// Works, or not, in all its parts.
    struct Service {
        works: bool,
    }

    #[async_trait]
    impl Operated for Service {
        async fn parts(&self) -> Vec<Part> {
            let problem = (!self.works).then(|| "does not answer".to_owned());
            vec![Part::new("chain", problem), Part::new("disk", None)]
        }

        async fn read_gauges(&self) -> Result<(), &'static str> {
            self.works.then_some(()).ok_or("nothing is known")
        }
    }

    async fn get(works: bool, path: &str) -> (StatusCode, String) {
        let prometheus = PrometheusBuilder::new().build_recorder().handle();
        let pages = pages(Arc::new(Service { works }), prometheus);
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let answer = pages.oneshot(request).await.expect("an answer");
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 4096).await.expect("a body");
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn a_service_that_works_says_so() {
        assert_eq!(
            get(true, "/healthz").await,
            (StatusCode::OK, "ok\n".to_owned())
        );
        let (status, report) = get(true, "/readyz").await;
        assert_eq!(
            (status, report.as_str()),
            (StatusCode::OK, r#"{"chain":"ok","disk":"ok"}"#)
        );
        assert_eq!(get(true, "/metrics").await.0, StatusCode::OK);
        assert_eq!(get(true, "/").await.0, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn one_that_does_not_lives_all_the_same_and_says_what_is_wrong() {
        assert_eq!(get(false, "/healthz").await.0, StatusCode::OK);
        let (status, report) = get(false, "/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(report, r#"{"chain":"does not answer","disk":"ok"}"#);
        let unknown = "nothing is known\n".to_owned();
        assert_eq!(
            get(false, "/metrics").await,
            (StatusCode::SERVICE_UNAVAILABLE, unknown)
        );
    }
}
