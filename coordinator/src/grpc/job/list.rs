//! Lists.

use cyxwiz_domain::{Address, JobId};
use cyxwiz_proto::job::v1::{ListJobsRequest, ListJobsResponse, ListNodesResponse};

use crate::{app::App, db, error::Error, grpc::convert};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

pub async fn jobs(
    app: &App,
    user: Address,
    request: ListJobsRequest,
) -> Result<ListJobsResponse, Error> {
    let limit = match request.limit {
        0 => DEFAULT_LIMIT,
        limit @ 1..=MAX_LIMIT => limit,
        _ => {
            return Err(Error::Argument {
                field: "limit",
                problem: format!("must be at most {MAX_LIMIT}"),
            });
        }
    };
    let before = match request.before_job_id.as_slice() {
        [] => None,
        id => Some(JobId::from_slice(id)?),
    };
    let jobs = db::jobs::list(&app.pool, user, limit, before).await?;
    Ok(ListJobsResponse {
        jobs: jobs.into_iter().map(convert::job).collect(),
    })
}

pub async fn nodes(app: &App) -> Result<ListNodesResponse, Error> {
    let nodes = db::nodes::all(&app.pool, app.settings.nodes.stale_after).await?;
    Ok(ListNodesResponse {
        nodes: nodes
            .into_iter()
            .filter(|node| node.candidate.online)
            .map(convert::node)
            .collect(),
    })
}
