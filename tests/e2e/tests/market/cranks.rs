//! What the coordinator ends when nobody else does: no money waits for its owner.

use cyxwiz_chain::{
    EscrowAccount, EscrowState,
    instructions::escrow::{self, Completion},
    pda,
};
use cyxwiz_domain::{Address, Amount, Digest};
use cyxwiz_tests_e2e::{CoordinatorClient, Stack, eventually_async};

async fn settled(stack: &Stack, escrow: Address) -> EscrowAccount {
    let chain = stack.chain();
    eventually_async("the coordinator to settle it", || async {
        let account = chain.escrow(escrow).await.ok()??;
        account.state.is_settled().then_some(account)
    })
    .await
}

/// A stack whose coordinator dies at `point` of its chain write number `write`.
fn dying_at(point: &str, write: u32) -> Stack {
    let before = write - 1;
    let plan = format!("chain_write.{point}={before}*off->1*return");
    Stack::up_with(&[("FAILPOINTS", &plan)])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submitted_job_is_released_after_the_window() {
    released(&Stack::up(), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_survives_a_crash_before_it_is_sent() {
    released(&dying_at("after_commit", 2), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_survives_a_crash_after_it_is_sent() {
    released(&dying_at("after_send", 2), true).await;
}

async fn released(stack: &Stack, dies: bool) {
    let user = CoordinatorClient::sign_in(stack, "user").await;
    let (job, escrow) = user.assigned_job(stack, 20).await;
    // The node is gone once it has submitted, and the user never answers.
    let node = stack.node_called(job.node);
    stack.kill(&node);
    let submit = escrow::submit(
        &escrow,
        &Completion {
            final_root: Digest([1; 32]),
            weights_hash: Digest([2; 32]),
            epochs: escrow.required_epochs,
            training_seconds: 1,
        },
    )
    .expect("assigned");
    let chain = stack.chain();
    chain
        .execute(&[submit], &stack.signer(&node), &[])
        .await
        .expect("submitted");
    let window = chain
        .escrow_config()
        .await
        .expect("configured")
        .acceptance_seconds[0];
    stack.advance_time(window + 3600);
    if dies {
        stack.await_end("coordinator");
        stack.bring_up(&[]);
    }

    let paid = settled(stack, escrow.address).await;
    assert_eq!(paid.state, EscrowState::Paid);
    assert_eq!(paid.paid_platform.0, paid.amount.0 / 10);
    assert_eq!(paid.paid_node.0, paid.amount.0 - paid.amount.0 / 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_survives_a_crash_after_it_is_sent() {
    let stack = &dying_at("after_send", 2);
    let user = CoordinatorClient::sign_in(stack, "user").await;
    let (job, escrow) = user.assigned_job(stack, 20).await;
    stack.kill(&stack.node_called(job.node));
    stack.advance_time(i64::from(escrow.timeout_seconds) + 3600);
    stack.await_end("coordinator");
    stack.bring_up(&[]);

    let refunded = settled(stack, escrow.address).await;
    assert_eq!(refunded.state, EscrowState::TimedOut);
    assert_eq!(refunded.paid_user, refunded.amount);
    // 10 % of the 1,000 that every node of a stack stakes, 80 % of it insured: once. (The
    // restarted node has filled its stake up again.)
    let chain = stack.chain();
    let insured = chain.vault_balance(pda::insurance_vault()).await;
    assert_eq!(insured.expect("a vault"), Amount::tokens(80));
    let node = chain
        .node(job.node)
        .await
        .expect("the chain")
        .expect("registered");
    assert_eq!((node.active_jobs, node.locked), (0, Amount::ZERO));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_escrow_that_no_node_took_is_refunded() {
    expired(&Stack::up(), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_survives_a_crash_after_it_is_sent() {
    expired(
        &Stack::up_with(&[("FAILPOINTS", "chain_write.after_send=1*return")]),
        true,
    )
    .await;
}

async fn expired(stack: &Stack, dies: bool) {
    let user = CoordinatorClient::sign_in(stack, "user").await;
    let job = user.submit(20).await;
    // Both nodes are gone before the escrow is funded, so that nobody can take it.
    for node in ["node-1", "node-2"] {
        stack.kill(node);
    }
    let window = stack
        .chain()
        .escrow_config()
        .await
        .expect("configured")
        .assign_window_seconds;
    let escrow = user.fund(stack, &job.escrow).await;
    stack.advance_time(window + 3600);
    // It may be refused or accepted; either way the money must come back.
    let _ = user.confirm(job.id).await;
    if dies {
        stack.await_end("coordinator");
        stack.bring_up(&[]);
    }

    let refunded = settled(stack, escrow).await;
    assert_eq!(refunded.state, EscrowState::Refunded);
    assert_eq!(refunded.paid_user, refunded.amount);
}
