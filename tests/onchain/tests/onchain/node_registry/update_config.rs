use cyxwiz_tests_onchain::{World, assert_refused, key};
use node_registry::{Params, RegistryError};

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
