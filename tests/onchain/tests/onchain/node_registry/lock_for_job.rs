use cyxwiz_tests_onchain::{address, assert_refused};
use node_registry::RegistryError;

use crate::scene::Scene;

#[test]
fn only_job_escrow_locks() {
    let mut scene = Scene::assigned();
    let (node, other) = (scene.node_address(), address::escrow_config());
    let admin = scene.world.admin.insecure_clone();
    for forger in [&scene.node.key, &scene.user.key, &admin] {
        let sent = scene.world.lock_for_job(other, node, forger);
        assert_refused(sent, RegistryError::NotSettlementAuthority);
    }
}
