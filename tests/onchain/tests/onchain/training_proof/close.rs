use cyxwiz_tests_onchain::{address, assert_refused, succeed};
use training_proof::{ProofError, instruction as ix};

use super::scene::Scene;
use crate::crowd::Crowd;

#[test]
fn the_rent_comes_back_when_the_job_is_over() {
    let mut scene = Scene::committed();
    let accounts = scene.world.close_transcript_accounts(&scene.job);
    let sent = scene.world.close_transcript(accounts);
    assert_refused(sent, ProofError::EscrowNotSettled);

    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .fail(settlement, &scene.node.key)
        .expect("the node may give up");
    let transcript = address::transcript(&scene.job.escrow);
    let (rent, before) = (
        scene.world.lamports(&transcript),
        scene.world.lamports(&scene.user.pubkey()),
    );
    succeed("close", scene.world.close_transcript(accounts));
    assert!(!scene.world.exists(&transcript));
    assert_eq!(scene.world.lamports(&scene.user.pubkey()), before + rent);
}

#[test]
fn the_rent_comes_back_when_the_escrow_is_gone() {
    let mut scene = Scene::before();
    let open = scene.world.open_transcript_accounts(&scene.job);
    scene
        .world
        .open_transcript(open, scene.open, &[&scene.user.key])
        .expect("open");
    scene
        .world
        .cancel(&scene.job, &scene.user.key)
        .expect("cancel");
    scene.world.advance(1);
    let close = scene.world.close_accounts(&scene.job, &scene.user.pubkey());
    scene.world.close(close, &[&scene.user.key]).expect("close");
    let accounts = scene.world.close_transcript_accounts(&scene.job);
    succeed("close", scene.world.close_transcript(accounts));
    assert!(!scene.world.exists(&address::transcript(&scene.job.escrow)));
}

#[test]
fn no_wrong_account_is_taken() {
    let mut scene = Scene::committed();
    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .fail(settlement, &scene.node.key)
        .expect("the node may give up");
    let accounts = scene.world.close_transcript_accounts(&scene.job);
    let mut crowd = Crowd::with_other_transcript(scene.into_market());
    crowd.try_proof("close", accounts, ix::Close {});
}
