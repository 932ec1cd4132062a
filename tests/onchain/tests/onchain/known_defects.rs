//! Defects that escrows, disputes and marketplaces on other chains have had, each by a test that it is
//! not here. What does not apply to programs is in docs/THREATS.md.

use std::collections::BTreeSet;

use anchor_lang::{ToAccountMetas, prelude::Pubkey};
use cyxwiz_tests_onchain::{
    CYXWIZ, Job, Sent, Wallet, World, address, assert_refused, job_args, key, receipt_of,
    signed_receipt,
};
use job_escrow::{Completion, EscrowError, State, Verdict, accounts};
use node_registry::{RegistryError, SlashReason};
use solana_signer::Signer;

use crate::scene::{AMOUNT, STAKE, Scene};

const DAY: i64 = 86_400;
const FOR_USER: Verdict = Verdict::ForUser {
    insurance_payout: 0,
};

/// Elsewhere the accounts that a verdict pays were not compared with the task's creator: whoever
/// sent the transaction took the money.
#[test]
fn a_verdict_pays_nobody_but_the_parties() {
    let mut scene = Scene::disputed();
    let judge = key("judge");
    let thief = scene.world.wallet("thief", 0);
    let right = scene.world.settlement(&scene.job);
    let verdicts = [
        FOR_USER,
        Verdict::ForNode,
        Verdict::Shared { node_bps: 5_000 },
    ];
    for verdict in verdicts {
        let places: [fn(&mut accounts::Settlement) -> &mut Pubkey; 3] = [
            |accounts| &mut accounts.user_token,
            |accounts| &mut accounts.node_token,
            |accounts| &mut accounts.platform_vault,
        ];
        for place in places {
            let mut wrong = right;
            *place(&mut wrong) = thief.token;
            let sent = scene.world.settle_dispute(wrong, verdict, &judge);
            assert!(sent.is_err(), "{verdict:?} paid a thief");
        }
    }
    assert_eq!(scene.world.balance(&thief.token), 0);
    assert_eq!(scene.world.escrow_of(&scene.job).state, State::Disputed);
}

/// Elsewhere a worker claimed a task, vanished, and the escrow stayed locked for good.
#[test]
fn a_node_that_takes_a_job_and_vanishes_traps_nothing() {
    let mut scene = Scene::assigned();
    let before = scene.balances();
    let anyone = scene.world.wallet("anyone", 0);
    let deadline = scene.world.escrow_of(&scene.job).deadline;
    scene.world.set_time(deadline + 1);
    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .timeout_refund(settlement, &anyone.key)
        .expect("anyone may, once the deadline has passed");
    assert_eq!(scene.balances().user - before.user, AMOUNT);
    scene.assert_unlocked();
}

/// Elsewhere any 32 bytes that are not zero were a result, and were paid. Here they open a window in
/// which the user, who sees the weights, disputes: then nothing is paid before somebody has looked.
#[test]
fn any_32_bytes_are_no_result_that_must_be_paid() {
    let mut scene = Scene::assigned();
    let before = scene.balances();
    let made_up = Completion {
        final_root: [0xff; 32],
        weights_hash: [0xff; 32],
        epochs: 20,
        training_seconds: 1,
    };
    scene
        .world
        .submit_completion(&scene.job, made_up, &scene.node.key)
        .expect("the chain cannot see the weights");
    scene.world.do_open_dispute(&scene.job, &scene.user);
    scene.world.advance(10 * DAY);
    let settlement = scene.world.settlement(&scene.job);
    let sent = scene.world.release(settlement, &scene.node.key);
    assert_refused(sent, EscrowError::WrongState);
    scene
        .world
        .settle_dispute(settlement, FOR_USER, &key("judge"))
        .expect("the dispute is open");
    let after = scene.balances();
    assert_eq!(after.node, before.node);
    assert!(after.user > before.user && after.stake < before.stake);
}

/// Elsewhere the keys of the loser were compared wrongly, so that slashing always failed, or the
/// counter of slashes was read by nobody.
#[test]
fn whoever_loses_a_dispute_really_pays() {
    let judge = key("judge");
    let mut lost_by_node = Scene::disputed();
    let settlement = lost_by_node.world.settlement(&lost_by_node.job);
    lost_by_node
        .world
        .settle_dispute(settlement, FOR_USER, &judge)
        .expect("the dispute is open");
    let node = lost_by_node.world.node_of(&lost_by_node.node);
    assert_eq!((node.stake, node.banned), (STAKE / 2, true));

    let mut lost_by_user = Scene::disputed();
    let before = lost_by_user.balances();
    let bond = lost_by_user.world.escrow_of(&lost_by_user.job).bond;
    let settlement = lost_by_user.world.settlement(&lost_by_user.job);
    lost_by_user
        .world
        .settle_dispute(settlement, Verdict::ForNode, &judge)
        .expect("the dispute is open");
    let after = lost_by_user.balances();
    assert_eq!(after.node - before.node, AMOUNT - AMOUNT / 10 + bond);
    assert_eq!((after.user, after.stake), (before.user, before.stake));
    let record = lost_by_user.world.user_reputation_of(&lost_by_user.user);
    assert_eq!(record.disputes_lost, 1);
}

/// Every way in which a job ends, each from its beginning.
fn ends() -> Vec<(&'static str, Scene)> {
    let settle = |mut scene: Scene, wait: i64, end: fn(&mut Scene) -> Sent| {
        scene.world.advance(wait);
        end(&mut scene).expect("its time has come");
        scene
    };
    vec![
        ("accept", Scene::paid()),
        (
            "release",
            settle(Scene::submitted(), DAY, |scene| {
                let settlement = scene.world.settlement(&scene.job);
                scene.world.release(settlement, &scene.user.key)
            }),
        ),
        (
            "settle_cancel",
            settle(Scene::cancelling(7, 7), 900, |scene| {
                let settlement = scene.world.settlement(&scene.job);
                scene.world.settle_cancel(settlement, &scene.user.key)
            }),
        ),
        (
            "fail",
            settle(Scene::assigned(), 0, |scene| {
                let settlement = scene.world.settlement(&scene.job);
                scene.world.fail(settlement, &scene.node.key)
            }),
        ),
        (
            "timeout_refund",
            settle(Scene::assigned(), 3_601, |scene| {
                let settlement = scene.world.settlement(&scene.job);
                scene.world.timeout_refund(settlement, &scene.user.key)
            }),
        ),
        (
            "settle_dispute",
            settle(Scene::disputed(), 0, |scene| {
                let settlement = scene.world.settlement(&scene.job);
                let judge = key("judge");
                scene.world.settle_dispute(settlement, FOR_USER, &judge)
            }),
        ),
        (
            "expire_dispute",
            settle(Scene::disputed(), 14 * DAY, |scene| {
                let settlement = scene.world.settlement(&scene.job);
                scene.world.expire_dispute(settlement, &scene.user.key)
            }),
        ),
    ]
}

/// Elsewhere counters of votes and claims were never counted down, and the stake behind them stayed
/// for good; or an administrator's exit closed the run and left the job's state as it was.
#[test]
fn no_counter_keeps_stake_after_its_job() {
    for (end, mut scene) in ends() {
        scene.assert_unlocked();
        let escrow = scene.world.escrow_of(&scene.job);
        assert!(escrow.state.is_settled(), "{end}");
        assert_eq!(scene.world.balance(&scene.job.vault), 0, "{end}");
        let (node, left) = (scene.node_address(), scene.world.node_of(&scene.node).stake);
        scene
            .world
            .request_unstake(node, left, &scene.node.key)
            .unwrap_or_else(|_| panic!("all stake is free after {end}"));
        scene.world.advance(60 * DAY);
        let withdraw = scene.world.withdraw_accounts(&scene.node);
        let before = scene.world.balance(&scene.node.token);
        scene
            .world
            .withdraw(withdraw, &[&scene.node.key])
            .unwrap_or_else(|_| panic!("all stake comes back after {end}"));
        let after = scene.world.balance(&scene.node.token);
        assert_eq!(after - before, left, "{end}");
        assert_eq!(scene.world.node_of(&scene.node).stake, 0, "{end}");
    }
}

/// Elsewhere a job was paid a second time through another way out.
#[test]
fn what_is_settled_is_never_settled_again() {
    for (end, mut scene) in ends() {
        let before = scene.balances();
        scene.world.advance(100 * DAY);
        let settlement = scene.world.settlement(&scene.job);
        let (world, user, node) = (&mut scene.world, &scene.user.key, &scene.node.key);
        let again = [
            world.accept(settlement, user),
            world.release(settlement, user),
            world.settle_cancel(settlement, node),
            world.fail(settlement, node),
            world.timeout_refund(settlement, user),
            world.settle_dispute(settlement, FOR_USER, &key("judge")),
            world.expire_dispute(settlement, user),
            world.cancel(&scene.job, user),
        ];
        assert!(again.iter().all(Result::is_err), "{end}");
        assert_eq!(scene.balances(), before, "{end}");
    }
}

/// Elsewhere the parties voted in their own dispute.
#[test]
fn no_party_decides_its_own_dispute() {
    let mut scene = Scene::disputed();
    let settlement = scene.world.settlement(&scene.job);
    let (admin, coordinator) = (
        scene.world.admin.insecure_clone(),
        scene.world.coordinator.insecure_clone(),
    );
    for party in [&scene.user.key, &scene.node.key, &admin, &coordinator] {
        for verdict in [FOR_USER, Verdict::ForNode] {
            let sent = scene.world.settle_dispute(settlement, verdict, party);
            assert_refused(sent, EscrowError::NotDisputeAuthority);
        }
    }
    // not even one that has become the dispute authority
    for party in [&scene.user.key, &scene.node.key] {
        let mut args = scene
            .world
            .escrow_config_args(job_escrow::Params::default());
        args.dispute_authority = party.pubkey();
        scene
            .world
            .update_escrow_config_to(args, &admin)
            .expect("the admin names the authority");
        let sent = scene.world.settle_dispute(settlement, FOR_USER, party);
        assert_refused(sent, EscrowError::OwnDispute);
    }
}

/// Elsewhere a dispute cost nothing, so that every result could be blocked for free.
#[test]
fn no_dispute_is_free() {
    let mut scene = Scene::open();
    let mut args = job_args(2);
    args.amount = 1;
    let job = scene.world.do_create_escrow(&scene.user, args);
    scene.world.do_assign_node(&job, &scene.node);
    scene.world.do_submit_completion(&job, &scene.node);
    let before = scene.balances().user;
    scene.world.do_open_dispute(&job, &scene.user);
    assert_eq!(before - scene.balances().user, 1);
}

/// Elsewhere a slash was measured against the stake of the moment: a node could shrink it before the
/// verdict, or was punished for a deposit that came later.
#[test]
fn slashes_are_measured_by_the_stake_at_assignment() {
    let mut more = Scene::disputed();
    let token = more.node.token;
    more.world.do_mint(&token, STAKE);
    more.world.do_stake(&more.node, STAKE);
    let mut less = Scene::disputed();
    let node = less.node_address();
    less.world
        .request_unstake(node, 800 * CYXWIZ, &less.node.key)
        .expect("800 are free");
    for (scene, staked) in [(&mut more, 2 * STAKE), (&mut less, STAKE)] {
        let settlement = scene.world.settlement(&scene.job);
        scene
            .world
            .settle_dispute(settlement, FOR_USER, &key("judge"))
            .expect("the dispute is open");
        let node = scene.world.node_of(&scene.node);
        assert_eq!(node.stake, staked - STAKE / 2);
        assert!(node.unstake_amount <= node.stake);
    }
}

/// Elsewhere an arbiter voted and deregistered, out of reach of what followed. Here no stake can leave
/// before its job has ended.
#[test]
fn nobody_leaves_before_the_verdict() {
    let mut scene = Scene::disputed();
    let node = scene.node_address();
    let locked = scene.world.node_of(&scene.node).locked;
    let sent = scene
        .world
        .request_unstake(node, STAKE - locked + 1, &scene.node.key);
    assert_refused(sent, RegistryError::InsufficientStake);
}

/// Elsewhere a voucher of one channel was redeemed in another.
#[test]
fn a_receipt_counts_for_one_escrow_only() {
    let mut scene = Scene::assigned();
    let Scene {
        world,
        user,
        node,
        job,
    } = &mut scene;
    let other_user = world.user("other-user", 100 * CYXWIZ);
    let others: [(&Wallet, Job); 2] = [
        // another job of the same user, and the job of the same name of another user
        (user, world.do_create_escrow(user, job_args(2))),
        (
            &other_user,
            world.do_create_escrow(&other_user, job_args(1)),
        ),
    ];
    for (_, other) in &others {
        world.do_assign_node(other, node);
    }
    let receipt = receipt_of(20, 20);
    for (owner, other) in &others {
        let check = signed_receipt(&job.escrow, &receipt, &user.key);
        let present = World::present_receipt_instruction(other, receipt);
        let sent = world.send(&[check, present], &[]);
        let error = if owner.pubkey() == user.pubkey() {
            EscrowError::ReceiptMessageMismatch
        } else {
            EscrowError::ReceiptSignerMismatch
        };
        assert_refused(sent, error);
    }
}

/// Elsewhere one authority slashed anybody by any amount, for no job.
#[test]
fn no_key_slashes_at_will() {
    let mut scene = Scene::assigned();
    let node = scene.node_address();
    let keys = [
        scene.world.admin.insecure_clone(),
        scene.world.coordinator.insecure_clone(),
        key("judge"),
    ];
    for key in &keys {
        let reason = Some(SlashReason::InvalidProof);
        let sent = scene
            .world
            .release_lock(scene.job.escrow, node, reason, key);
        assert_refused(sent, RegistryError::NotSettlementAuthority);
    }
    // nor does the dispute authority without a dispute
    let settlement = scene.world.settlement(&scene.job);
    let sent = scene
        .world
        .settle_dispute(settlement, FOR_USER, &key("judge"));
    assert_refused(sent, EscrowError::WrongState);
    // and the admin sets no slash above its bound
    let params = node_registry::Params {
        slash_timeout_bps: 10_000,
        ..Default::default()
    };
    let sent = scene.world.update_registry_config(params, &keys[0]);
    assert_refused(sent, RegistryError::ParameterOutOfBounds);
}

/// Elsewhere one account of the market was locked for writing by every call, so that all jobs queued
/// behind each other, and a list in it could be full.
#[test]
fn running_jobs_of_different_users_share_no_writable_account() {
    let mut scene = Scene::assigned();
    let world = &mut scene.world;
    let user = world.user("other-user", 100 * CYXWIZ);
    let node = world.node("other-node", STAKE);
    let job = world.do_create_escrow(&user, job_args(1));
    world.do_assign_node(&job, &node);
    let writable = |user: &Wallet, node: &Wallet, job: &Job| -> BTreeSet<Pubkey> {
        let create = world.create_escrow_accounts(user, job);
        let assign = world.assign_node_accounts(job, &node.pubkey());
        let submit = world.submit_completion_accounts(job, &node.pubkey());
        let dispute = world.open_dispute_accounts(job);
        let metas = [
            create.to_account_metas(None),
            assign.to_account_metas(None),
            submit.to_account_metas(None),
            dispute.to_account_metas(None),
        ];
        let written = metas.into_iter().flatten().filter(|it| it.is_writable);
        written.map(|it| it.pubkey).collect()
    };
    let one = writable(&scene.user, &scene.node, &scene.job);
    let other = writable(&user, &node, &job);
    // the coordinator pays the rent of locks; it may have as many wallets as it wants queues
    let shared: Vec<&Pubkey> = one.intersection(&other).collect();
    assert_eq!(shared, [&world.coordinator.pubkey()]);
}

/// Elsewhere a party that sent the largest number there is stalled the others.
#[test]
fn numbers_beyond_all_bounds_stall_nobody() {
    let mut scene = Scene::assigned();
    let Scene {
        world,
        user,
        node,
        job,
    } = &mut scene;
    let sent = world.anchor_checkpoint(job, u32::MAX, &node.key);
    assert_refused(sent, EscrowError::InvalidCheckpoint);
    let receipt = receipt_of(u32::MAX, u32::MAX);
    let sent = world.present_receipt(job, receipt, &receipt, &user.key);
    assert_refused(sent, EscrowError::InvalidReceipt);
    let accounts = world.extend_deadline_accounts(job);
    let sent = world.extend_deadline(accounts, u32::MAX, &[&user.key]);
    assert_refused(sent, EscrowError::TimeoutOutOfBounds);
    let sent = world.top_up(job, user, u64::MAX);
    assert_refused(sent, EscrowError::MathOverflow);
    let stake = address::node(&node.pubkey());
    let sent = world.request_unstake(stake, u64::MAX, &node.key);
    assert_refused(sent, RegistryError::InsufficientStake);
    world.do_submit_completion(job, node);
    world.do_accept(job, user);
    assert_eq!(world.escrow_of(job).state, State::Paid);
}

/// Elsewhere a stranger sent lamports to an address before its account was made, and so kept it from
/// ever being made.
#[test]
fn lamports_sent_ahead_block_no_account() {
    // less and more than the rent of any of them
    for lamports in [900_000, 1_000_000_000] {
        let mut scene = Scene::open();
        let Scene {
            world, user, node, ..
        } = &mut scene;
        let args = job_args(2);
        let job = Job::new(&user.pubkey(), &args.job_id);
        let newcomer = world.wallet("newcomer", 0);
        let newcomers = address::node(&newcomer.pubkey());
        let ahead = [
            job.escrow,
            job.vault,
            address::lock(&job.escrow),
            newcomers,
            address::stake_vault(&newcomers),
            address::reputation(&newcomer.pubkey()),
            address::user_reputation(&newcomer.pubkey()),
            address::rating(&job.escrow),
        ];
        for at in &ahead {
            let sent = world.svm.airdrop(at, lamports);
            sent.expect("the faucet is full");
        }
        world.do_register(&newcomer);
        world.do_open_node(&newcomer.pubkey());
        world.do_open_user(&newcomer.pubkey());
        world.do_create_escrow(user, args);
        world.do_assign_node(&job, node);
        world.do_submit_completion(&job, node);
        world.do_accept(&job, user);
        let rating = world.rate_accounts(&job, &node.pubkey());
        world
            .rate(rating, 5, &[&user.key])
            .expect("the job is paid");
    }
}

/// Elsewhere a party closed the account that it was to be paid into, and so held up everybody else.
#[test]
fn a_closed_token_account_holds_up_nobody() {
    let mut scene = Scene::submitted();
    scene.world.remove(&scene.node.token);
    let settlement = scene.world.settlement(&scene.job);
    assert!(scene.world.accept(settlement, &scene.user.key).is_err());
    // anyone opens it again, at the payee's address
    let (owner, mint) = (scene.node.pubkey(), scene.world.mint);
    scene.world.do_create_token_account(&owner, &mint);
    scene.world.do_accept(&scene.job, &scene.user);
    assert_eq!(scene.balances().node, AMOUNT / 10 * 9);
}

/// Elsewhere an account that was closed and made again kept what it had counted.
#[test]
fn an_escrow_made_again_at_its_address_starts_from_nothing() {
    let mut scene = Scene::cancelling(7, 7);
    let Scene {
        world,
        user,
        node,
        job,
    } = &mut scene;
    let settlement = world.settlement(job);
    world
        .settle_cancel(settlement, &node.key)
        .expect("the node settles at once");
    world.advance(1);
    let close = world.close_accounts(job, &user.pubkey());
    world.close(close, &[&user.key]).expect("it is settled");
    let again = world.do_create_escrow(user, job_args(1));
    assert_eq!(again.escrow, job.escrow);
    let escrow = world.escrow_of(&again);
    assert_eq!((escrow.state, escrow.seq), (State::Open, 1));
    assert_eq!((escrow.receipt_seen, escrow.receipt_held), (0, 0));
    assert_eq!(
        escrow.paid_node + escrow.paid_user + escrow.paid_platform,
        0
    );
    assert_eq!((escrow.node, escrow.cancel_at), (Pubkey::default(), 0));
}
