//! `cyxwiz dispute expire`.

use cyxwiz_domain::Address;
use serde_json::json;

use super::disputed;
use crate::{
    commands::job::status::paid,
    engine::Engine,
    error::{Error, Result},
    flow::settle::{Exit, take},
    printer::utc,
};

/// Ends the dispute about the escrow at `address` that nobody has decided in time.
///
/// # Errors
/// [`Error::Refused`] while it may still be decided, or where there is none.
pub async fn run(engine: &Engine, address: Address) -> Result<()> {
    const WHAT: &str = "end the dispute";
    let escrow = disputed(engine, WHAT, address).await?;
    if engine.chain.unix_time().await? < escrow.dispute_ends_at {
        let until = utc(escrow.dispute_ends_at);
        let message = format!("it may be decided until {until}: try again then");
        return Err(Error::would_refuse(WHAT, "dispute_running", message));
    }
    let taken = take(engine, &escrow, Exit::ExpireDispute).await?;
    let signature = taken.map(|(_, signature)| signature);
    let settled = engine.chain.escrow(address).await?.unwrap_or(escrow);
    let value = json!({
        "escrow": address, "job_id": settled.job_id, "state": settled.state,
        "paid_node": settled.paid_node.0, "paid_user": settled.paid_user.0,
        "paid_platform": settled.paid_platform.0, "signature": signature,
    });
    engine.printer.result(&value, || match &signature {
        Some(signature) => {
            let paid = paid(&settled);
            format!("escrow {address} is settled: transaction {signature}\n{paid}; the bond back")
        }
        None => format!("somebody else has ended it: {}", paid(&settled)),
    });
    Ok(())
}
