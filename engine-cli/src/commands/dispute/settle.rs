//! `cyxwiz dispute settle`.

use cyxwiz_chain::{
    EscrowAccount, EscrowConfig,
    instructions::escrow::{Verdict, settle_dispute},
};
use cyxwiz_domain::Address;
use serde_json::json;

use super::disputed;
use crate::{
    commands::job::status::paid,
    engine::Engine,
    error::{Error, Result},
    flow::settle::with_payees,
    printer::utc,
};

/// Decides the dispute about the escrow at `address`, signed by the wallet.
///
/// # Errors
/// [`Error::Refused`] where the wallet is not the one that decides, there is no dispute, or its time is
/// over; [`Error::Chain`] for an insurance payout beyond its bounds.
pub async fn run(engine: &Engine, address: Address, verdict: Verdict) -> Result<()> {
    let config = engine.chain.escrow_config().await?;
    let signs = engine.user();
    may_decide(&config, signs)?;
    let escrow = disputed(engine, "settle the dispute", address).await?;
    check(&escrow, signs, engine.chain.unix_time().await?, verdict)?;

    let lock_payer = engine.chain.lock_payer(address).await?;
    let instruction = settle_dispute(&escrow, signs, lock_payer, verdict)?;
    let instructions = with_payees(engine, &escrow, instruction).await?;
    let signature = engine
        .chain
        .execute(&instructions, &engine.signer, &[])
        .await?;

    let settled = engine
        .chain
        .escrow(address)
        .await?
        .unwrap_or(escrow.clone());
    let node = match escrow.node {
        Some(owner) => engine.chain.node(owner).await?,
        None => None,
    };
    let value = json!({
        "escrow": address, "job_id": escrow.job_id, "verdict": name(verdict), "bond": escrow.bond.0,
        "bond_to": bond_to(&escrow, verdict), "paid_node": settled.paid_node.0,
        "paid_user": settled.paid_user.0, "paid_platform": settled.paid_platform.0,
        "node": node.as_ref().map(|node| json!({
            "owner": node.owner, "stake": node.stake.0, "banned": node.banned,
        })),
        "signature": signature,
    });
    engine.printer.result(&value, || {
        let bond_to = bond_to(&escrow, verdict).map_or("-".to_owned(), |to| to.to_string());
        let mut text = format!(
            "escrow {address} is settled: transaction {signature}\n{}; the bond of {} to {bond_to}",
            paid(&settled),
            escrow.bond
        );
        if let (Verdict::ForUser(_), Some(node)) = (verdict, &node) {
            let (owner, stake) = (node.owner, node.stake);
            text += &format!("\nnode {owner} is banned and has {stake} CYXWIZ staked left");
        }
        text
    });
    Ok(())
}

fn refused(code: &str, message: String) -> Error {
    Error::would_refuse("settle the dispute", code, message)
}

fn may_decide(config: &EscrowConfig, signs: Address) -> Result<()> {
    let authority = config.dispute_authority;
    if signs == authority {
        return Ok(());
    }
    let message = format!(
        "{authority} decides disputes, and this wallet is {signs}: name the authority's with --wallet"
    );
    Err(refused("not_dispute_authority", message))
}

fn check(escrow: &EscrowAccount, signs: Address, now: i64, verdict: Verdict) -> Result<()> {
    let address = escrow.address;
    if signs == escrow.user || escrow.node == Some(signs) {
        let message = format!("the dispute authority is a party of escrow {address}: it expires");
        return Err(refused("own_dispute", message));
    }
    if now >= escrow.dispute_ends_at {
        let message = format!(
            "the time to decide ended at {}: `cyxwiz dispute expire {address}` ends the dispute",
            utc(escrow.dispute_ends_at)
        );
        return Err(refused("dispute_over", message));
    }
    if let Verdict::ForUser(payout) = verdict
        && payout > escrow.amount
    {
        let most = escrow.amount;
        let message = format!("the insurance pays at most what the job costs, {most} CYXWIZ");
        return Err(refused("payout_above_job", message));
    }
    Ok(())
}

/// Stable name of a verdict.
fn name(verdict: Verdict) -> String {
    match verdict {
        Verdict::ForUser(_) => "for_user".to_owned(),
        Verdict::ForNode => "for_node".to_owned(),
        Verdict::Shared(bps) => format!("shared_{bps}"),
    }
}

/// Who gets the bond.
fn bond_to(escrow: &EscrowAccount, verdict: Verdict) -> Option<Address> {
    match verdict {
        Verdict::ForUser(_) | Verdict::Shared(_) => Some(escrow.user),
        Verdict::ForNode => escrow.node,
    }
}
