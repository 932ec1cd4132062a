//! `cyxwiz job cancel`.

use std::time::Duration;

use cyxwiz_chain::{EscrowAccount, EscrowState, instructions::escrow::cancel};
use cyxwiz_domain::JobId;
use cyxwiz_proto::training::v1::{self as pb, train_request::Body};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    engine::Engine,
    error::{Error, Result},
    flow::{
        ending::Ending,
        journal::{self, job_dir, read_manifest},
        session::Session,
        settle::enforce,
        store::JobStore,
    },
    rpc,
};

/// The node is told, if it can be told quickly; the chain is what counts.
const TELL_NODE: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(300);

/// Stops a job and waits up to `wait` seconds for the node's last word.
///
/// # Errors
/// [`Error::Refused`] for a job that cannot be cancelled any more.
pub async fn run(engine: &Engine, job: JobId, wait: u64) -> Result<()> {
    let Some(escrow) = engine.escrow(job).await? else {
        return cancel_reservation(engine, job).await;
    };
    let signature = match escrow.state {
        EscrowState::Open | EscrowState::Assigned => {
            if escrow.state == EscrowState::Assigned {
                match timeout(TELL_NODE, tell_node(engine, &escrow)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => engine
                        .printer
                        .note(format_args!("the node was not told: {error}")),
                    Err(_) => engine
                        .printer
                        .note("the node was not told: it does not answer"),
                }
            }
            let instruction = cancel(&escrow);
            let signed = engine
                .chain
                .execute(&[instruction], &engine.signer, &[])
                .await?;
            engine
                .printer
                .note(format_args!("cancelled: transaction {signed}"));
            Some(signed)
        }
        EscrowState::Cancelling => None,
        EscrowState::Submitted => {
            return Err(refused(format!(
                "job {job} is delivered; `cyxwiz job watch {job}` fetches the weights and pays"
            )));
        }
        settled => {
            return Err(refused(format!(
                "job {job} is settled already: {}",
                settled.job_state()
            )));
        }
    };
    let settled = await_settlement(engine, job, Duration::from_secs(wait)).await?;
    let ending = Ending::from(&settled);
    let value = json!({ "signature": signature, "ending": ending });
    engine.printer.result(&value, || {
        if settled.state == EscrowState::Cancelling {
            format!(
                "job {job} is being cancelled: the node may show its last receipt until {} (Unix time); \
                 run this again then",
                settled.cancel_at
            )
        } else {
            ending.to_string()
        }
    });
    Ok(())
}

/// No money has moved: the reservation ends at the coordinator.
async fn cancel_reservation(engine: &Engine, job: JobId) -> Result<()> {
    engine.coordinator.cancel(job).await?;
    if let Ok(mut store) = JobStore::open(&engine.settings.data_dir, job) {
        store.journal.finished = true;
        store.save()?;
    }
    let value = json!({ "signature": null, "ending": null });
    engine.printer.result(&value, || {
        format!("job {job} is given up; nothing was paid")
    });
    Ok(())
}

/// Tells the node to stop, so that it does not train for nothing meanwhile.
async fn tell_node(engine: &Engine, escrow: &EscrowAccount) -> Result<()> {
    let data_dir = &engine.settings.data_dir;
    let journal = journal::read(data_dir, escrow.job_id)?;
    let dir = job_dir(data_dir, escrow.job_id);
    let manifest = read_manifest(&dir, escrow.dataset_root)?;
    let resume = journal.resume_token.as_deref();
    let mut session = Session::open(engine, &dir, escrow, &manifest, resume).await?;
    // Only what comes after the command is of interest.
    let after_seq = session.last_seq;
    let attach = Body::Attach(pb::Attach { after_seq });
    let stop = Body::Command(pb::Command::Stop.into());
    let (requests, outgoing) = tokio::sync::mpsc::channel(2);
    for body in [attach, stop] {
        let request = pb::TrainRequest { body: Some(body) };
        // There is room for both.
        let _ = requests.send(request).await;
    }
    let request = rpc::authorized(ReceiverStream::new(outgoing), &session.token);
    let opened = session.client.train(request).await;
    let mut events = opened
        .map_err(|status| session.error("stop", &status))?
        .into_inner();
    // Its first word after the command; nothing depends on what it says.
    let _ = events.message().await;
    Ok(())
}

async fn await_settlement(engine: &Engine, job: JobId, wait: Duration) -> Result<EscrowAccount> {
    let deadline = Instant::now() + wait;
    loop {
        let escrow = engine.funded_escrow(job).await?;
        if escrow.state.is_settled() || Instant::now() >= deadline {
            return Ok(escrow);
        }
        enforce(engine, &escrow).await?;
        sleep(POLL).await;
    }
}

fn refused(message: String) -> Error {
    Error::Refused {
        who: "the chain",
        what: "cancel",
        code: "not_cancellable".into(),
        message,
        passing: false,
    }
}
