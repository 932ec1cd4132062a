//! `cyxwiz job cancel`.

use std::time::Duration;

use cyxwiz_chain::{
    ChainError, EscrowAccount, EscrowState, TranscriptStage, TxOutcome,
    instructions::escrow::cancel,
};
use cyxwiz_domain::JobId;
use cyxwiz_proto::training::v1::{self as pb, train_request::Body};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;

use super::caution::{Caution, caution};
use crate::{
    engine::Engine,
    error::{Error, Result},
    flow::{
        ending::Ending,
        epochs,
        fund::fate,
        journal::{self, job_dir, read_manifest},
        proof,
        session::Session,
        settle::{Exit, enforce, is_refuted, take, with_payees},
        store::JobStore,
    },
    printer::utc,
    rpc,
};

/// The node is told, if it can be told quickly; the chain is what counts.
const TELL_NODE: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(300);

/// Stops a job and waits up to `wait` seconds for the node's last word. Asks first where that pays for work that
/// is not proven though a proof was ordered, unless `yes`.
///
/// # Errors
/// [`Error::Refused`] for a job that cannot be cancelled any more, or that only has to be waited for;
/// [`Error::Usage`] where nobody can be asked, [`Error::Interrupted`] for a no; [`Error::Busy`] while another
/// process may be about to fund it.
pub async fn run(engine: &Engine, job: JobId, yes: bool, wait: u64) -> Result<()> {
    // Held while the chain is looked at: nobody here funds the escrow meanwhile.
    let store = JobStore::open(&engine.settings.data_dir, job);
    let escrow = match engine.escrow(job).await? {
        Some(escrow) => escrow,
        None => match unseen_escrow(engine, job, store.as_ref()).await? {
            Some(escrow) => escrow,
            None => return give_up(engine, job, store).await,
        },
    };
    if let Err(Error::Busy { .. }) = &store {
        engine.printer.note(
            "another cyxwiz process drives this job; it is cancelled on the chain all the same",
        );
    }
    drop(store);
    let stopped = match escrow.state {
        EscrowState::Open | EscrowState::Assigned => stop(engine, &escrow, yes).await?,
        EscrowState::Cancelling => None,
        EscrowState::Disputed => {
            return Err(refused(format!(
                "job {job} is disputed: the dispute authority decides, and from {} on anyone may end it",
                utc(escrow.dispute_ends_at)
            )));
        }
        EscrowState::Submitted => {
            return Err(refused(format!(
                "job {job} is delivered; `cyxwiz job watch {job}` fetches the weights and pays, \
                 `cyxwiz job dispute {job}` contests them"
            )));
        }
        settled => {
            return Err(refused(format!(
                "job {job} is settled already: {}",
                settled.job_state()
            )));
        }
    };
    let (instruction, signature) = stopped.unzip();
    let settled = await_settlement(engine, job, Duration::from_secs(wait)).await?;
    let transcript = engine.chain.transcript(settled.address).await?;
    let stage = transcript.map(|transcript| transcript.stage);
    if settled.state.is_settled() && stage.is_some() {
        proof::close(engine, settled.address).await;
    }
    let ending = Ending::new(&settled, stage);
    let value = json!({ "instruction": instruction, "signature": signature, "ending": ending });
    engine.printer.result(&value, || {
        if settled.state == EscrowState::Cancelling {
            format!(
                "job {job} is being cancelled: the node may show its last receipt until {}; \
                 run this again then",
                utc(settled.cancel_at)
            )
        } else {
            ending.to_string()
        }
    });
    Ok(())
}

/// Stops a funded job: by `cancel`, or by `timeout_refund` once the node is late.
/// The instruction and its signature; `None` if somebody else was faster.
async fn stop(
    engine: &Engine,
    escrow: &EscrowAccount,
    yes: bool,
) -> Result<Option<(&'static str, String)>> {
    let printer = engine.printer;
    if is_refuted(engine, escrow).await? {
        printer.note("the node has signed a false proof: everything comes back instead");
        return take(engine, escrow, Exit::SettleRefuted).await;
    }
    if is_overdue(engine, escrow).await? {
        return refund_overdue(engine, escrow).await;
    }
    agree(engine, escrow, yes).await?;
    if escrow.state == EscrowState::Assigned {
        match timeout(TELL_NODE, tell_node(engine, escrow)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => printer.note(format_args!("the node was not told: {error}")),
            Err(_) => printer.note("the node was not told: it does not answer"),
        }
    }
    let instructions = with_payees(engine, escrow, cancel(escrow)).await?;
    let sent = engine
        .chain
        .execute(&instructions, &engine.signer, &[])
        .await;
    match sent {
        Ok(signature) => {
            printer.note(format_args!("cancelled: transaction {signature}"));
            Ok(Some(("cancel", signature)))
        }
        // The deadline may have passed while the node was being told.
        Err(ChainError::Refused { .. }) if is_overdue(engine, escrow).await? => {
            refund_overdue(engine, escrow).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Lets a cancellation pass that the user knows the price of.
async fn agree(engine: &Engine, escrow: &EscrowAccount, yes: bool) -> Result<()> {
    if escrow.state != EscrowState::Assigned || !escrow.verification.tier.is_proven() {
        return Ok(());
    }
    let job = escrow.job_id;
    let transcript = engine.chain.transcript(escrow.address).await?;
    let stage = transcript.filter(|found| found.belongs_to(escrow));
    let stage = stage.map_or(TranscriptStage::Opened, |found| found.stage);
    // What was signed here may be shown after the cancellation still.
    let signed = epochs::seen(&job_dir(&engine.settings.data_dir, job));
    let config = engine.chain.escrow_config().await?;
    let cost = config
        .cancellation(escrow, signed.min(escrow.required_epochs))
        .ok_or_else(|| Error::Protocol {
            who: "the chain",
            problem: format!("the escrow of job {job} cannot be split"),
        })?;
    match caution(escrow, stage, cost) {
        Caution::Nothing => Ok(()),
        Caution::Wait(why) => Err(Error::Refused {
            who: "cyxwiz",
            what: "cancel",
            code: "better_to_wait".into(),
            message: why,
            passing: false,
        }),
        Caution::Ask(cost) if yes => {
            engine.printer.note(cost);
            Ok(())
        }
        Caution::Ask(cost) => {
            match engine
                .printer
                .ask(format_args!("{cost}.\nCancel it all the same?"))
            {
                Some(true) => Ok(()),
                Some(false) => Err(Error::Interrupted(format!(
                    "nothing was sent; job {job} goes on"
                ))),
                None => Err(Error::Usage(format!(
                    "{cost}; nothing was sent. Say --yes to cancel it all the same"
                ))),
            }
        }
    }
}

async fn is_overdue(engine: &Engine, escrow: &EscrowAccount) -> Result<bool> {
    Ok(escrow.state == EscrowState::Assigned && engine.chain.unix_time().await? > escrow.deadline)
}

/// Past the deadline the refund is open to everyone, and costs the node more.
async fn refund_overdue(
    engine: &Engine,
    escrow: &EscrowAccount,
) -> Result<Option<(&'static str, String)>> {
    let taken = take(engine, escrow, Exit::TimeoutRefund).await?;
    if let Some((instruction, signature)) = &taken {
        engine.printer.note(format_args!(
            "the node let the deadline pass: sent {instruction} instead of cancel, transaction {signature}"
        ));
    }
    Ok(taken)
}

/// Looks for an escrow that is not there yet: a `create_escrow` that was sent decides
/// whether money moved. `None` once it is certain that none did and none will.
async fn unseen_escrow(
    engine: &Engine,
    job: JobId,
    store: Result<&JobStore, &Error>,
) -> Result<Option<EscrowAccount>> {
    let journal = match store {
        Ok(store) => &store.journal,
        // Begun elsewhere: there is nothing to ask after.
        Err(Error::UnknownJob(_)) => return Ok(None),
        Err(Error::Busy { .. }) => return Err(Error::Busy { job }),
        // The journal is damaged; reading it again says how.
        Err(_) => &journal::read(&engine.settings.data_dir, job)?,
    };
    let mut told = false;
    loop {
        match fate(engine, journal).await? {
            None | Some(TxOutcome::Expired | TxOutcome::Refused { .. }) => return Ok(None),
            Some(TxOutcome::Landed { .. }) => {
                let escrow = engine.escrow(job).await?;
                let closed = || refused(format!("job {job} is settled and its escrow closed"));
                return escrow.ok_or_else(closed).map(Some);
            }
            Some(TxOutcome::Pending) => {}
        }
        if !std::mem::replace(&mut told, true) {
            engine
                .printer
                .note("create_escrow was sent and may still land; waiting until its fate is known");
        }
        sleep(POLL).await;
    }
}

/// No money has moved: the reservation ends at the coordinator.
async fn give_up(engine: &Engine, job: JobId, store: Result<JobStore>) -> Result<()> {
    engine.coordinator.cancel(job).await?;
    if let Ok(mut store) = store {
        store.journal.finished = true;
        store.save()?;
    }
    let value = json!({ "instruction": null, "signature": null, "ending": null });
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
    Error::would_refuse("cancel", "not_cancellable", message)
}
