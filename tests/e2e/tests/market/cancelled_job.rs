//! A user who has seen enough.

use cyxwiz_chain::{EscrowState, pda};
use cyxwiz_domain::JobId;
use cyxwiz_tests_e2e::{JobFile, Stack, eventually};

use crate::engine_killed::first_job;

#[test]
fn a_cancelled_job_is_split_by_the_epochs_seen() {
    let stack = Stack::up();
    let job = JobFile::digits().epochs(60).write(stack.dir());
    let run = stack.spawn(&["job", "run", job.to_str().expect("UTF-8")]);
    let id: JobId = eventually("half of the epochs", || {
        let jobs = stack.cyxwiz(&["job", "list"]).json();
        let job = first_job(&jobs)?;
        (job["epochs_done"].as_u64()? >= 30).then(|| job["job_id"].as_str()?.parse().ok())?
    });
    let cancelled = stack.cyxwiz(&["job", "cancel", &id.to_string()]);
    assert_eq!(cancelled.code, 0, "{}", cancelled.stderr);

    let escrow = pda::escrow(stack.wallet("user").address(), id);
    let chain = stack.chain();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let settled = eventually("the split", || {
        let account = runtime.block_on(chain.escrow(escrow)).ok()??;
        account.state.is_settled().then_some(account)
    });
    assert_eq!(settled.state, EscrowState::Cancelled);
    assert!(settled.receipt_seen >= 28, "seen {}", settled.receipt_seen);
    let amount = settled.amount.0;
    let earned = amount * u64::from(settled.receipt_seen) / u64::from(settled.required_epochs);
    let rest = amount - earned;
    assert_eq!(settled.paid_platform.0, earned / 10);
    assert_eq!(settled.paid_node.0, earned - earned / 10 + rest / 10);
    assert_eq!(settled.paid_user.0, rest - rest / 10);
    assert_eq!(
        settled.paid_platform.0 + settled.paid_node.0 + settled.paid_user.0,
        amount
    );
    assert_eq!(run.finish().code, 5);
}
