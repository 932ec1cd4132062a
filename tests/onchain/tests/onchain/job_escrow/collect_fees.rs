use cyxwiz_tests_onchain::{CYXWIZ, assert_refused};
use job_escrow::EscrowError;
use solana_signer::Signer;

use crate::scene::Scene;

#[test]
fn only_the_admin_collects_fees() {
    let mut scene = Scene::submitted();
    scene.world.do_accept(&scene.job, &scene.user);
    let admin = scene.world.admin.insecure_clone();
    let mint = scene.world.mint;
    let treasury = scene.world.do_create_token_account(&admin.pubkey(), &mint);
    let sent = scene
        .world
        .collect_fees(scene.node.token, 1, &scene.node.key);
    assert_refused(sent, EscrowError::NotAdmin);
    let sent = scene.world.collect_fees(treasury, 0, &admin);
    assert_refused(sent, EscrowError::ZeroAmount);
    let sent = scene.world.collect_fees(treasury, CYXWIZ + 1, &admin);
    assert_refused(sent, 1u32); // the token program's InsufficientFunds
    scene
        .world
        .collect_fees(treasury, CYXWIZ, &admin)
        .expect("the fee of one job");
    assert_eq!(scene.world.balance(&treasury), CYXWIZ);
}
