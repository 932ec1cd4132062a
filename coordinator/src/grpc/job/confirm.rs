//! Looks at a job's escrow and transcript, and decides its assignment.

use cyxwiz_chain::EscrowState;
use cyxwiz_domain::{Address, JobId, JobState};

use crate::{
    app::App,
    db,
    error::Error,
    job::{EscrowView, Job},
    proof,
    scheduling::place_funded,
};

/// Base58 of 64 bytes is at most this long.
const MAX_SIGNATURE: usize = 88;

pub async fn confirm(app: &App, user: Address, id: JobId, signature: &str) -> Result<Job, Error> {
    if signature.len() > MAX_SIGNATURE {
        return Err(Error::Argument {
            field: "signature",
            problem: "must be the base58 signature of create_escrow".into(),
        });
    }
    let job = db::jobs::get_of(&app.pool, id, user).await?;
    let preferred = job.node;
    let job = match job.state {
        JobState::Reserved | JobState::Expired => {
            let (escrow, config) = tokio::try_join!(
                app.chain.escrow(job.submission.escrow),
                app.chain.escrow_config()
            )?;
            let address = job.submission.escrow.to_string();
            let escrow = escrow.ok_or(Error::EscrowMissing(address))?;
            job.check_escrow(&escrow, &config)?;
            if escrow.state == EscrowState::Open {
                proof::check_opened(app, &job, &escrow).await?;
            }
            let mut connection = app.pool.begin().await?;
            db::jobs::mirror(&mut connection, id, &EscrowView::new(&escrow, &config)).await?;
            connection.commit().await?;
            if escrow.state == EscrowState::Open {
                db::placement::confirm(&app.pool, id, signature).await?
            } else {
                // Ahead of us: assigned by an earlier answer, or cancelled by the user.
                db::jobs::get(&app.pool, id).await?
            }
        }
        _ => job,
    };
    if job.state == JobState::Funded && job.node.is_none() {
        return place_funded(app, job, preferred).await;
    }
    Ok(job)
}
