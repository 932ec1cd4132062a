use cyxwiz_statement::Registered;
use cyxwiz_tests_onchain::{CYXWIZ, assert_refused, succeed};
use job_escrow::{CreateEscrowArgs, Tier, Verification};
use training_proof::{OpenArgs, ProofError, Stage, instruction as ix};

use super::run::{circuit, given};
use super::scene::{Scene, escrow_args, pinned};
use super::verify::aliased;
use crate::crowd::Crowd;

#[test]
fn what_must_be_shown_is_fixed_before_a_node_takes_the_job() {
    let mut scene = Scene::before();
    let accounts = scene.world.open_transcript_accounts(&scene.job);
    let sent = scene
        .world
        .open_transcript(accounts, scene.open, &[&scene.user.key]);
    succeed("open", sent);
    let transcript = scene.world.transcript_of(&scene.job);
    let (dataset, initial) = given();
    assert_eq!((transcript.stage, transcript.seq), (Stage::Opened, 1));
    assert_eq!((transcript.circuit, transcript.samples), (circuit().id, 1));
    assert_eq!((transcript.dataset, transcript.initial), (dataset, initial));
    let again = scene
        .world
        .open_transcript(accounts, scene.open, &[&scene.user.key]);
    again.expect_err("a transcript is opened once");

    let mut late = Scene::opened();
    let sent = late
        .world
        .open_transcript(accounts, late.open, &[&late.user.key]);
    assert_refused(sent, ProofError::EscrowNotOpen);
}

#[test]
fn what_no_proof_could_show_is_refused() {
    let refused = |change: &dyn Fn(&mut OpenArgs), error: ProofError| {
        let mut scene = Scene::before();
        change(&mut scene.open);
        let accounts = scene.world.open_transcript_accounts(&scene.job);
        let sent = scene
            .world
            .open_transcript(accounts, scene.open, &[&scene.user.key]);
        assert_refused(sent, error);
    };
    refused(&|open| open.circuit[0] ^= 1, ProofError::UnknownCircuit);
    refused(&|open| open.rate = 0, ProofError::InvalidRate);
    refused(
        &|open| open.dataset = aliased(open.dataset),
        ProofError::NotCanonical,
    );
    refused(
        &|open| open.initial = aliased(open.initial),
        ProofError::NotCanonical,
    );

    let mut args = escrow_args();
    args.required_epochs = 9;
    let mut scene = Scene::funded(args, "node");
    let accounts = scene.world.open_transcript_accounts(&scene.job);
    let sent = scene
        .world
        .open_transcript(accounts, scene.open, &[&scene.user.key]);
    assert_refused(sent, ProofError::TooManyEpochs);
}

#[test]
fn the_circuit_is_the_one_that_the_escrow_pins() {
    let named = |name| Registered::by_name(name).expect("it is registered");
    let (exact, alone) = (circuit(), named("t100x16"));
    let mut more_samples = pinned(Tier::ZkExact, exact);
    more_samples.samples += 1;
    let wrong = [
        (Verification::EMPTY, exact),
        (pinned(Tier::ZkExact, named("z30x2")), exact),
        (more_samples, exact),
        // what trains is exact, what does not is not
        (pinned(Tier::Audited, exact), exact),
        (pinned(Tier::AuditedTolerant, exact), exact),
        (pinned(Tier::Replicated, exact), exact),
        (pinned(Tier::ZkExact, alone), alone),
    ];
    let open = |verification: Verification, circuit: &Registered| {
        let args = CreateEscrowArgs {
            verification,
            ..escrow_args()
        };
        let mut scene = Scene::funded(args, "node");
        scene.open.circuit = circuit.id;
        scene.open.rate *= u16::from(circuit.circuit.training.is_some());
        let accounts = scene.world.open_transcript_accounts(&scene.job);
        scene
            .world
            .open_transcript(accounts, scene.open, &[&scene.user.key])
    };
    for (verification, circuit) in wrong {
        let sent = open(verification, circuit);
        assert_refused(sent, ProofError::VerificationMismatch);
    }
    for tier in [Tier::Audited, Tier::AuditedTolerant, Tier::Replicated] {
        succeed("open", open(pinned(tier, alone), alone));
    }
}

#[test]
fn no_wrong_account_is_taken() {
    let mut scene = Scene::before();
    let payer = scene.world.wallet("payer-of-rent", CYXWIZ);
    let mut accounts = scene.world.open_transcript_accounts(&scene.job);
    accounts.payer = payer.pubkey();
    let args = scene.open;
    let mut crowd = Crowd::around(scene.into_market()).with_wallet("payer of rent", &payer.key);
    crowd.try_proof("open", accounts, ix::Open { args });
}
