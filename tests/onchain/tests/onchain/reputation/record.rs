use cyxwiz_tests_onchain::assert_refused;
use reputation::ReputationError;

use crate::scene::Scene;

#[test]
fn outcomes_are_recorded_by_the_settlement_only() {
    let mut scene = Scene::open();
    let admin = scene.world.admin.insecure_clone();
    for forger in [&scene.node.key, &scene.user.key, &admin] {
        let sent = scene
            .world
            .record(forger, &scene.node.pubkey(), &scene.user.pubkey());
        assert_refused(sent, ReputationError::NotSettlementAuthority);
    }
}
