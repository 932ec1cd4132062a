use anchor_lang::error::ErrorCode;
use cyxwiz_tests_onchain::{CYXWIZ, address, assert_anchor_error, assert_refused, job_args, key};
use job_escrow::{EscrowError, State, Verdict, accounts, instruction as ix};
use node_registry::RegistryError;
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, STAKE, Scene};

const BOND: u64 = AMOUNT / 20;

fn decide(scene: &mut Scene, verdict: Verdict) {
    let settlement = scene.world.settlement(&scene.job);
    let judge = key("judge");
    scene
        .world
        .settle_dispute(settlement, verdict, &judge)
        .expect("the dispute is open");
    scene.assert_unlocked();
    scene.balances().assert_conserved();
    let escrow = scene.world.escrow_of(&scene.job);
    assert_eq!((escrow.state, escrow.bond), (State::Resolved, 0));
    assert_eq!(escrow.held().expect("it adds up"), 0);
    assert_eq!(escrow.settled_at, scene.world.now());
}

#[test]
fn for_the_user_all_goes_back_and_the_node_is_slashed_and_banned() {
    let mut scene = Scene::disputed();
    let before = scene.balances();
    decide(
        &mut scene,
        Verdict::ForUser {
            insurance_payout: 0,
        },
    );

    // half of 1,000 staked: 250 to the user, 50 burned, 200 insured
    let after = scene.balances();
    assert_eq!(after.user - before.user, AMOUNT + BOND + 250 * CYXWIZ);
    assert_eq!((after.node, after.platform), (before.node, before.platform));
    assert_eq!(after.vault, 0);
    assert_eq!(after.stake, STAKE - 500 * CYXWIZ);
    assert_eq!(after.insurance, 200 * CYXWIZ);
    assert_eq!(before.supply - after.supply, 50 * CYXWIZ);
    let escrow = scene.world.escrow_of(&scene.job);
    let paid = (escrow.paid_node, escrow.paid_platform, escrow.paid_user);
    assert_eq!(paid, (0, 0, AMOUNT));
    assert!(scene.world.node_of(&scene.node).banned);
    assert_eq!(scene.world.reputation_of(&scene.node).disputes_lost, 1);
    assert_eq!(scene.world.user_reputation_of(&scene.user).disputes_lost, 0);
}

#[test]
fn the_insurance_pays_within_its_bounds() {
    let mut scene = Scene::disputed();
    scene
        .world
        .do_mint(&address::insurance_vault(), 100 * CYXWIZ);
    let settlement = scene.world.settlement(&scene.job);
    let judge = key("judge");
    let above_job = Verdict::ForUser {
        insurance_payout: AMOUNT + 1,
    };
    let sent = scene.world.settle_dispute(settlement, above_job, &judge);
    assert_refused(sent, RegistryError::PayoutAboveJob);

    let before = scene.balances();
    let payout = 5 * CYXWIZ;
    decide(
        &mut scene,
        Verdict::ForUser {
            insurance_payout: payout,
        },
    );
    let after = scene.balances();
    assert_eq!(
        after.user - before.user,
        AMOUNT + BOND + 250 * CYXWIZ + payout
    );
    assert_eq!(after.insurance, before.insurance + 200 * CYXWIZ - payout);
}

#[test]
fn the_insurance_pays_no_more_than_its_share() {
    let mut scene = Scene::disputed();
    let settlement = scene.world.settlement(&scene.job);
    let verdict = Verdict::ForUser {
        insurance_payout: 1,
    };
    // there is nothing in it
    let sent = scene
        .world
        .settle_dispute(settlement, verdict, &key("judge"));
    assert_refused(sent, RegistryError::PayoutAbovePool);
    assert_eq!(scene.world.escrow_of(&scene.job).state, State::Disputed);
}

#[test]
fn for_the_node_it_is_paid_and_gets_the_bond() {
    let mut scene = Scene::disputed();
    let before = scene.balances();
    decide(&mut scene, Verdict::ForNode);

    let after = scene.balances();
    assert_eq!(after.node - before.node, 9 * CYXWIZ + BOND);
    assert_eq!(after.platform - before.platform, CYXWIZ);
    assert_eq!((after.user, after.vault), (before.user, 0));
    assert_eq!((after.stake, after.supply), (STAKE, before.supply));
    let escrow = scene.world.escrow_of(&scene.job);
    assert_eq!(escrow.paid_node + escrow.paid_platform, AMOUNT);
    let node = scene.world.reputation_of(&scene.node);
    assert_eq!((node.jobs_completed, node.disputes_lost), (1, 0));
    assert_eq!(scene.world.user_reputation_of(&scene.user).disputes_lost, 1);
}

#[test]
fn shared_each_gets_its_part_and_the_user_the_bond() {
    let mut scene = Scene::disputed();
    let before = scene.balances();
    decide(&mut scene, Verdict::Shared { node_bps: 6_000 });

    // 6 earned, a tenth of it the fee
    let after = scene.balances();
    assert_eq!(after.node - before.node, 5_400_000_000);
    assert_eq!(after.platform - before.platform, 600_000_000);
    assert_eq!(after.user - before.user, 4 * CYXWIZ + BOND);
    assert_eq!((after.stake, after.supply), (STAKE, before.supply));
    let node = scene.world.reputation_of(&scene.node);
    assert_eq!((node.jobs_completed, node.disputes_lost), (0, 0));
    assert_eq!(scene.world.user_reputation_of(&scene.user).disputes_lost, 0);
}

#[test]
fn shared_wholly_is_one_partys_without_fault() {
    let mut all = Scene::disputed();
    let before = all.balances();
    decide(&mut all, Verdict::Shared { node_bps: 10_000 });
    let after = all.balances();
    assert_eq!(after.node - before.node, 9 * CYXWIZ);
    assert_eq!(after.user - before.user, BOND);

    let mut nothing = Scene::disputed();
    decide(&mut nothing, Verdict::Shared { node_bps: 0 });
    let after = nothing.balances();
    assert_eq!(
        (after.user, after.platform),
        (before.user + AMOUNT + BOND, 0)
    );
    assert_eq!(after.stake, STAKE);

    let mut too_much = Scene::disputed();
    let settlement = too_much.world.settlement(&too_much.job);
    let verdict = Verdict::Shared { node_bps: 10_001 };
    let sent = too_much
        .world
        .settle_dispute(settlement, verdict, &key("judge"));
    assert_refused(sent, EscrowError::InvalidVerdict);
}

#[test]
fn every_verdict_conserves_every_amount() {
    let verdicts = [
        Verdict::ForUser {
            insurance_payout: 0,
        },
        Verdict::ForNode,
        Verdict::Shared { node_bps: 3_333 },
    ];
    // the largest fits with its bond and a stake of 5,000 into what there can be at all
    for amount in [1, 2, 11, 19, 999_999_999, 17_000_000_000_000_000_000] {
        for verdict in verdicts {
            let mut scene = Scene::open();
            let mut args = job_args(2);
            args.amount = amount;
            let rich = (amount / 20 + 1) + amount;
            let user = scene.world.user("rich", rich);
            let node = scene.world.node("strong", 5_000 * CYXWIZ);
            let job = scene.world.do_create_escrow(&user, args);
            scene.world.do_assign_node(&job, &node);
            scene.world.do_submit_completion(&job, &node);
            scene.world.do_open_dispute(&job, &user);
            let mut scene = Scene {
                user,
                node,
                job,
                ..scene
            };
            let settlement = scene.world.settlement(&scene.job);
            let supply = scene.world.supply();
            scene
                .world
                .settle_dispute(settlement, verdict, &key("judge"))
                .unwrap_or_else(|failed| panic!("{verdict:?} of {amount}: {failed:?}"));
            let escrow = scene.world.escrow_of(&scene.job);
            let paid = escrow.paid_node + escrow.paid_user + escrow.paid_platform;
            assert_eq!(paid, amount, "{verdict:?}");
            assert_eq!(scene.world.balance(&scene.job.vault), 0);
            let Scene {
                world, user, node, ..
            } = &scene;
            let slashed = 5_000 * CYXWIZ - world.node_of(node).stake;
            let burned = supply - world.supply();
            // nobody else was paid: what the user and the node hold is all there was, less what left them
            let left = escrow.paid_platform + slashed * 2 / 5;
            let held = world.balance(&user.token) + world.balance(&node.token);
            assert_eq!(
                held + left + burned,
                rich + slashed,
                "{verdict:?} of {amount}"
            );
        }
    }
}

#[test]
fn only_the_dispute_authority_decides() {
    let mut scene = Scene::disputed();
    let settlement = scene.world.settlement(&scene.job);
    let (admin, coordinator) = (
        scene.world.admin.insecure_clone(),
        scene.world.coordinator.insecure_clone(),
    );
    let (user, node) = (
        scene.user.key.insecure_clone(),
        scene.node.key.insecure_clone(),
    );
    for signer in [&admin, &coordinator, &user, &node] {
        let sent = scene
            .world
            .settle_dispute(settlement, Verdict::ForNode, signer);
        assert_refused(sent, EscrowError::NotDisputeAuthority);
    }
}

#[test]
fn the_authority_may_be_replaced_while_a_dispute_is_open() {
    let mut scene = Scene::disputed();
    let (admin, next) = (scene.world.admin.insecure_clone(), key("next-judge"));
    let mut args = scene.world.escrow_config_args(Default::default());
    args.dispute_authority = next.pubkey();
    scene
        .world
        .update_escrow_config_to(args, &admin)
        .expect("the admin may");
    let settlement = scene.world.settlement(&scene.job);
    let sent = scene
        .world
        .settle_dispute(settlement, Verdict::ForNode, &key("judge"));
    assert_refused(sent, EscrowError::NotDisputeAuthority);
    scene
        .world
        .settle_dispute(settlement, Verdict::ForNode, &next)
        .expect("it decides now");
}

#[test]
fn only_an_open_dispute_is_decided_and_once() {
    for mut scene in [
        Scene::assigned(),
        Scene::submitted(),
        Scene::cancelling(1, 1),
    ] {
        let settlement = scene.world.settlement(&scene.job);
        let sent = scene
            .world
            .settle_dispute(settlement, Verdict::ForNode, &key("judge"));
        assert_refused(sent, EscrowError::WrongState);
    }
    let mut twice = Scene::disputed();
    let settlement = twice.world.settlement(&twice.job);
    decide(&mut twice, Verdict::ForNode);
    let sent = twice
        .world
        .settle_dispute(settlement, Verdict::ForNode, &key("judge"));
    // its lock is gone
    assert_anchor_error(sent, ErrorCode::AccountNotInitialized);
}

#[test]
fn the_time_to_decide_ends() {
    let mut scene = Scene::disputed();
    let settlement = scene.world.settlement(&scene.job);
    scene.world.advance(14 * 86_400);
    let sent = scene
        .world
        .settle_dispute(settlement, Verdict::ForNode, &key("judge"));
    assert_refused(sent, EscrowError::DisputeOver);
    scene.world.advance(-1);
    decide(&mut scene, Verdict::ForNode);
}

#[test]
fn a_pause_stops_no_verdict() {
    let mut scene = Scene::disputed();
    let admin = scene.world.admin.insecure_clone();
    scene
        .world
        .set_escrow_paused(true, &admin)
        .expect("the admin pauses");
    scene
        .world
        .set_registry_paused(true, &admin)
        .expect("the admin pauses");
    decide(
        &mut scene,
        Verdict::ForUser {
            insurance_payout: 0,
        },
    );
}

#[test]
fn a_resolved_escrow_closes() {
    let mut scene = Scene::disputed();
    decide(&mut scene, Verdict::Shared { node_bps: 1 });
    scene.world.advance(1);
    let accounts = scene.world.close_accounts(&scene.job, &scene.user.pubkey());
    scene
        .world
        .close(accounts, &[&scene.user.key])
        .expect("it is settled");
    assert!(!scene.world.exists(&scene.job.escrow) && !scene.world.exists(&scene.job.vault));
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::disputed()).with_wallet("judge", &key("judge"));
    let scene = &crowd.scene;
    let accounts = accounts::SettleDispute {
        dispute_authority: key("judge").pubkey(),
        slashing: scene.world.slashing(scene.world.settlement(&scene.job)),
    };
    let verdict = Verdict::ForUser {
        insurance_payout: 0,
    };
    crowd.try_escrow("settle_dispute", accounts, ix::SettleDispute { verdict });
}
