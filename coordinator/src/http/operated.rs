//! What operators see: whether database and chain answer, and what the database
//! knows, read at each scrape.

use ::metrics::gauge;
use cyxwiz_domain::JobState;
use cyxwiz_telemetry::http::{Operated, Part};

use crate::{app::App, db, error::Error};

#[async_trait::async_trait]
impl Operated for App {
    async fn parts(&self) -> Vec<Part> {
        let (database, chain) = tokio::join!(db::ping(&self.pool), self.chain.health());
        vec![
            // Its own words may name hosts and users.
            Part::new(
                "database",
                database.err().map(|_| "does not answer".to_owned()),
            ),
            Part::new("chain", chain.err().map(|error| error.to_string())),
        ]
    }

    async fn read_gauges(&self) -> Result<(), &'static str> {
        read(self).await.map_err(|error| {
            tracing::warn!(%error, "cannot read the gauges");
            "the database does not answer"
        })
    }
}

async fn read(app: &App) -> Result<(), Error> {
    let pool = &app.pool;
    gauge!("cyxwiz_db_connections", "state" => "idle").set(pool.num_idle() as f64);
    gauge!("cyxwiz_db_connections", "state" => "open").set(f64::from(pool.size()));
    let counts = db::jobs::count_by_state(pool).await?;
    for &state in JobState::ALL {
        let count = counts.iter().find(|(counted, _)| *counted == state);
        gauge!("cyxwiz_jobs", "state" => state.as_str()).set(count.map_or(0, |c| c.1) as f64);
    }
    let handed_back = db::jobs::count_handed_back(pool).await?;
    gauge!("cyxwiz_jobs_handed_back").set(handed_back as f64);
    for (kind, state, count) in db::chain_writes::count(pool).await? {
        gauge!("cyxwiz_chain_writes", "kind" => kind.as_str(), "state" => state.as_str())
            .set(count as f64);
    }
    for (stage, count) in db::transcripts::count_by_stage(pool).await? {
        gauge!("cyxwiz_transcripts", "stage" => stage).set(count as f64);
    }
    Ok(())
}
