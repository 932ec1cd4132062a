//! The instructions of each kind of chain write.

use cyxwiz_chain::{
    EscrowAccount, Instruction, TranscriptAccount,
    instructions::{escrow, proof, token},
    pda,
};
use cyxwiz_domain::Address;

use super::goal::Subject;
use crate::{
    app::App,
    db::{
        self,
        chain_writes::{ChainWrite, Kind},
    },
    error::Error,
    job::Job,
};

pub async fn build(
    app: &App,
    write: &ChainWrite,
    job: &Job,
    subject: &Subject,
) -> Result<Vec<Instruction>, Error> {
    match subject {
        Subject::Escrow(account) => of_escrow(app, write, job, account).await,
        Subject::Transcript(account) => of_transcript(app, write, account).await,
    }
}

async fn of_transcript(
    app: &App,
    write: &ChainWrite,
    account: &TranscriptAccount,
) -> Result<Vec<Instruction>, Error> {
    let escrow = account.escrow;
    let nonce = match write.kind {
        Kind::CloseTranscript => return Ok(vec![proof::close(escrow, account.rent_payer)]),
        Kind::ShowNonce => db::transcripts::nonce(&app.pool, write.job_id).await?,
        _ => None,
    };
    let nonce = nonce.map(|nonce| *nonce.bytes());
    Ok(vec![proof::reveal(escrow, None, nonce)])
}

async fn of_escrow(
    app: &App,
    write: &ChainWrite,
    job: &Job,
    account: &EscrowAccount,
) -> Result<Vec<Instruction>, Error> {
    let payer = app.signer.address();
    if write.kind == Kind::AssignNode {
        let node = write
            .node
            .ok_or_else(|| Error::Corrupt("an assignment without a node".into()))?;
        let (node_record, user_record) = tokio::try_join!(
            app.chain.reputation(node),
            app.chain.user_reputation(account.user)
        )?;
        let records = escrow::Records {
            node: node_record.is_some(),
            user: user_record.is_some(),
        };
        let terms = job.asked();
        return Ok(escrow::assign(payer, account, &terms, node, records));
    }
    // Whoever is paid needs somewhere to be paid to, or nobody is.
    let mut instructions = Vec::new();
    for owner in [Some(account.user), account.node].into_iter().flatten() {
        instructions.extend(missing_account(app, payer, owner, account.mint).await?);
    }
    instructions.push(match write.kind {
        Kind::AssignNode | Kind::ExpireUnassigned => escrow::expire_unassigned(account),
        kind => {
            let lock_payer = app.chain.lock_payer(account.address).await?;
            match kind {
                Kind::Release => escrow::release(account, payer, lock_payer)?,
                Kind::TimeoutRefund => escrow::timeout_refund(account, payer, lock_payer)?,
                Kind::SettleRefuted => escrow::settle_refuted(account, payer, lock_payer)?,
                Kind::ExpireDispute => escrow::expire_dispute(account, payer, lock_payer)?,
                _ => escrow::settle_cancel(account, payer, lock_payer)?,
            }
        }
    });
    Ok(instructions)
}

async fn missing_account(
    app: &App,
    payer: Address,
    owner: Address,
    mint: Address,
) -> Result<Option<Instruction>, Error> {
    let there = app.chain.exists(pda::token_account(owner, mint)).await?;
    Ok((!there).then(|| token::create_account(payer, owner, mint)))
}
