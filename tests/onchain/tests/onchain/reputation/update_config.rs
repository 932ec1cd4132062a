use cyxwiz_tests_onchain::{World, address, assert_refused, key};
use reputation::{Config, ReputationError, UptimeSample, accounts, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn the_admin_names_another_coordinator() {
    let mut world = World::new();
    let owner = world.wallet("owner", 0);
    world.do_open_node(&owner.pubkey());
    let records = [address::reputation(&owner.pubkey())];
    let sample = vec![UptimeSample { up: 1, total: 1 }];
    let next = key("next-coordinator");
    let (admin, old) = (
        world.admin.insecure_clone(),
        world.coordinator.insecure_clone(),
    );
    for stranger in [&next, &old] {
        let sent = world.update_reputation_config(next.pubkey(), stranger);
        assert_refused(sent, ReputationError::NotAdmin);
    }
    world
        .update_reputation_config(next.pubkey(), &admin)
        .expect("the admin may");
    let config: Config = world.read(&address::reputation_config());
    assert_eq!(config.coordinator, next.pubkey());
    let sent = world.batch_uptime(&records, sample.clone(), &old);
    assert_refused(sent, ReputationError::NotCoordinator);
    world
        .batch_uptime(&records, sample, &next)
        .expect("it is the coordinator now");
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let accounts = accounts::Administer {
        admin: crowd.scene.world.admin.pubkey(),
        config: address::reputation_config(),
    };
    let coordinator = crowd.stranger;
    crowd.try_reputation("update_config", accounts, ix::UpdateConfig { coordinator });
}
