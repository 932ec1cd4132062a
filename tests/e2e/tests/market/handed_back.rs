//! A user whose data never come keeps no node, and costs none anything.

use cyxwiz_chain::{EscrowState, pda};
use cyxwiz_domain::JobId;
use cyxwiz_tests_e2e::{
    CoordinatorClient, JobFile, NodeStanding, Stack, eventually, eventually_async,
};

/// A market whose nodes wait for a dataset no longer than this.
fn impatient(upload_timeout: &str) -> Stack {
    Stack::up_with(&[("CYXWIZ_NODE__JOBS__UPLOAD_TIMEOUT", upload_timeout)])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_user_never_sends_the_data_is_none_the_worse() {
    let stack = impatient("4s");
    let user = CoordinatorClient::sign_in(&stack, "user").await;
    let (_, account) = user.assigned_job(&stack, 20).await;
    let owner = account.node.expect("assigned");
    let before = NodeStanding::of(&stack, owner).await;
    assert_eq!(before.active_jobs, 1);

    let chain = stack.chain();
    let ended = eventually_async("the end of the job", || async {
        let escrow = chain.escrow(account.address).await.ok()??;
        escrow.state.is_settled().then_some(escrow)
    })
    .await;
    assert_eq!(ended.state, EscrowState::Refunded);
    assert_eq!(ended.paid_user, ended.amount);
    let waited = ended.settled_at - ended.assigned_at;
    assert!((4..60).contains(&waited), "handed back after {waited} s");
    let after = NodeStanding::of(&stack, owner).await;
    assert_eq!(after, before.after_handing_back());
    let record = chain.user_reputation(user.wallet.address()).await;
    let record = record.expect("the chain").expect("a record");
    assert_eq!(record.declined, 1, "and the user's record shows it");

    // And the next job finds a node.
    let (_, again) = user.assigned_job(&stack, 20).await;
    assert_eq!(again.state, EscrowState::Assigned);
}

#[test]
fn a_user_who_comes_late_reads_what_became_of_the_job() {
    let stack = impatient("1s");
    let file = JobFile::integers(stack.dir()).write(stack.dir());
    let file = file.to_str().expect("UTF-8");
    let submitted = stack.cyxwiz(&["job", "submit", file]).json();
    let id: JobId = submitted["job_id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("an id");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let chain = stack.chain();
    let address = pda::escrow(stack.wallet("user").address(), id);
    let ended = eventually("the end of the job", || {
        let escrow = runtime.block_on(chain.escrow(address)).ok()??;
        escrow.state.is_settled().then_some(escrow)
    });
    assert_eq!(ended.state, EscrowState::Refunded);

    let id = id.to_string();
    let told = stack.cyxwiz(&["job", "watch", &id]);
    assert_eq!(told.code, 5, "{}", told.stderr);
    let error = &told.last_line()["error"];
    assert_eq!(error["kind"], "ended");
    assert_eq!(error["ending"]["state"], "refunded");
    assert_eq!(error["ending"]["paid_user"], ended.amount.0);
    for part in [
        format!("the node handed job {id} back: this machine never connected to it"),
        format!("run it again with: cyxwiz job run {file}"),
    ] {
        assert!(told.stderr.contains(&part), "{part}: {}", told.stderr);
    }

    // What the coordinator says follows.
    eventually("the coordinator to say so", || {
        let listed = stack.cyxwiz(&["job", "list"]).json();
        let job = listed.as_array()?.first()?.clone();
        let back = job["state"] == "refunded" && job["node"].is_string();
        (back && job["proof"].is_null()).then_some(())
    });
    let status = stack.cyxwiz(&["job", "status", &id]).json();
    assert_eq!(status["escrow"]["state"], "refunded");
    assert_eq!(
        status["escrow"]["node"],
        ended.node.expect("a node").to_string()
    );
}
