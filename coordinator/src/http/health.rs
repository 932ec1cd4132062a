//! `/healthz`: the process runs. `/readyz`: it can work.

use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

use super::Pages;
use crate::db;

pub async fn alive() -> &'static str {
    "ok\n"
}

pub async fn ready(State(pages): State<Pages>) -> (StatusCode, Json<Value>) {
    let (database, chain) = tokio::join!(db::ping(&pages.app.pool), pages.app.chain.health());
    let part = |failure: Option<String>| match failure {
        None => json!("ok"),
        Some(failure) => json!(failure),
    };
    let status = match database.is_ok() && chain.is_ok() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let report = json!({
        // The details are in the log: this page is public.
        "database": part(database.err().map(|_| "does not answer".to_owned())),
        "chain": part(chain.err().map(|error| error.to_string())),
    });
    (status, Json(report))
}
