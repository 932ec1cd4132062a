//! How the same user's jobs lose weight, as settlements record them.

use cyxwiz_tests_onchain::{CYXWIZ, job_args};
use reputation::math::Tier;

use crate::scene::Scene;

#[test]
fn one_wallet_makes_no_node_better_than_bronze() {
    let mut scene = Scene::submitted();
    scene.world.do_accept(&scene.job, &scene.user);
    for id in 2..=20 {
        let mut args = job_args(id);
        args.amount = CYXWIZ;
        let job = scene.world.do_create_escrow(&scene.user, args);
        scene.world.do_assign_node(&job, &scene.node);
        scene.world.do_submit_completion(&job, &scene.node);
        scene.world.do_accept(&job, &scene.user);
        let rating = scene.world.rate_accounts(&job, &scene.node.pubkey());
        scene
            .world
            .rate(rating, 5, &[&scene.user.key])
            .expect("each job once");
    }
    let node = scene.world.reputation_of(&scene.node);
    assert_eq!((node.jobs_completed, node.breadth), (20, 1));
    // 64 + 32 + ... + 1, and 1 for each of the other thirteen
    assert_eq!(node.completed_weight, 140);
    // an eighth of 850
    assert_eq!((node.score, node.tier()), (106, Tier::Bronze));
}
