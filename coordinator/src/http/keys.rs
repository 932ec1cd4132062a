//! `/.well-known/jwks.json`: the keys that tokens are verified with.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::Pages;

pub async fn jwks(State(pages): State<Pages>) -> Json<Value> {
    Json(json!({ "keys": [pages.app.tokens.jwk()] }))
}
