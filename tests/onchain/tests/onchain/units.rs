//! Compute units of every instruction against `programs/cu.json`.
//!
//! `CU_UPDATE=1 cargo nextest run -p cyxwiz-tests-onchain units` rewrites the file.

use cyxwiz_tests_onchain::{
    CYXWIZ, Units, Wallet, address, committed_units, idl::Idl, image, job_args, key, profile,
    write_units,
};
use job_escrow::Verdict;
use reputation::UptimeSample;
use solana_signer::Signer;

use crate::scene::Scene;
use crate::training_proof::scene::Scene as Proven;
use crate::vesting::scene::Scene as Allocated;

/// Takes every instruction of every program at least once.
fn measure() -> Units {
    let mut units = Units::default();

    let mut paid = Scene::assigned();
    let world = &mut paid.world;
    world
        .anchor_checkpoint(&paid.job, 5, &paid.node.key)
        .expect("anchor");
    world.do_present_receipt(&paid.job, &paid.user, 5, 5);
    world.top_up(&paid.job, &paid.user, 1).expect("top_up");
    world.do_submit_completion(&paid.job, &paid.node);
    world.do_accept(&paid.job, &paid.user);
    let rating = world.rate_accounts(&paid.job, &paid.node.pubkey());
    world.rate(rating, 5, &[&paid.user.key]).expect("rate");
    world.advance(1);
    let close = world.close_accounts(&paid.job, &paid.user.pubkey());
    world.close(close, &[&paid.user.key]).expect("close");
    let rating = world.close_rating_accounts(&paid.job);
    world.close_rating(rating).expect("close_rating");
    let coordinator = world.coordinator.insecure_clone();
    let record = address::reputation(&paid.node.pubkey());
    let sample = vec![UptimeSample {
        up: 119,
        total: 120,
    }];
    world
        .batch_uptime(&[record], sample, &coordinator)
        .expect("batch_uptime");
    for owner in ["development", "liquidity"] {
        world.do_create_token_account(&key(owner).pubkey(), &world.mint.clone());
    }
    let accounts = world.distribute_accounts();
    world.distribute(accounts).expect("distribute");
    world
        .update(
            address::node(&paid.node.pubkey()),
            profile(),
            &paid.node.key,
        )
        .expect("update");
    units.merge(&world.units);

    let mut released = Scene::submitted();
    released.world.advance(86_400);
    let settlement = released.world.settlement(&released.job);
    released
        .world
        .release(settlement, &released.user.key)
        .expect("release");
    units.merge(&released.world.units);

    let mut cancelled = Scene::cancelling(10, 10);
    let settlement = cancelled.world.settlement(&cancelled.job);
    cancelled
        .world
        .settle_cancel(settlement, &cancelled.node.key)
        .expect("settle_cancel");
    let open = cancelled
        .world
        .do_create_escrow(&cancelled.user, job_args(2));
    cancelled
        .world
        .cancel(&open, &cancelled.user.key)
        .expect("cancel");
    units.merge(&cancelled.world.units);

    let mut expired = Scene::open();
    expired.world.advance(3_601);
    let refund = expired.world.refund(&expired.job);
    expired
        .world
        .expire_unassigned(refund)
        .expect("expire_unassigned");
    units.merge(&expired.world.units);

    // the dearest failure: paid in three parts, and slashed
    let mut failed = Scene::open();
    for id in 2..=4 {
        let job = failed.world.do_create_escrow(&failed.user, job_args(id));
        failed.world.do_assign_node(&job, &failed.node);
        failed.world.do_present_receipt(&job, &failed.user, 10, 10);
        let settlement = failed.world.settlement(&job);
        failed
            .world
            .fail(settlement, &failed.node.key)
            .expect("fail");
    }
    units.merge(&failed.world.units);

    let mut late = Scene::assigned();
    late.world.do_present_receipt(&late.job, &late.user, 10, 10);
    late.world.advance(3_601);
    let settlement = late.world.settlement(&late.job);
    late.world
        .timeout_refund(settlement, &late.user.key)
        .expect("timeout_refund");
    units.merge(&late.world.units);

    // the dearest verdict: back to the user, slashed, and paid from the insurance
    let mut lost = Scene::disputed();
    lost.world
        .do_mint(&address::insurance_vault(), 100 * CYXWIZ);
    let settlement = lost.world.settlement(&lost.job);
    let verdict = Verdict::ForUser {
        insurance_payout: CYXWIZ,
    };
    lost.world
        .settle_dispute(settlement, verdict, &key("judge"))
        .expect("settle_dispute");
    units.merge(&lost.world.units);

    let mut undecided = Scene::assigned();
    let world = &mut undecided.world;
    let extend = world.extend_deadline_accounts(&undecided.job);
    world
        .extend_deadline(extend, 60, &[&undecided.user.key])
        .expect("extend_deadline");
    world.do_present_receipt(&undecided.job, &undecided.user, 10, 10);
    world.do_submit_completion(&undecided.job, &undecided.node);
    world.do_open_dispute(&undecided.job, &undecided.user);
    world.advance(15 * 86_400);
    let settlement = world.settlement(&undecided.job);
    world
        .expire_dispute(settlement, &undecided.user.key)
        .expect("expire_dispute");
    units.merge(&world.units);

    let mut earning = Scene::open();
    let world = &mut earning.world;
    world.do_mint(&address::reward_vault(), CYXWIZ);
    world.advance(100 * 86_400);
    let claim = world.claim_reward_accounts(&earning.node);
    world
        .claim_reward(claim, &[&earning.node.key])
        .expect("claim_reward");
    world
        .heartbeat(address::node(&earning.node.pubkey()), &earning.node.key)
        .expect("heartbeat");
    units.merge(&world.units);

    let mut leaving = Scene::open();
    let world = &mut leaving.world;
    let node = address::node(&leaving.node.pubkey());
    world
        .request_unstake(node, CYXWIZ, &leaving.node.key)
        .expect("request_unstake");
    world.advance(60 * 86_400);
    let withdraw = world.withdraw_accounts(&leaving.node);
    world
        .withdraw(withdraw, &[&leaving.node.key])
        .expect("withdraw");
    let admin = world.admin.insecure_clone();
    let next = key("next-admin");
    world
        .update_escrow_config(Default::default(), &admin)
        .expect("update_config");
    world
        .update_registry_config(Default::default(), &admin)
        .expect("update_config");
    world
        .update_reputation_config(next.pubkey(), &admin)
        .expect("update_config");
    world.set_escrow_paused(true, &admin).expect("set_paused");
    world.set_registry_paused(true, &admin).expect("set_paused");
    world
        .set_reputation_paused(true, &admin)
        .expect("set_paused");
    world
        .propose_escrow_admin(next.pubkey(), &admin)
        .expect("propose_admin");
    world
        .propose_registry_admin(next.pubkey(), &admin)
        .expect("propose_admin");
    world
        .propose_reputation_admin(next.pubkey(), &admin)
        .expect("propose_admin");
    world.accept_escrow_admin(&next).expect("accept_admin");
    world.accept_registry_admin(&next).expect("accept_admin");
    world.accept_reputation_admin(&next).expect("accept_admin");
    units.merge(&world.units);

    let mut allocated = Allocated::claimed();
    let (world, next) = (&mut allocated.world, key("next-beneficiary"));
    let next = Wallet {
        token: world.do_create_token_account(&next.pubkey(), &world.mint.clone()),
        key: next,
    };
    let allocation = &allocated.allocation;
    world
        .propose_beneficiary(allocation, next.pubkey(), &allocated.beneficiary)
        .expect("propose_beneficiary");
    world
        .accept_beneficiary(allocation, &next)
        .expect("accept_beneficiary");
    let close = world.close_vesting_accounts(allocation);
    world.close_vesting(close).expect("close");
    units.merge(&world.units);

    let mut declined = Proven::full_audit();
    let world = &mut declined.world;
    let settlement = world.settlement(&declined.job);
    world
        .decline(settlement, &declined.node.key)
        .expect("decline");
    units.merge(&world.units);

    let mut proven = Proven::verified();
    let world = &mut proven.world;
    let settlement = world.settlement(&proven.job);
    world.fail(settlement, &proven.node.key).expect("fail");
    let close = world.close_transcript_accounts(&proven.job);
    world.close_transcript(close).expect("close");
    units.merge(&world.units);

    // a false proof takes longer to tell than a true one, and no honest node has it told
    let mut refuted = Proven::refuted();
    let world = &mut refuted.world;
    let told = world.units.0.remove("training_proof.verify");
    units.record(
        "training_proof.verify (refuted)",
        told.expect("it was told"),
    );
    let settlement = world.settlement(&refuted.job);
    world
        .settle_refuted(settlement, &refuted.user.key)
        .expect("settle_refuted");
    units.merge(&world.units);
    units
}

/// What an instruction may take where `known` is committed. The compiler orders code by hashes that
/// change with its flags, which alone moves units by up to one in a hundred; growth is more than that.
fn limit(known: u64) -> u64 {
    known + known / 50
}

#[test]
fn no_instruction_grows() {
    let measured = measure();
    for (program, idl) in Idl::all() {
        for instruction in idl.instructions() {
            let name = format!("{program}.{instruction}");
            assert!(measured.0.contains_key(&name), "{name} was not measured");
        }
    }
    if std::env::var_os("CU_UPDATE").is_some() {
        write_units(&measured);
        return;
    }
    let committed = committed_units();
    let grown: Vec<String> = measured
        .0
        .iter()
        .filter_map(|(name, units)| match committed.0.get(name) {
            Some(known) if *units <= limit(*known) => None,
            Some(known) => Some(format!("{name}: {known} -> {units}")),
            None => Some(format!("{name}: new, {units}")),
        })
        .collect();
    assert!(
        grown.is_empty(),
        "compute units grew; look why, and if it is meant run with CU_UPDATE=1:\n{}",
        grown.join("\n")
    );
}

#[test]
fn no_image_is_above_400_kilobytes() {
    for program in Idl::all().keys() {
        let bytes = image(program).len();
        assert!(bytes < 400_000, "{program}.so has {bytes} bytes");
    }
}
