use cyxwiz_tests_onchain::{assert_refused, completion};
use job_escrow::{Completion, EscrowError, State, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;
use crate::training_proof::scene::{Scene as Proven, escrow_args};

#[test]
fn submitting_notes_the_result_and_opens_the_window() {
    let scene = Scene::submitted();
    let escrow = scene.world.escrow_of(&scene.job);
    let result = completion();
    assert_eq!(escrow.state, State::Submitted);
    assert_eq!(
        (escrow.final_root, escrow.weights_hash),
        (result.final_root, result.weights_hash)
    );
    assert_eq!((escrow.epochs_done, escrow.training_seconds), (20, 300));
    assert_eq!(escrow.submitted_at, scene.world.now());
    assert_eq!(escrow.release_at, scene.world.now() + 86_400);
}

#[test]
fn only_the_assigned_node_submits() {
    let mut scene = Scene::assigned();
    let sent = scene
        .world
        .submit_completion(&scene.job, completion(), &scene.user.key);
    assert_refused(sent, EscrowError::NotAssignedNode);
}

#[test]
fn incomplete_results_are_refused() {
    let mut scene = Scene::assigned();
    let edits: [fn(&mut Completion); 4] = [
        |result| result.epochs = 19,
        |result| result.epochs = 21,
        |result| result.final_root = [0; 32],
        |result| result.weights_hash = [0; 32],
    ];
    for edit in edits {
        let mut result = completion();
        edit(&mut result);
        let sent = scene
            .world
            .submit_completion(&scene.job, result, &scene.node.key);
        assert_refused(sent, EscrowError::IncompleteCompletion);
    }
}

#[test]
fn the_deadline_counts_and_so_does_the_state() {
    let mut scene = Scene::assigned();
    scene.world.advance(3_600);
    let mut late = Scene::assigned();
    late.world.advance(3_601);
    let sent = late
        .world
        .submit_completion(&late.job, completion(), &late.node.key);
    assert_refused(sent, EscrowError::DeadlinePassed);

    scene.world.do_submit_completion(&scene.job, &scene.node);
    let sent = scene
        .world
        .submit_completion(&scene.job, completion(), &scene.node.key);
    assert_refused(sent, EscrowError::WrongState);
}

#[test]
fn an_open_job_has_no_node_to_submit() {
    let mut scene = Scene::open();
    let sent = scene
        .world
        .submit_completion(&scene.job, completion(), &scene.node.key);
    assert_refused(sent, EscrowError::NotAssignedNode);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::with_other_transcript(Proven::verified().into_market());
    let scene = &crowd.scene;
    let accounts = scene
        .world
        .submit_completion_accounts(&scene.job, &scene.node.pubkey());
    let args = Completion {
        epochs: escrow_args().required_epochs,
        ..completion()
    };
    crowd.try_escrow("submit_completion", accounts, ix::SubmitCompletion { args });
}
