//! Prices a job without keeping anything.

use cyxwiz_domain::{Address, pricing::PriceRequest, spec::JobSpec};
use cyxwiz_proto::job::v1::{EstimateCostRequest, EstimateCostResponse};

use crate::{app::App, error::Error, grpc::convert, matching::Match, scheduling::find_nodes};

pub async fn estimate(
    app: &App,
    user: Option<Address>,
    request: EstimateCostRequest,
) -> Result<EstimateCostResponse, Error> {
    let spec = JobSpec::from_json(&request.spec)?;
    check_rows(request.rows)?;
    let plan = find_nodes(app, &spec, request.rows, user, None).await?;
    let (node, terms, price) = match plan.ranked.first() {
        Some(found) => (
            found.owner.to_vec(),
            convert::terms(found),
            found.price.clone(),
        ),
        None => {
            let found = on_the_reference_machine(app, &spec, request.rows).await?;
            (Vec::new(), convert::terms(&found), found.price)
        }
    };
    Ok(EstimateCostResponse {
        estimate: Some(convert::estimate(&terms, Some(&price))),
        node,
        refusals: convert::refusals(&plan.rejected),
    })
}

pub fn check_rows(rows: u64) -> Result<(), Error> {
    if rows == 0 || i64::try_from(rows).is_err() {
        return Err(Error::Argument {
            field: "rows",
            problem: "must be the number of rows of the dataset, at least 1".into(),
        });
    }
    Ok(())
}

/// While nobody fits: what it would be on a machine of rate 1.0.
async fn on_the_reference_machine(app: &App, spec: &JobSpec, rows: u64) -> Result<Match, Error> {
    let timeouts = app.timeouts().await?;
    let estimated_seconds = spec.estimated_seconds(rows, 1.0);
    let too_long = |needed| Error::TooLong {
        needed,
        allowed: timeouts.max_seconds,
    };
    let timeout_seconds = timeouts
        .of(spec, estimated_seconds.into())
        .map_err(too_long)?;
    let wants = &spec.resources;
    let price = app.settings.jobs.prices.price(&PriceRequest {
        device: &wants.gpu,
        vram_mib: wants.vram_mib,
        ram_mib: wants.ram_mib,
        seconds: estimated_seconds,
        priority: wants.priority,
        tier: wants.min_tier,
    });
    Ok(Match {
        owner: Address::default(),
        price: price.ok_or(Error::TooExpensive)?,
        estimated_seconds,
        timeout_seconds,
    })
}
