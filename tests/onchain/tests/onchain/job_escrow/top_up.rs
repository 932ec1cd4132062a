use cyxwiz_tests_onchain::{CYXWIZ, address, assert_refused};
use job_escrow::{EscrowError, accounts, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, Scene};

#[test]
fn anyone_tops_up_open_and_assigned_jobs() {
    let mut scene = Scene::open();
    let friend = scene.world.wallet("friend", 5 * CYXWIZ);
    scene
        .world
        .top_up(&scene.job, &friend, CYXWIZ)
        .expect("the job is open");
    scene.world.do_assign_node(&scene.job, &scene.node);
    scene
        .world
        .top_up(&scene.job, &friend, 1)
        .expect("the job is assigned");
    assert_eq!(
        scene.world.escrow_of(&scene.job).amount,
        AMOUNT + CYXWIZ + 1
    );
    assert_eq!(scene.balances().vault, AMOUNT + CYXWIZ + 1);

    let sent = scene.world.top_up(&scene.job, &friend, 0);
    assert_refused(sent, EscrowError::ZeroAmount);
    let sent = scene.world.top_up(&scene.job, &friend, u64::MAX);
    assert_refused(sent, EscrowError::MathOverflow);
    scene.world.do_submit_completion(&scene.job, &scene.node);
    let sent = scene.world.top_up(&scene.job, &friend, 1);
    assert_refused(sent, EscrowError::WrongState);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::assigned());
    let scene = &crowd.scene;
    let accounts = accounts::TopUp {
        payer: scene.user.pubkey(),
        config: address::escrow_config(),
        escrow: scene.job.escrow,
        vault: scene.job.vault,
        payer_token: scene.user.token,
        token_program: spl_token_interface::ID,
    };
    crowd.try_escrow("top_up", accounts, ix::TopUp { amount: 1 });
}
