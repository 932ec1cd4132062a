use cyxwiz_tests_onchain::{CYXWIZ, address, assert_refused};
use node_registry::{RegistryError, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn only_job_escrow_locks() {
    let mut scene = Scene::assigned();
    let (node, other) = (scene.node_address(), address::escrow_config());
    let admin = scene.world.admin.insecure_clone();
    for forger in [&scene.node.key, &scene.user.key, &admin] {
        let sent = scene.world.lock_for_job(other, node, 1, forger);
        assert_refused(sent, RegistryError::NotSettlementAuthority);
    }
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let authority = crowd.scene.world.take_settlement();
    let accounts = crowd.scene.world.lock_for_job_accounts(
        &crowd.scene.job.escrow,
        crowd.scene.node_address(),
        &authority.pubkey(),
    );
    let mut crowd = crowd.with_wallet("settlement", &authority);
    let job_amount = 10 * CYXWIZ;
    crowd.try_registry("lock_for_job", accounts, ix::LockForJob { job_amount });
}
