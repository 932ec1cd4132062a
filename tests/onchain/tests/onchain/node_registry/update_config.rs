use cyxwiz_tests_onchain::{World, address, assert_refused, key};
use node_registry::{Params, RegistryError, accounts, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn parameters_stay_within_their_bounds() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    let edits: [fn(&mut Params); 14] = [
        |params| params.min_lock_seconds = 365 * 86_400 + 1,
        |params| params.lock_per_job_seconds = i64::MAX,
        |params| params.cooldown_seconds = -1,
        |params| params.suspension_seconds = i64::MIN,
        |params| params.failure_window_seconds = -1,
        |params| params.reward_after_seconds = 365 * 86_400 + 1,
        |params| params.rotation_notice_seconds = 7 * 86_400 + 1,
        |params| params.slash_timeout_bps = 5_001,
        |params| params.slash_invalid_proof_bps = u16::MAX,
        |params| params.slash_failures_bps = 5_001,
        |params| params.slash_dispute_bps = 5_001,
        |params| params.burn_bps = 10_001,
        |params| params.insurance_payout_max_bps = 5_001,
        |params| params.reward_bps = 2_001,
    ];
    for edit in edits {
        let mut params = Params::default();
        edit(&mut params);
        let sent = world.update_registry_config(params, &admin);
        assert_refused(sent, RegistryError::ParameterOutOfBounds);
    }
    let highest = Params {
        min_lock_seconds: 365 * 86_400,
        lock_per_job_seconds: 365 * 86_400,
        cooldown_seconds: 365 * 86_400,
        suspension_seconds: 365 * 86_400,
        failure_window_seconds: 365 * 86_400,
        reward_after_seconds: 365 * 86_400,
        rotation_notice_seconds: 7 * 86_400,
        slash_timeout_bps: 5_000,
        slash_invalid_proof_bps: 5_000,
        slash_failures_bps: 5_000,
        slash_dispute_bps: 5_000,
        burn_bps: 10_000,
        insurance_payout_max_bps: 5_000,
        reward_bps: 2_000,
    };
    world
        .update_registry_config(highest, &admin)
        .expect("the bounds themselves are allowed");
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
