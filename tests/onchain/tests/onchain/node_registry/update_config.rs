use cyxwiz_tests_onchain::{World, address, assert_refused, key};
use node_registry::{Params, RegistryError, accounts, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn parameters_stay_within_their_bounds() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    let edits: [fn(&mut Params); 2] = [
        |params| params.slash_timeout_bps = 5_001,
        |params| params.cooldown_seconds = -1,
    ];
    for edit in edits {
        let mut params = Params::default();
        edit(&mut params);
        let sent = world.update_registry_config(params, &admin);
        assert_refused(sent, RegistryError::ParameterOutOfBounds);
    }
}

#[test]
fn only_the_admin_sets_parameters() {
    let mut world = World::new();
    for stranger in [&key("stranger"), &world.coordinator.insecure_clone()] {
        let sent = world.update_registry_config(Params::default(), stranger);
        assert_refused(sent, RegistryError::NotAdmin);
    }
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let accounts = accounts::Administer {
        admin: crowd.scene.world.admin.pubkey(),
        config: address::registry_config(),
    };
    let params = Params::default();
    crowd.try_registry("update_config", accounts, ix::UpdateConfig { params });
}
