use cyxwiz_tests_onchain::{address, assert_refused, job_args};
use reputation::{Rating, ReputationError, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn the_user_rates_a_paid_job_once() {
    let mut scene = Scene::submitted();
    scene.world.do_accept(&scene.job, &scene.user);
    let accounts = scene.world.rate_accounts(&scene.job, &scene.node.pubkey());
    for stars in [0, 6, 255] {
        let sent = scene.world.rate(accounts, stars, &[&scene.user.key]);
        assert_refused(sent, ReputationError::InvalidStars);
    }
    scene
        .world
        .rate(accounts, 4, &[&scene.user.key])
        .expect("the job is paid");
    let node = scene.world.reputation_of(&scene.node);
    // 400 + 250 + three quarters of 200, and an eighth of that for one user
    assert_eq!(
        (node.rating_sum, node.rating_count, node.score),
        (4, 1, 100)
    );
    let rating: Rating = scene.world.read(&address::rating(&scene.job.escrow));
    assert_eq!((rating.stars, rating.node), (4, scene.node.pubkey()));
    assert_eq!(rating.payer, scene.user.pubkey());
    let sent = scene.world.rate(accounts, 5, &[&scene.user.key]);
    assert_refused(sent, 0u32); // the system program's AccountAlreadyInUse
}

#[test]
fn only_that_user_of_that_paid_job_rates_that_node() {
    let mut scene = Scene::submitted();
    let accounts = scene.world.rate_accounts(&scene.job, &scene.node.pubkey());
    let sent = scene.world.rate(accounts, 5, &[&scene.user.key]);
    assert_refused(sent, ReputationError::NotPaid);

    scene.world.do_accept(&scene.job, &scene.user);
    let mut wrong = accounts;
    wrong.user = scene.node.pubkey();
    let sent = scene.world.rate(wrong, 5, &[&scene.node.key]);
    assert_refused(sent, ReputationError::NotEscrowUser);

    let other = scene.world.node("other", 0);
    let mut wrong = accounts;
    wrong.reputation = address::reputation(&other.pubkey());
    let sent = scene.world.rate(wrong, 5, &[&scene.user.key]);
    assert_refused(sent, ReputationError::NodeMismatch);

    let mut wrong = accounts;
    wrong.escrow = scene.node_address();
    wrong.rating = address::rating(&wrong.escrow);
    let sent = scene.world.rate(wrong, 5, &[&scene.user.key]);
    assert_refused(sent, ReputationError::NotAnEscrow);
    wrong.escrow = address::escrow_config();
    wrong.rating = address::rating(&wrong.escrow);
    let sent = scene.world.rate(wrong, 5, &[&scene.user.key]);
    assert_refused(sent, ReputationError::NotAnEscrow);
}

#[test]
fn a_refunded_job_is_not_rated() {
    let mut scene = Scene::open();
    let job = scene.world.do_create_escrow(&scene.user, job_args(2));
    scene
        .world
        .cancel(&job, &scene.user.key)
        .expect("the user may");
    let accounts = scene.world.rate_accounts(&job, &scene.node.pubkey());
    let sent = scene.world.rate(accounts, 1, &[&scene.user.key]);
    assert_refused(sent, ReputationError::NotPaid);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut scene = Scene::submitted();
    scene.world.do_accept(&scene.job, &scene.user);
    let mut crowd = Crowd::around(scene);
    let scene = &crowd.scene;
    let accounts = scene.world.rate_accounts(&scene.job, &scene.node.pubkey());
    crowd.try_reputation("rate", accounts, ix::Rate { stars: 5 });
}
