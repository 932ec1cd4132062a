//! Between the pure matching and the database: finds nodes for new jobs and for
//! funded ones that wait.

use std::time::Duration;

use cyxwiz_domain::{Address, Amount, spec::JobSpec};

use crate::{
    app::App,
    db,
    error::Error,
    job::Job,
    matching::{Plan, Problem, plan},
};

/// How long a node that gave a user's job back comes last for that user's next ones.
const APART: Duration = Duration::from_secs(600);

/// Ranks the nodes there are for a job; `budget` is what its escrow holds already.
///
/// # Errors
/// [`Error::Chain`] and [`Error::Database`].
pub async fn find_nodes(
    app: &App,
    spec: &JobSpec,
    rows: u64,
    user: Option<Address>,
    budget: Option<Amount>,
) -> Result<Plan, Error> {
    let stale_after = app.settings.nodes.stale_after;
    let (nodes, handed_back, timeouts, now) = tokio::try_join!(
        db::nodes::all(&app.pool, stale_after),
        db::placement::handed_back_to(&app.pool, user, APART),
        app.timeouts(),
        async { Ok(app.chain.unix_time().await?) },
    )?;
    let nodes: Vec<_> = nodes.into_iter().map(|node| node.candidate).collect();
    Ok(plan(&Problem {
        spec,
        rows,
        user,
        budget,
        handed_back: &handed_back,
        prices: &app.settings.jobs.prices,
        timeouts,
        now,
        nodes: &nodes,
    }))
}

/// Finds a node for a funded job that has none. The one it was to have first is
/// tried first. Without any it goes on waiting, and says why.
///
/// # Errors
/// [`Error::Chain`] and [`Error::Database`].
pub async fn place_funded(app: &App, job: Job, preferred: Option<Address>) -> Result<Job, Error> {
    let id = job.submission.id;
    if db::placement::is_hopeless(&app.pool, id).await? {
        // Its message says why.
        return Ok(job);
    }
    let spec = JobSpec::from_json(&job.submission.spec)?;
    let budget = Some(job.terms.amount);
    let user = Some(job.submission.user);
    let mut plan = find_nodes(app, &spec, job.submission.rows, user, budget).await?;
    // The chain has refused these for this job before.
    let refused = db::placement::refused_nodes(&app.pool, id).await?;
    // The deadline that the user has escrowed for has to do on any node.
    let fits = |seconds| seconds <= job.terms.timeout_seconds;
    plan.ranked
        .retain(|found| !refused.contains(&found.owner) && fits(found.estimated_seconds));
    plan.ranked
        .sort_by_key(|found| Some(found.owner) != preferred);
    for found in &plan.ranked {
        if let Some(placed) = db::placement::place(&app.pool, id, found.owner).await? {
            return Ok(placed);
        }
    }
    let message = format!(
        "waiting for a node ({}); you may cancel the escrow on the chain at any time",
        plan.why_none()
    );
    db::placement::explain_waiting(&app.pool, id, &message).await?;
    db::jobs::get(&app.pool, id).await
}
