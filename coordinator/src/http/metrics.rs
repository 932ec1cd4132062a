//! `/metrics` for Prometheus. What the database knows is read at each scrape.

use ::metrics::gauge;
use axum::{extract::State, http::StatusCode};
use cyxwiz_domain::JobState;

use super::Pages;
use crate::{db, error::Error};

pub async fn metrics(State(pages): State<Pages>) -> (StatusCode, String) {
    if let Err(error) = read_gauges(&pages).await {
        tracing::warn!(%error, "cannot read the gauges");
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer\n".into(),
        );
    }
    (StatusCode::OK, pages.prometheus.render())
}

async fn read_gauges(pages: &Pages) -> Result<(), Error> {
    let pool = &pages.app.pool;
    gauge!("cyxwiz_db_connections", "state" => "idle").set(pool.num_idle() as f64);
    gauge!("cyxwiz_db_connections", "state" => "open").set(f64::from(pool.size()));
    let counts = db::jobs::count_by_state(pool).await?;
    for &state in JobState::ALL {
        let count = counts.iter().find(|(counted, _)| *counted == state);
        gauge!("cyxwiz_jobs", "state" => state.as_str()).set(count.map_or(0, |c| c.1) as f64);
    }
    for (kind, state, count) in db::chain_writes::count(pool).await? {
        gauge!("cyxwiz_chain_writes", "kind" => kind.as_str(), "state" => state.as_str())
            .set(count as f64);
    }
    Ok(())
}
