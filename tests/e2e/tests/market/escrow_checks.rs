//! What the coordinator demands of an escrow before it assigns a node.

use cyxwiz_chain::instructions::escrow::NewEscrow;
use cyxwiz_domain::{Amount, Digest};
use cyxwiz_tests_e2e::{CoordinatorClient, Stack, code_of, eventually_async};

#[tokio::test(flavor = "multi_thread")]
async fn an_escrow_for_something_else_is_refused() {
    let stack = Stack::up();
    let user = CoordinatorClient::sign_in(&stack, "user").await;

    type Change = fn(NewEscrow) -> NewEscrow;
    let wrong: [(&str, Change); 5] = [
        ("amount", |right| NewEscrow {
            amount: Amount(right.amount.0 - 1),
            ..right
        }),
        ("spec", |right| NewEscrow {
            spec_hash: Digest([1; 32]),
            ..right
        }),
        ("dataset", |right| NewEscrow {
            dataset_root: Digest([1; 32]),
            ..right
        }),
        ("epochs", |right| NewEscrow {
            required_epochs: 1,
            ..right
        }),
        ("timeout", |right| NewEscrow {
            timeout_seconds: right.timeout_seconds + 1,
            ..right
        }),
    ];
    for (what, change) in wrong {
        let job = user.submit(20).await;
        let missing = user.confirm(job.id).await.expect_err("no escrow yet");
        assert_eq!(code_of(&missing), "escrow_missing");
        let escrow = user.fund(&stack, &change(job.escrow)).await;
        let refused = user.confirm(job.id).await.expect_err(what);
        assert_eq!(code_of(&refused), "escrow_mismatch", "{what}: {refused}");
        let funded = stack
            .chain()
            .escrow(escrow)
            .await
            .expect("the chain")
            .expect("funded");
        assert_eq!(funded.node, None, "{what}");
        // The reservation would keep the node from the next case.
        let request = user.request(cyxwiz_proto::job::v1::CancelJobRequest {
            job_id: job.id.to_vec(),
        });
        user.jobs()
            .cancel_job(request)
            .await
            .expect("the reservation is given up");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_users_escrow_does_not_count() {
    let stack = Stack::up();
    let user = CoordinatorClient::sign_in(&stack, "user").await;
    let job = user.submit(20).await;
    // The same job id, funded by another wallet: another address altogether.
    let other = CoordinatorClient::sign_in(&stack, "node-1").await;
    other.fund(&stack, &job.escrow).await;
    let refused = user.confirm(job.id).await.expect_err("not this user's");
    assert_eq!(code_of(&refused), "escrow_missing");
    let refused = other
        .confirm(job.id)
        .await
        .expect_err("not that user's job");
    assert_eq!(code_of(&refused), "job_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_confirmations_at_once_assign_once() {
    let stack = Stack::up();
    let user = CoordinatorClient::sign_in(&stack, "user").await;
    let job = user.submit(20).await;
    let escrow = user.fund(&stack, &job.escrow).await;
    let confirmations = (0..8).map(|_| {
        let (user, id) = (user.clone(), job.id);
        tokio::spawn(async move { user.confirm(id).await })
    });
    for confirmation in confirmations.collect::<Vec<_>>() {
        confirmation
            .await
            .expect("no panic")
            .expect("each is answered");
    }
    let chain = stack.chain();
    let assigned = eventually_async("the assignment", || async {
        let escrow = chain.escrow(escrow).await.ok()??;
        escrow.node.is_some().then_some(escrow)
    })
    .await;
    assert_eq!(assigned.node, Some(job.node));
    // Created and assigned: two changes, not three.
    assert_eq!(assigned.seq, 2);
    let node = chain
        .node(job.node)
        .await
        .expect("the chain")
        .expect("registered");
    assert_eq!(node.active_jobs, 1);
    user.confirm(job.id)
        .await
        .expect("repeating it is harmless");
}
