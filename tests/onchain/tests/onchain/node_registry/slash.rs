use cyxwiz_tests_onchain::{CYXWIZ, assert_refused};
use node_registry::{RegistryError, SlashReason, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn a_slash_shrinks_a_pending_request_where_it_must() {
    let mut scene = Scene::assigned();
    let node = scene.node_address();
    scene
        .world
        .request_unstake(node, 800 * CYXWIZ, &scene.node.key)
        .expect("800 are free");
    scene.world.advance(3_601);
    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .timeout_refund(settlement, &scene.user.key)
        .expect("the deadline has passed");
    // 100 of the 200 that the job had locked; the request is still covered
    let state = scene.world.node_of(&scene.node);
    assert_eq!(
        (state.stake, state.unstake_amount),
        (900 * CYXWIZ, 800 * CYXWIZ)
    );
    scene.balances().assert_conserved();
}

#[test]
fn only_job_escrow_slashes() {
    let mut scene = Scene::assigned();
    let node = scene.node_address();
    let admin = scene.world.admin.insecure_clone();
    for forger in [&scene.node.key, &scene.user.key, &admin] {
        for reason in [SlashReason::Timeout, SlashReason::InvalidProof] {
            let sent = scene
                .world
                .release_lock(scene.job.escrow, node, Some(reason), forger);
            assert_refused(sent, RegistryError::NotSettlementAuthority);
        }
    }
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::assigned());
    let authority = crowd.scene.world.take_settlement();
    let accounts = crowd.scene.world.release_accounts(
        &crowd.scene.job.escrow,
        crowd.scene.node_address(),
        &authority.pubkey(),
    );
    let mut crowd = crowd.with_wallet("settlement", &authority);
    let data = ix::Slash {
        reason: SlashReason::Timeout,
    };
    crowd.try_registry("slash", accounts, data);
}
