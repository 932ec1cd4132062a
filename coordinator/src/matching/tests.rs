use std::time::{Duration, Instant};

use cyxwiz_chain::required_stake;
use cyxwiz_domain::{
    Address, Amount, Digest, Tier,
    pricing::PriceTable,
    spec::{JobSpec, RuntimeClass},
};
use cyxwiz_statement::Registered;
use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_000_000;

fn spec(resources: &str) -> JobSpec {
    let text = format!(
        r#"
        [job]
        name = "digits"
        epochs = 20
        [dataset]
        format = "csv"
        shape = [64]
        [[model.layers]]
        type = "linear"
        out = 10
        [training]
        loss = "cross_entropy"
        batch = 64
        [optimizer]
        type = "adam"
        lr = 0.001
        [resources]
        {resources}
        "#
    );
    JobSpec::from_toml(&text).expect("a sound spec")
}

/// A job whose proof is made with the circuit `z16x4-ci`.
fn proven() -> JobSpec {
    let text = r#"
        [job]
        name = "blobs"
        epochs = 4
        [dataset]
        format = "csv"
        shape = [16]
        [model]
        layers = [{ type = "linear", out = 4, bias = false }]
        [training]
        loss = "hard_sigmoid"
        batch = 8
        [optimizer]
        type = "int_sgd"
        rate = 24
        [verification]
        tier = "zk-exact"
        circuit = "z16x4-ci"
        "#;
    JobSpec::from_toml(text).expect("a sound spec")
}

/// A job that may be audited, in the runtime class of this release.
fn audited() -> JobSpec {
    let section = "gpu = 'any'\n[verification]\ntier = 'audited'\ncircuit = 't100x16'";
    spec(section)
}

fn class(name: &str) -> Digest {
    RuntimeClass::by_name(name).expect("a class").hash()
}

fn circuit(name: &str) -> Digest {
    Digest(Registered::by_name(name).expect("registered").id)
}

/// A node that makes proofs with these circuits.
fn prover(byte: u8, circuits: &[&str]) -> Candidate {
    Candidate {
        circuits: circuits.iter().map(|name| circuit(name)).collect(),
        ..node(byte)
    }
}

fn owners(plan: &Plan) -> Vec<Address> {
    plan.ranked.iter().map(|found| found.owner).collect()
}

fn node(byte: u8) -> Candidate {
    Candidate {
        owner: Address([byte; 32]),
        device: "NVIDIA GeForce RTX 3070".into(),
        region: "eu".into(),
        vram_mib: 8192,
        ram_mib: 16384,
        rate_milli: 1000,
        free_stake: Amount::tokens(200),
        active_jobs: 0,
        suspended_until: 0,
        banned: false,
        reputation: 650,
        online: true,
        busy: false,
        handed_back: 0,
        circuits: Vec::new(),
        runtime_classes: Vec::new(),
    }
}

fn solve(spec: &JobSpec, nodes: &[Candidate]) -> Plan {
    solve_with(spec, nodes, |_| ())
}

fn solve_with(spec: &JobSpec, nodes: &[Candidate], change: impl FnOnce(&mut Problem<'_>)) -> Plan {
    let prices = PriceTable::default();
    let mut problem = Problem {
        spec,
        rows: 1797,
        user: None,
        budget: None,
        handed_back: &[],
        prices: &prices,
        timeouts: Timeouts {
            factor: 4,
            min_seconds: 600,
            proof_seconds: 1200,
            max_seconds: 30 * 86_400,
        },
        now: NOW,
        nodes,
    };
    change(&mut problem);
    plan(&problem)
}

/// The one reason why `node` is refused.
fn refusal(resources: &str, node: Candidate) -> Rejection {
    let mut plan = solve(&spec(resources), &[node]);
    assert!(plan.ranked.is_empty(), "{:?}", plan.ranked);
    plan.rejected.pop().expect("refused").1
}

#[test]
fn each_filter_says_why() {
    let cases = [
        (
            "",
            Candidate {
                online: false,
                ..node(1)
            },
            Rejection::Offline,
        ),
        (
            "",
            Candidate {
                banned: true,
                ..node(1)
            },
            Rejection::Banned,
        ),
        (
            "",
            Candidate {
                suspended_until: NOW + 1,
                ..node(1)
            },
            Rejection::Suspended(NOW + 1),
        ),
        (
            "",
            Candidate {
                busy: true,
                ..node(1)
            },
            Rejection::Busy,
        ),
        (
            "gpu = 'H100'",
            node(1),
            Rejection::Device("NVIDIA GeForce RTX 3070".into()),
        ),
        ("region = 'us'", node(1), Rejection::Region("eu".into())),
        ("vram_mib = 9000", node(1), Rejection::Vram(8192)),
        ("ram_mib = 20000", node(1), Rejection::Ram(16384)),
        ("min_tier = 'diamond'", node(1), Rejection::Tier(Tier::Gold)),
        (
            "",
            Candidate {
                free_stake: Amount::tokens(49),
                ..node(1)
            },
            Rejection::Stake {
                free: Amount::tokens(49),
                needed: Amount::tokens(50),
            },
        ),
    ];
    for (resources, node, expected) in cases {
        assert_eq!(refusal(resources, node), expected);
    }
}

#[test]
fn a_node_too_slow_for_the_chain_is_refused() {
    let spec = spec("");
    let plan = solve_with(&spec, &[node(1)], |problem| {
        problem.timeouts.max_seconds = 599
    });
    assert_eq!(plan.rejected[0].1, Rejection::TooSlow(600));
}

#[test]
fn case_and_part_of_a_device_name_are_enough() {
    let plan = solve(&spec("gpu = 'rtx 3070'\nregion = 'EU'"), &[node(1)]);
    assert_eq!(plan.ranked.len(), 1);
}

#[test]
fn nobody_runs_a_job_at_home() {
    let spec = spec("");
    let plan = solve_with(&spec, &[node(1), node(2)], |problem| {
        problem.user = Some(Address([1; 32]));
    });
    assert_eq!(plan.ranked[0].owner, Address([2; 32]));
    assert_eq!(plan.rejected, [(Address([1; 32]), Rejection::OwnNode)]);
}

#[test]
fn a_job_with_a_proof_goes_to_nodes_that_make_such_proofs_alone() {
    let nodes = [
        // Better in every other respect.
        Candidate {
            reputation: 1000,
            rate_milli: 4000,
            ..node(1)
        },
        prover(2, &["t100x16", "z64x10-k2"]),
        prover(3, &["t100x16", "z16x4-ci"]),
    ];
    let plan = solve(&proven(), &nodes);
    assert_eq!(owners(&plan), [Address([3; 32])]);
    let none = Rejection::Circuit("z16x4-ci");
    let expected = [1, 2].map(|byte| (Address([byte; 32]), none.clone()));
    assert_eq!(plan.rejected, expected);

    let plan = solve(&proven(), &nodes[..2]);
    let why = "2 x makes no proofs with the circuit z16x4-ci";
    assert_eq!(plan.why_none(), why);
}

/// The challenge may have to wait for a nonce that never comes.
#[test]
fn a_job_with_a_proof_gets_the_time_that_a_proof_may_take() {
    let timeout = |spec: &JobSpec| {
        let plan = solve(spec, &[prover(1, &["z16x4-ci"])]);
        plan.ranked[0].timeout_seconds
    };
    assert_eq!(timeout(&spec("")), 600);
    assert_eq!(timeout(&proven()), 600 + 1200);
    let short = |problem: &mut Problem<'_>| problem.timeouts.max_seconds = 1_799;
    let plan = solve_with(&proven(), &[prover(1, &["z16x4-ci"])], short);
    let needed = Rejection::TooSlow(1_800);
    assert_eq!(plan.rejected, [(Address([1; 32]), needed)]);
}

#[test]
fn what_a_node_proves_is_nothing_to_a_job_without_a_proof() {
    let plain: Vec<_> = (1..=4)
        .map(|byte| Candidate {
            reputation: 600 + 50 * u16::from(byte % 3),
            ..node(byte)
        })
        .collect();
    let mut proving = plain.clone();
    for (number, node) in proving.iter_mut().enumerate() {
        node.circuits = vec![circuit("z16x4-ci"); number % 2];
    }
    assert_eq!(solve(&spec(""), &plain), solve(&spec(""), &proving));
    // And to one with a proof no more than that: who makes it is ranked as ever.
    for node in &mut proving {
        node.circuits = vec![circuit("z16x4-ci")];
    }
    let (with, without) = (solve(&proven(), &proving), solve(&spec(""), &plain));
    assert_eq!(owners(&with), owners(&without));
}

#[test]
fn a_job_of_a_runtime_class_goes_to_nodes_that_keep_it_alone() {
    let keeper = |byte, classes: &[&str]| Candidate {
        runtime_classes: classes.iter().map(|name| class(name)).collect(),
        ..prover(byte, &["t100x16"])
    };
    let nodes = [
        // Better in every other respect.
        Candidate {
            reputation: 1000,
            rate_milli: 4000,
            ..keeper(1, &[])
        },
        keeper(2, &["torch-2.11-avx2-4"]),
        keeper(3, &["torch-2.11-avx2-4", "torch-2.11-avx2-1"]),
    ];
    let plan = solve(&audited(), &nodes);
    assert_eq!(owners(&plan), [Address([3; 32])]);
    let none = Rejection::RuntimeClass("torch-2.11-avx2-1");
    let expected = [1, 2].map(|byte| (Address([byte; 32]), none.clone()));
    assert_eq!(plan.rejected, expected);

    let plan = solve(&audited(), &nodes[..2]);
    let why = "2 x does not keep the runtime class torch-2.11-avx2-1";
    assert_eq!(plan.why_none(), why);
    // To a job that any machine will do for, classes are nothing.
    assert_eq!(solve(&spec(""), &nodes).ranked.len(), 3);
}

#[test]
fn who_often_hands_jobs_back_comes_last_for_everybody_and_still_fits() {
    let handed_back = |byte, handed_back| Candidate {
        handed_back,
        ..node(byte)
    };
    let best = Candidate {
        reputation: 1000,
        rate_milli: 4000,
        ..handed_back(1, 3)
    };
    // Twice may be bad luck: that changes nothing.
    let nodes = [best.clone(), handed_back(2, 2), node(3)];
    let spec = spec("");
    let plan = solve(&spec, &nodes);
    assert_eq!(owners(&plan), [2, 3, 1].map(|byte| Address([byte; 32])));
    assert_eq!(plan.rejected, []);
    // Also after one that has only just let this user down.
    let plan = solve_with(&spec, &nodes, |problem| {
        problem.handed_back = &[Address([2; 32])];
    });
    assert_eq!(owners(&plan), [3, 2, 1].map(|byte| Address([byte; 32])));
    assert_eq!(owners(&solve(&spec, &[best])), [Address([1; 32])]);
}

#[test]
fn who_has_just_handed_a_job_back_comes_last_and_still_fits() {
    let best = Candidate {
        reputation: 1000,
        rate_milli: 4000,
        ..node(1)
    };
    let spec = spec("");
    let solve = |nodes: &[Candidate]| {
        solve_with(&spec, nodes, |problem| {
            problem.handed_back = &[Address([1; 32])];
        })
    };
    let plan = solve(&[best.clone(), node(2), node(3)]);
    assert_eq!(owners(&plan), [2, 3, 1].map(|byte| Address([byte; 32])));
    assert_eq!(plan.rejected, []);
    assert_eq!(owners(&solve(&[best])), [Address([1; 32])]);
}

#[test]
fn a_newcomer_takes_small_jobs_only() {
    let newcomer = Candidate {
        reputation: 0,
        free_stake: Amount::tokens(10_000),
        ..node(1)
    };
    let spec = spec("");
    assert_eq!(
        solve(&spec, std::slice::from_ref(&newcomer)).ranked.len(),
        1
    );
    let plan = solve_with(&spec, &[newcomer], |problem| {
        problem.budget = Some(Amount::tokens(10));
    });
    assert_eq!(plan.rejected[0].1, Rejection::TooNew(Amount::tokens(10)));
}

#[test]
fn a_funded_job_never_goes_beyond_its_escrow() {
    let spec = spec("");
    let plan = solve_with(&spec, &[node(1)], |problem| {
        problem.budget = Some(Amount(1));
    });
    assert!(matches!(plan.rejected[0].1, Rejection::Price(_)));
}

#[test]
fn better_reputation_and_less_load_come_first() {
    let spec = spec("");
    let (good, better) = (
        node(9),
        Candidate {
            reputation: 700,
            ..node(8)
        },
    );
    let plan = solve(&spec, &[good.clone(), better]);
    assert_eq!(plan.ranked[0].owner, Address([8; 32]));
    let loaded = Candidate {
        active_jobs: 1,
        ..node(1)
    };
    assert_eq!(
        solve(&spec, &[loaded, good]).ranked[0].owner,
        Address([9; 32])
    );
}

#[test]
fn the_summary_counts_reasons() {
    let offline = |byte| Candidate {
        online: false,
        ..node(byte)
    };
    let busy = Candidate {
        busy: true,
        ..node(3)
    };
    let plan = solve(&spec(""), &[offline(1), offline(2), busy]);
    assert_eq!(plan.why_none(), "2 x offline; 1 x busy with another job");
}

#[test]
fn ten_thousand_nodes_take_milliseconds() {
    let nodes: Vec<_> = (0..10_000u32)
        .map(|i| {
            let mut owner = [0; 32];
            owner[..4].copy_from_slice(&i.to_be_bytes());
            Candidate {
                owner: Address(owner),
                reputation: (i % 1001) as u16,
                rate_milli: 500 + i % 2000,
                ..node(0)
            }
        })
        .collect();
    let spec = spec("");
    let start = Instant::now();
    let plan = solve(&spec, &nodes);
    let took = start.elapsed();
    assert_eq!(plan.ranked.len(), 10_000);
    // Unoptimised, on a machine that does other things too.
    assert!(took < Duration::from_secs(2), "{took:?}");
}

prop_compose! {
    fn any_node()(
        byte: u8,
        rate_milli in 1u32..5000,
        reputation in 0u16..=1000,
        tokens in 0u64..6000,
        active_jobs in 0u32..4,
        suspended in any::<bool>(),
        online in prop::bool::weighted(0.8),
        busy in prop::bool::weighted(0.2),
        banned in prop::bool::weighted(0.1),
        vram_mib in 0u32..16_384,
        region in prop::sample::select(vec!["eu", "us", ""]),
        handed_back in 0u32..6,
    ) -> Candidate {
        Candidate {
            rate_milli, reputation, active_jobs, online, busy, banned, vram_mib, handed_back,
            free_stake: Amount::tokens(tokens),
            suspended_until: if suspended { NOW + 10 } else { 0 },
            region: region.into(),
            ..node(byte)
        }
    }
}

fn any_nodes() -> impl Strategy<Value = Vec<Candidate>> {
    prop::collection::vec(any_node(), 0..40).prop_map(|mut nodes| {
        nodes.sort_by_key(|node| node.owner);
        nodes.dedup_by_key(|node| node.owner);
        nodes
    })
}

/// `owner`'s place, if it had one, is none worse once the node is `better`.
fn better_never_ranks_lower(
    mut nodes: Vec<Candidate>,
    owner: Address,
    better: impl Fn(&mut Candidate),
) -> Result<(), TestCaseError> {
    let spec = spec("");
    let rank = |nodes: &[Candidate]| {
        let plan = solve(&spec, nodes);
        plan.ranked.iter().position(|found| found.owner == owner)
    };
    let before = rank(&nodes);
    for node in nodes.iter_mut().filter(|node| node.owner == owner) {
        better(node);
    }
    if let Some(before) = before {
        prop_assert!(rank(&nodes).expect("still fits") <= before);
    }
    Ok(())
}

proptest! {
    #[test]
    fn every_node_is_ranked_or_refused(nodes in any_nodes()) {
        let plan = solve(&spec("region = 'eu'\nvram_mib = 4096"), &nodes);
        let mut all: Vec<_> = plan.ranked.iter().map(|m| m.owner).collect();
        all.extend(plan.rejected.iter().map(|(owner, _)| *owner));
        all.sort();
        let expected: Vec<_> = nodes.iter().map(|node| node.owner).collect();
        prop_assert_eq!(all, expected);
    }

    #[test]
    fn a_ranked_node_passes_every_filter(nodes in any_nodes()) {
        let plan = solve(&spec("region = 'eu'\nvram_mib = 4096"), &nodes);
        for found in &plan.ranked {
            let node = nodes.iter().find(|node| node.owner == found.owner).expect("known");
            prop_assert!(node.online && !node.busy && !node.banned);
            prop_assert!(node.suspended_until <= NOW && node.region == "eu");
            prop_assert!(node.vram_mib >= 4096);
            prop_assert!(node.free_stake >= required_stake(found.price.amount));
            prop_assert!(found.timeout_seconds >= found.estimated_seconds);
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(nodes in any_nodes(), seed: u64) {
        let spec = spec("");
        let mut shuffled = nodes.clone();
        let mut state = seed | 1;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(i, (state >> 33) as usize % (i + 1));
        }
        prop_assert_eq!(solve(&spec, &nodes).ranked, solve(&spec, &shuffled).ranked);
    }

    #[test]
    fn fewer_jobs_handed_back_never_rank_lower(nodes in any_nodes(), pick: prop::sample::Index) {
        prop_assume!(!nodes.is_empty());
        let owner = nodes[pick.index(nodes.len())].owner;
        better_never_ranks_lower(nodes, owner, |node| node.handed_back = 0)?;
    }

    #[test]
    fn less_load_never_ranks_lower(nodes in any_nodes(), pick: prop::sample::Index) {
        prop_assume!(!nodes.is_empty());
        let owner = nodes[pick.index(nodes.len())].owner;
        better_never_ranks_lower(nodes, owner, |node| node.active_jobs = 0)?;
    }
}
