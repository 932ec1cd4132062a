//! A node that dies in the middle of a job.

use cyxwiz_chain::{EscrowState, instructions::escrow, pda};
use cyxwiz_domain::{Address, Amount};
use cyxwiz_tests_e2e::{CoordinatorClient, JobFile, Stack, eventually};

use crate::engine_killed::first_job;

#[test]
fn a_restarted_node_resumes_and_is_paid() {
    let stack = Stack::up();
    let job = JobFile::digits().epochs(60).write(stack.dir());
    let run = stack.spawn(&["job", "run", job.to_str().expect("UTF-8")]);

    let node: Address = eventually("a few epochs", || {
        let jobs = stack.cyxwiz(&["job", "list"]).json();
        let job = first_job(&jobs)?;
        (job["epochs_done"].as_u64()? >= 3).then(|| job["node"].as_str()?.parse().ok())?
    });
    stack.kill(&stack.node_called(node));
    stack.bring_up(&[]);

    let result = run.finish().json();
    assert_eq!(result["epochs"], 60);
    assert_eq!(result["balances"]["conserved"], true);
    assert!(result["accuracy"].as_f64().expect("a number") >= 0.95);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_node_is_slashed_and_the_user_refunded() {
    let stack = Stack::up();
    let chain = stack.chain();
    let user = CoordinatorClient::sign_in(&stack, "user").await;
    let mint = chain.escrow_config().await.expect("configured").mint;
    let balance = || chain.token_balance(user.wallet.address(), mint);
    let before = balance().await.expect("a balance");
    let (job, assigned) = user.assigned_job(&stack, 20).await;
    let staked = chain
        .node(job.node)
        .await
        .expect("the chain")
        .expect("registered")
        .stake;
    let insured = chain
        .vault_balance(pda::insurance_vault())
        .await
        .expect("a vault");

    stack.kill(&stack.node_called(job.node));
    // Anyone may end it; so that it is not the coordinator, who would be first.
    stack.kill("coordinator");
    let anyone = stack.signer("admin");
    let lock_payer = chain.lock_payer(assigned.address).await.expect("a lock");
    let refund = escrow::timeout_refund(&assigned, anyone.address(), lock_payer).expect("assigned");
    let early = chain
        .execute(std::slice::from_ref(&refund), &anyone, &[])
        .await;
    early.expect_err("the deadline has not passed");
    stack.advance_time(i64::from(assigned.timeout_seconds) + 60);
    chain
        .execute(&[refund], &anyone, &[])
        .await
        .expect("the deadline has passed");

    let settled = chain
        .escrow(assigned.address)
        .await
        .expect("the chain")
        .expect("not closed");
    assert_eq!(settled.state, EscrowState::TimedOut);
    assert_eq!(settled.paid_user, settled.amount);
    assert_eq!(balance().await.expect("a balance"), before);
    let node = chain
        .node(job.node)
        .await
        .expect("the chain")
        .expect("registered");
    let slashed = staked.0 / 10;
    assert_eq!(node.stake, Amount(staked.0 - slashed));
    assert_eq!(node.active_jobs, 0);
    let insurance = chain
        .vault_balance(pda::insurance_vault())
        .await
        .expect("a vault");
    assert_eq!(insurance.0 - insured.0, slashed - slashed / 5);
}
