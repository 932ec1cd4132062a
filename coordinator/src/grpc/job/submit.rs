//! Matches a job to a node and reserves the node.

use cyxwiz_chain::{Verification, nonce_hash, pda};
use cyxwiz_domain::{Address, Digest, JobId, pricing::Price, spec::JobSpec};
use cyxwiz_proto::job::v1::{SubmitJobRequest, SubmitJobResponse};

use super::estimate::check_rows;
use crate::{
    app::App,
    db::{self, placement::Reservation},
    error::Error,
    grpc::convert,
    job::{Job, Submission},
    nonce::Nonce,
    scheduling::find_nodes,
};

pub async fn submit(
    app: &App,
    user: Address,
    request: SubmitJobRequest,
) -> Result<SubmitJobResponse, Error> {
    let (spec, submission) = read(user, request)?;
    if let Some(answer) = repeated(app, &submission).await? {
        return Ok(answer);
    }
    let proven = submission.verification.tier.is_proven();
    let nonce = proven.then(Nonce::draw);
    let plan = find_nodes(app, &spec, submission.rows, Some(user), None).await?;
    let limits = &app.settings.jobs;
    for found in &plan.ranked {
        let terms = convert::terms(found);
        let reservation = db::placement::reserve(
            &app.pool,
            &submission,
            &terms,
            found.owner,
            nonce.as_ref(),
            limits.reservation,
            limits.per_day,
        );
        match reservation.await {
            Ok(Reservation::Made(job)) => {
                tracing::info!(job = %submission.id, node = %found.owner, amount = %terms.amount, "reserved a node");
                return Ok(answer(*job, nonce.as_ref(), Some(&found.price)));
            }
            Ok(Reservation::NodeTaken) => {}
            // The same call, made twice at once: the other one has just finished.
            Err(Error::JobConflict(id)) => {
                return repeated(app, &submission)
                    .await?
                    .ok_or(Error::JobConflict(id));
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::NoNode(match plan.ranked.len() {
        0 => plan.why_none(),
        taken => format!("{taken} fitted and were taken this very moment; try again"),
    }))
}

/// The same job, submitted before: the same answer.
async fn repeated(app: &App, submission: &Submission) -> Result<Option<SubmitJobResponse>, Error> {
    match db::jobs::get(&app.pool, submission.id).await {
        Ok(job) if job.submission == *submission => {
            let nonce = db::transcripts::nonce(&app.pool, submission.id).await?;
            Ok(Some(answer(job, nonce.as_ref(), None)))
        }
        Ok(_) => Err(Error::JobConflict(submission.id)),
        Err(Error::JobUnknown(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn answer(job: Job, nonce: Option<&Nonce>, price: Option<&Price>) -> SubmitJobResponse {
    let escrow = job.submission.escrow;
    let hash = nonce.map(|nonce| nonce_hash(escrow, nonce.bytes()).0.to_vec());
    SubmitJobResponse {
        estimate: Some(convert::estimate(&job.terms, price)),
        job: Some(convert::job(job)),
        coordinator_nonce_hash: hash.unwrap_or_default(),
    }
}

fn read(user: Address, request: SubmitJobRequest) -> Result<(JobSpec, Submission), Error> {
    let id = JobId::from_slice(&request.job_id)?;
    let dataset_root = Digest::from_slice(&request.dataset_root)?;
    let spec = JobSpec::from_json(&request.spec)?;
    // What is hashed is these bytes: another spelling would be another job.
    if spec.canonical_bytes() != request.spec {
        return Err(Error::SpecNotCanonical);
    }
    check_rows(request.rows)?;
    if request.dataset_bytes == 0 || dataset_root == Digest::default() {
        return Err(Error::Argument {
            field: "dataset_root and dataset_bytes",
            problem: "must be those of the dataset's manifest".into(),
        });
    }
    let submission = Submission {
        id,
        user,
        escrow: pda::escrow(user, id),
        name: spec.job.name.clone(),
        spec_hash: Digest(spec.spec_hash()),
        spec: request.spec,
        rows: request.rows,
        dataset_root,
        dataset_bytes: request.dataset_bytes,
        required_epochs: spec.job.epochs,
        verification: Verification::of(&spec),
    };
    Ok((spec, submission))
}
