use cyxwiz_tests_onchain::assert_refused;
use node_registry::{RegistryError, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn only_job_escrow_unlocks() {
    let mut scene = Scene::assigned();
    let node = scene.node_address();
    let admin = scene.world.admin.insecure_clone();
    for forger in [&scene.node.key, &scene.user.key, &admin] {
        let sent = scene
            .world
            .release_lock(scene.job.escrow, node, None, forger);
        assert_refused(sent, RegistryError::NotSettlementAuthority);
    }
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::assigned());
    let authority = crowd.scene.world.take_settlement();
    let accounts = crowd.scene.world.unlock_accounts(
        &crowd.scene.job.escrow,
        crowd.scene.node_address(),
        &authority.pubkey(),
    );
    let mut crowd = crowd.with_wallet("settlement", &authority);
    crowd.try_registry("unlock", accounts, ix::Unlock {});
}
