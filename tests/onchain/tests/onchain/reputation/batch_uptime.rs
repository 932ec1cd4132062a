use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use cyxwiz_tests_onchain::{World, address, assert_anchor_error, assert_refused, key};
use reputation::{MAX_BATCH, ReputationError, UptimeSample};
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

const HOUR: i64 = 3_600;
const FULL: UptimeSample = UptimeSample {
    up: 120,
    total: 120,
};

struct Fleet {
    world: World,
    coordinator: Keypair,
    owners: Vec<Pubkey>,
}

impl Fleet {
    /// A market with the records of this many nodes.
    fn of(nodes: usize) -> Self {
        let mut world = World::new();
        let owners: Vec<Pubkey> = (0..nodes)
            .map(|number| key(&format!("node-{number}")).pubkey())
            .collect();
        for owner in &owners {
            world.do_open_node(owner);
        }
        Self {
            coordinator: world.coordinator.insecure_clone(),
            world,
            owners,
        }
    }

    fn records(&self) -> Vec<Pubkey> {
        self.owners.iter().map(address::reputation).collect()
    }

    fn record(&self, node: usize) -> reputation::Reputation {
        self.world.read(&address::reputation(&self.owners[node]))
    }
}

#[test]
fn samples_are_counted_for_their_nodes() {
    let mut fleet = Fleet::of(3);
    let up = [120, 60, 0];
    let samples = up.map(|up| UptimeSample { up, total: 120 }).to_vec();
    let records = fleet.records();
    let sent = fleet
        .world
        .batch_uptime(&records, samples, &fleet.coordinator);
    sent.expect("the coordinator may");
    for (node, (up, score)) in up.into_iter().zip([50, 25, 0]).enumerate() {
        let record = fleet.record(node);
        assert_eq!(
            (record.uptime_up, record.uptime_total, record.score),
            (up.into(), 120, score)
        );
        assert_eq!((record.owner, record.seq), (fleet.owners[node], 1));
        assert_eq!(record.last_uptime_at, fleet.world.now());
    }
}

#[test]
fn a_node_is_reported_on_hourly_at_most() {
    let mut fleet = Fleet::of(2);
    let records = fleet.records();
    let (world, coordinator) = (&mut fleet.world, &fleet.coordinator);
    world
        .batch_uptime(&records[..1], vec![FULL], coordinator)
        .expect("the first report");
    world.advance(HOUR - 1);
    // one node that was just reported on refuses the batch, and nothing of it counts
    let sent = world.batch_uptime(&[records[1], records[0]], vec![FULL; 2], coordinator);
    assert_refused(sent, ReputationError::UptimeTooEarly);
    world.advance(1);
    world
        .batch_uptime(&records, vec![FULL; 2], coordinator)
        .expect("an hour has passed");
    assert_eq!((fleet.record(0).seq, fleet.record(1).seq), (2, 1));
}

#[test]
fn a_node_comes_once_in_a_batch() {
    let mut fleet = Fleet::of(1);
    let record = fleet.records()[0];
    let sent = fleet
        .world
        .batch_uptime(&[record, record], vec![FULL; 2], &fleet.coordinator);
    assert_refused(sent, ReputationError::UptimeTooEarly);
}

#[test]
fn samples_and_records_must_match() {
    let mut fleet = Fleet::of(MAX_BATCH + 1);
    let records = fleet.records();
    for (records, samples) in [
        (&records[..0], 0),
        (&records[..1], 0),
        (&records[..0], 1),
        (&records[..2], 1),
        (&records[..1], 2),
    ] {
        let sent = fleet
            .world
            .batch_uptime(records, vec![FULL; samples], &fleet.coordinator);
        assert_refused(sent, ReputationError::InvalidBatch);
    }
    let impossible = [(0, 0), (1, 0), (2, 1), (121, 121), (255, 255)];
    for (up, total) in impossible {
        let sample = UptimeSample { up, total };
        let sent = fleet
            .world
            .batch_uptime(&records[..1], vec![sample], &fleet.coordinator);
        assert_refused(sent, ReputationError::InvalidUptimeSample);
    }
}

#[test]
fn only_the_coordinator_reports_and_only_on_records() {
    let mut fleet = Fleet::of(1);
    let records = fleet.records();
    let admin = fleet.world.admin.insecure_clone();
    let sent = fleet.world.batch_uptime(&records, vec![FULL], &admin);
    assert_refused(sent, ReputationError::NotCoordinator);

    let user = fleet.world.user("user", 0);
    let wrong = [
        (
            address::user_reputation(&user.pubkey()),
            ErrorCode::AccountDiscriminatorMismatch,
        ),
        (
            address::reputation_config(),
            ErrorCode::AccountDiscriminatorMismatch,
        ),
        (
            address::escrow_config(),
            ErrorCode::AccountOwnedByWrongProgram,
        ),
        (user.token, ErrorCode::AccountOwnedByWrongProgram),
    ];
    for (account, error) in wrong {
        let sent = fleet
            .world
            .batch_uptime(&[account], vec![FULL], &fleet.coordinator);
        assert_anchor_error(sent, error);
    }

    let mut batch =
        World::batch_uptime_instruction(fleet.coordinator.pubkey(), &records, vec![FULL]);
    for account in &mut batch.accounts[2..] {
        account.is_writable = false;
    }
    let sent = fleet.world.send(&[batch], &[&fleet.coordinator]);
    assert_anchor_error(sent, ErrorCode::AccountNotMutable);
}

#[test]
fn a_pause_stops_reports() {
    let mut fleet = Fleet::of(1);
    let records = fleet.records();
    let admin = fleet.world.admin.insecure_clone();
    fleet
        .world
        .set_reputation_paused(true, &admin)
        .expect("the admin pauses");
    let sent = fleet
        .world
        .batch_uptime(&records, vec![FULL], &fleet.coordinator);
    assert_refused(sent, ReputationError::Paused);
}

/// What docs/PROTOCOL.md says of batches: how many nodes fit a transaction, and what each takes.
#[test]
fn as_many_nodes_as_documented_fit_a_transaction() {
    const PACKET: usize = 1_232;
    let mut fleet = Fleet::of(MAX_BATCH);
    let coordinator = fleet.coordinator.insecure_clone();
    let records = fleet.records();
    // with a unit limit and a unit price before it, as the coordinator sends it
    let batch = |nodes: usize| {
        World::with_budget(World::batch_uptime_instruction(
            coordinator.pubkey(),
            &records[..nodes],
            vec![FULL; nodes],
        ))
    };
    let (world, size) = (&mut fleet.world, |transaction: &_| {
        World::wire_size(transaction)
    });
    let legacy = |world: &World, nodes| world.versioned(&batch(nodes), &[], &coordinator);
    let without_table = size(&legacy(world, 27));
    assert!(without_table <= PACKET && size(&legacy(world, 28)) > PACKET);

    // far from the packet's limit: how many accounts a transaction may lock decides
    let table = world.lookup_table(&records);
    let whole = world.versioned(&batch(MAX_BATCH), &[table], &coordinator);
    let bytes = size(&whole);
    let locks = World::locks(&whole);
    assert!(bytes <= PACKET / 2, "{bytes} bytes");
    assert_eq!(locks, 64);

    let sent = world.svm.send_transaction(whole);
    let sent = sent.unwrap_or_else(|failed| panic!("{:?}", failed.err));
    world.units.record_logs(&sent.logs);
    let alone = {
        world.advance(HOUR);
        let one = legacy(world, 1);
        let sent = world.svm.send_transaction(one).expect("an hour later");
        sent.compute_units_consumed
    };
    let each = (sent.compute_units_consumed - alone) / (MAX_BATCH as u64 - 1);
    eprintln!(
        "27 nodes: {without_table} bytes; {MAX_BATCH} nodes: {bytes} bytes, {} units; one: {alone}; each further: {each}",
        sent.compute_units_consumed
    );
    assert!(each <= 1_000, "{each} units per node");
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let coordinator = crowd.scene.world.coordinator.pubkey();
    let record = address::reputation(&crowd.scene.node.pubkey());
    let samples = vec![UptimeSample {
        up: 119,
        total: 120,
    }];
    let batch = World::batch_uptime_instruction(coordinator, &[record], samples);
    crowd.try_call("reputation", "batch_uptime", vec![], batch);
}
