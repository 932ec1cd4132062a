//! `/.well-known/jwks.json`: the keys that tokens are verified with.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::app::App;

pub async fn jwks(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({ "keys": [app.tokens.jwk()] }))
}
