//! Which nodes get jobs with a proof: those that make such proofs, in the jobs' runtime classes.

use cyxwiz_domain::{JobId, spec::RuntimeClass};
use cyxwiz_statement::{REGISTRY, Registered};
use tonic::Code;
use uuid::Uuid;

use crate::{
    grpc::assert_refused,
    market::{Market, audited, eventually, exact, plain},
};

const WHY: &str = "makes no proofs with the circuit z16x4-ci";

fn id_of(name: &str) -> Vec<u8> {
    Registered::by_name(name).expect("registered").id.to_vec()
}

/// Every runtime class there is.
fn classes() -> impl Iterator<Item = Vec<u8>> {
    RuntimeClass::all().map(|class| class.hash().to_vec())
}

/// Every circuit there is.
fn all() -> impl Iterator<Item = Vec<u8>> {
    REGISTRY.iter().map(|circuit| circuit.id.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_with_a_proof_goes_to_the_node_that_makes_such_proofs() {
    let mut market = Market::start().await;
    market.join(&market.rival, []).await;
    let (prover, rival) = (market.node.address(), market.rival.address());
    let cases = [(plain(), rival), (exact(), prover), (audited(), prover)];
    for (spec, expected) in cases {
        let id = JobId(Uuid::new_v4());
        let answer = market.submit_as(id, &spec).await;
        assert_eq!(answer.job.expect("a job").node, expected.to_vec());
        market.give_up(id).await;
    }

    // Started anew, it makes proofs of one kind only.
    let node = &market.node;
    market
        .announce(node, [id_of("t100x16")], classes())
        .await
        .expect("known");
    let id = JobId(Uuid::new_v4());
    market.submit_as(id, &audited()).await;
    market.give_up(id).await;
    let refused = market.try_submit(JobId(Uuid::new_v4()), &exact()).await;
    let status = refused.expect_err("nobody proves it");
    let message = status.message();
    assert!(message.contains(&format!("2 x {WHY}")), "{message}");
    assert_refused(Err::<(), _>(status), Code::ResourceExhausted, "no_node");

    // What is no id of a circuit changes nothing.
    let refused = market.announce(node, [vec![1; 31]], []).await;
    assert_refused(refused, Code::InvalidArgument, "id_invalid");
    let refused = market.announce(node, vec![vec![1; 32]; 257], []).await;
    assert_refused(refused, Code::InvalidArgument, "argument_invalid");
    market.submit_as(JobId(Uuid::new_v4()), &audited()).await;
    market.stop_coordinator().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_funded_job_waits_for_a_node_that_makes_its_proof_and_says_so() {
    let mut market = Market::start().await;
    market.join(&market.rival, []).await;
    let job = market.submit(&exact()).await;
    market.fund(&job).await;
    // Too late for the node that was held, which proves nothing any more either.
    market.database.let_reservation_run_out(job.id).await;
    market.announce(&market.node, [], []).await.expect("known");
    let waits = market.confirm(job.id).await.expect("the money is there");
    assert!(waits.node.is_empty());
    let message = &waits.message;
    assert!(message.starts_with("waiting for a node"), "{message}");
    assert!(message.contains(&format!("2 x {WHY}")), "{message}");

    market
        .announce(&market.node, all(), [])
        .await
        .expect("known");
    let chain = &market.chain;
    let node = eventually("the assignment", || async {
        chain.escrow(job.escrow).await.ok()??.node
    })
    .await;
    assert_eq!(node, market.node.address());
    market.stop_coordinator().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audited_job_goes_to_the_node_that_keeps_its_runtime_class() {
    let mut market = Market::start().await;
    // It would be chosen, and makes the proof, but on another kind of machine.
    market.join(&market.rival, []).await;
    let (node, rival) = (&market.node, &market.rival);
    let other = RuntimeClass::all().filter(|class| *class != RuntimeClass::DEFAULT);
    let other: Vec<_> = other.map(|class| class.hash().to_vec()).collect();
    market
        .announce(rival, all(), other.clone())
        .await
        .expect("known");
    let cases = [(exact(), rival.address()), (audited(), node.address())];
    for (spec, expected) in cases {
        let id = JobId(Uuid::new_v4());
        let answer = market.submit_as(id, &spec).await;
        assert_eq!(answer.job.expect("a job").node, expected.to_vec());
        market.give_up(id).await;
    }
    let listed = market.nodes().await;
    let rival_listed = listed
        .iter()
        .find(|info| info.owner == rival.address().to_vec());
    let rival_listed = rival_listed.expect("online");
    assert!(all().eq(rival_listed.circuits.clone()));
    assert_eq!(rival_listed.runtime_classes, other);

    // What is no hash of a class, and more than there can be, changes nothing.
    let refused = market.announce(node, all(), [vec![1; 33]]).await;
    assert_refused(refused, Code::InvalidArgument, "id_invalid");
    let refused = market.announce(node, all(), vec![vec![1; 32]; 257]).await;
    assert_refused(refused, Code::InvalidArgument, "argument_invalid");

    // Started anew with another libtorch, it keeps none.
    market.announce(node, all(), []).await.expect("known");
    let refused = market.try_submit(JobId(Uuid::new_v4()), &audited()).await;
    let status = refused.expect_err("nobody keeps it");
    let why = "2 x does not keep the runtime class torch-2.11-avx2-1";
    assert!(status.message().contains(why), "{}", status.message());
    assert_refused(Err::<(), _>(status), Code::ResourceExhausted, "no_node");
    market.stop_coordinator().await;
}
