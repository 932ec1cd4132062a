use cyxwiz_tests_onchain::assert_refused;
use job_escrow::{CreateEscrowArgs, Tier, Verification};
use training_proof::{Commitment, ProofError, Stage, instruction as ix};

use super::scene::{Scene, escrow_args};
use super::verify::{add_one, aliased, order_less_one};
use crate::crowd::Crowd;

#[test]
fn the_outcome_is_fixed_once() {
    let mut scene = Scene::committed();
    let first = scene.world.transcript_of(&scene.job);
    assert_eq!(first.stage, Stage::Committed);
    assert_eq!(
        (first.root, first.trained),
        (scene.made.root, scene.made.trained)
    );
    let other = Commitment {
        root: [3; 32],
        ..scene.made
    };
    for second in [scene.made, other] {
        let sent = scene.world.commit(&scene.job, second, &scene.node);
        assert_refused(sent, ProofError::WrongStage);
    }
    assert_eq!(scene.world.transcript_of(&scene.job).root, first.root);
}

#[test]
fn only_the_node_commits_and_only_while_it_works() {
    let mut scene = Scene::opened();
    let (job, made) = (scene.job, scene.made);
    let sent = scene.world.commit(&job, made, &scene.user);
    assert_refused(sent, ProofError::NotEscrowNode);

    scene
        .world
        .cancel(&job, &scene.user.key)
        .expect("the user may cancel");
    let sent = scene.world.commit(&job, made, &scene.node);
    assert_refused(sent, ProofError::EscrowNotAssigned);
}

#[test]
fn a_word_has_one_form_and_all_epochs_must_be_done() {
    let mut scene = Scene::opened();
    let made = scene.made;
    let order = add_one(order_less_one());
    let wrong = [
        (
            Commitment {
                root: aliased(made.root),
                ..made
            },
            ProofError::NotCanonical,
        ),
        (
            Commitment {
                trained: aliased(made.trained),
                ..made
            },
            ProofError::NotCanonical,
        ),
        (
            Commitment {
                root: order,
                ..made
            },
            ProofError::NotCanonical,
        ),
        (
            Commitment { epochs: 5, ..made },
            ProofError::IncompleteTraining,
        ),
        (
            Commitment { epochs: 7, ..made },
            ProofError::IncompleteTraining,
        ),
    ];
    for (made, error) in wrong {
        let sent = scene.world.commit(&scene.job, made, &scene.node);
        assert_refused(sent, error);
    }
    scene.made.root = order_less_one();
    scene.do_commit();
}

/// Nobody is paid for it any more: it would only be the first step to a full audit, from which a node leaves
/// unpunished.
#[test]
fn nothing_is_committed_to_after_the_deadline() {
    let mut scene = Scene::opened();
    let deadline = scene.world.escrow_of(&scene.job).deadline;
    scene.world.set_time(deadline + 1);
    let sent = scene.world.commit(&scene.job, scene.made, &scene.node);
    assert_refused(sent, ProofError::DeadlinePassed);
    scene.world.set_time(deadline);
    scene.do_commit();
}

/// A transcript is opened for what the escrow pins, and no escrow takes another's. It is looked at once more, for
/// the job is paid as what its escrow says.
#[test]
fn the_escrow_pins_what_the_transcript_is_opened_for() {
    let right = escrow_args().verification;
    let changes: [fn(&mut Verification); 4] = [
        |pinned| pinned.tier = Tier::Audited,
        |pinned| pinned.tier = Tier::None,
        |pinned| pinned.samples += 1,
        |pinned| pinned.circuit[0] ^= 1,
    ];
    for change in changes {
        let mut scene = Scene::opened();
        let mut pinned = right;
        change(&mut pinned);
        scene.world.put_verification(&scene.job, &pinned);
        let sent = scene.world.commit(&scene.job, scene.made, &scene.node);
        assert_refused(sent, ProofError::VerificationMismatch);
        scene.world.put_verification(&scene.job, &right);
        scene.do_commit();
    }
}

#[test]
fn an_escrow_created_anew_at_the_same_address_is_another_job() {
    let mut scene = Scene::before();
    let accounts = scene.world.open_transcript_accounts(&scene.job);
    scene
        .world
        .open_transcript(accounts, scene.open, &[&scene.user.key])
        .expect("open");
    scene
        .world
        .cancel(&scene.job, &scene.user.key)
        .expect("cancel");
    scene.world.advance(1);
    let close = scene.world.close_accounts(&scene.job, &scene.user.pubkey());
    scene.world.close(close, &[&scene.user.key]).expect("close");
    let args = CreateEscrowArgs {
        verification: Verification::EMPTY,
        ..escrow_args()
    };
    let job = scene.world.do_create_escrow(&scene.user, args);
    scene.world.do_assign_node(&job, &scene.node);
    let sent = scene.world.commit(&job, scene.made, &scene.node);
    assert_refused(sent, ProofError::EscrowMismatch);
    let close = scene.world.close_transcript_accounts(&job);
    scene.world.close_transcript(close).expect("close");
}

#[test]
fn no_wrong_account_is_taken() {
    let scene = Scene::opened();
    let accounts = scene
        .world
        .commit_accounts(&scene.job, &scene.node.pubkey());
    let args = scene.made;
    let mut crowd = Crowd::with_other_transcript(scene.into_market());
    crowd.try_proof("commit", accounts, ix::Commit { args });
}
