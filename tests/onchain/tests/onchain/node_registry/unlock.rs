use cyxwiz_tests_onchain::assert_refused;
use node_registry::RegistryError;

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
