//! Launches on a chain of their own, with the program as it is deployed.

use std::path::PathBuf;

use cyxwiz_chain::{Chain, ChainError, Signer, instructions::vesting, programs};
use cyxwiz_domain::{Address, Amount};
use cyxwiz_localnet::{ChainConfig, Config, Localnet, Program};
use cyxwiz_pki::Wallet;
use cyxwiz_token_launch::{Launch, LaunchError, Plan, SUPPLY, Step};
use solana_pubkey::Pubkey;
use tempfile::TempDir;
use tokio::process::Command;

const PLAN: &str = include_str!("../../../config/allocations.toml");
const KEYS: [&str; 5] = [
    "community",
    "nodes",
    "development",
    "ecosystem",
    "liquidity",
];

/// A chain, and a wallet with SOL.
struct World {
    chain: Chain,
    wallet: Wallet,
    dir: TempDir,
    localnet: Localnet,
}

impl World {
    async fn with(programs: Vec<Program>) -> Self {
        let defaults = Config::default();
        let localnet = Localnet::start(Config {
            chain: ChainConfig {
                programs,
                ..defaults.chain
            },
            ..defaults
        })
        .await
        .expect("localnet");
        let chain = Chain::new(&localnet.rpc_url);
        let wallet = Wallet::from_secret(&[1; 32]);
        chain
            .airdrop(wallet.address(), 1_000_000_000)
            .await
            .expect("the faucet is full");
        Self {
            chain,
            wallet,
            dir: tempfile::tempdir().expect("tempdir"),
            localnet,
        }
    }

    async fn new() -> Self {
        let image =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/deploy/vesting.so");
        Self::with(vec![Program {
            address: Pubkey::new_from_array(programs::vesting().0),
            image,
            upgrade_authority: None,
        }])
        .await
    }

    fn signer(&self) -> Signer {
        Signer::from_keypair_bytes(&self.wallet.to_keypair_bytes()).expect("a key pair")
    }

    fn launch(&self, plan: Plan) -> Launch {
        Launch::new(self.chain.clone(), self.signer(), plan, "cyxwiz")
    }

    /// Sends lamports to nobody in particular.
    async fn give_away(&self, lamports: u64) {
        let from = Pubkey::new_from_array(self.wallet.address().0);
        let to = Pubkey::new_from_array([99; 32]);
        let transfer = solana_system_interface::instruction::transfer(&from, &to, lamports);
        let sent = self.chain.execute(&[transfer], &self.signer(), &[]).await;
        sent.expect("the wallet has them");
    }

    async fn held(&self, launch: &Launch) -> Amount {
        let mint = launch.mint().expect("a seed");
        let owner = self.wallet.address();
        self.chain.token_balance(owner, mint).await.expect("chain")
    }
}

fn beneficiary(number: u8) -> Address {
    Wallet::from_secret(&[10 + number; 32]).address()
}

fn plan() -> Plan {
    let mut plan = Plan::parse(PLAN).expect("a plan");
    for (number, key) in (0..).zip(KEYS) {
        plan.assign(key, beneficiary(number)).expect("it is there");
    }
    plan
}

#[tokio::test]
async fn the_supply_is_minted_once_and_allocated_whole() {
    let world = World::new().await;
    let launch = world.launch(plan());
    let report = launch.run().await.expect("a launch");
    assert_eq!(report.allocations.len(), 5);
    assert!(matches!(report.step, Step::Done { .. }));

    let mint = world.chain.mint(report.mint).await.expect("chain");
    let mint = mint.expect("the mint");
    assert_eq!((mint.supply, mint.decimals), (SUPPLY, 9));
    assert_eq!((mint.mint_authority, mint.freeze_authority), (None, None));
    assert_eq!(world.held(&launch).await, Amount::ZERO);

    let mut sum = 0;
    for (number, part) in (0..).zip(&report.allocations) {
        let vesting = world.chain.vesting(part.vesting).await.expect("chain");
        let vesting = vesting.expect("an allocation");
        assert_eq!(vesting.beneficiary, beneficiary(number));
        assert_eq!((vesting.mint, vesting.vault), (report.mint, part.vault));
        assert_eq!(
            (vesting.total, vesting.claimed),
            (part.amount, Amount::ZERO)
        );
        assert_eq!(vesting.start, report.start.timestamp());
        let vault = world.chain.vault_balance(part.vault).await.expect("chain");
        assert_eq!(vault, part.amount);
        sum += vault.0;
    }
    assert_eq!(Amount(sum), SUPPLY);

    // again: everything is found, nothing is made
    let lamports = world.chain.lamports(world.wallet.address()).await;
    let again = launch.run().await.expect("nothing to do");
    assert_eq!(again.step, Step::Found);
    assert!(
        again
            .allocations
            .iter()
            .all(|part| part.step == Step::Found)
    );
    let after = world.chain.lamports(world.wallet.address()).await;
    assert_eq!(after.expect("chain"), lamports.expect("chain"));
}

#[tokio::test]
async fn an_interrupted_launch_goes_on_where_it_stopped() {
    let world = World::new().await;
    let launch = world.launch(plan());
    launch.ensure_mint().await.expect("the mint");
    assert_eq!(world.held(&launch).await, SUPPLY);
    // then the wallet can pay for some of the allocations only
    let wallet = world.wallet.address();
    let lamports = world.chain.lamports(wallet).await.expect("chain");
    let each = world.chain.rent(165).await.expect("chain");
    world.give_away(lamports - 10 * each).await;
    let stopped = launch.run().await.expect_err("it cannot pay for all");
    assert!(matches!(
        stopped,
        LaunchError::Chain(ChainError::Refused { .. })
    ));
    let left = world.held(&launch).await;
    assert!(Amount::ZERO < left && left < SUPPLY, "{left}");

    world
        .chain
        .airdrop(wallet, 1_000_000_000)
        .await
        .expect("faucet");
    let report = launch.run().await.expect("the rest");
    assert_eq!(report.step, Step::Found);
    let found = |part: &&_| {
        matches!(
            part,
            &&cyxwiz_token_launch::AllocationReport {
                step: Step::Found,
                ..
            }
        )
    };
    let found = report.allocations.iter().filter(found).count();
    assert!((1..5).contains(&found), "{found} had been made");
    assert_eq!(world.held(&launch).await, Amount::ZERO);
    let mint = world.chain.mint(report.mint).await.expect("chain");
    assert_eq!(mint.expect("the mint").supply, SUPPLY);
}

#[tokio::test]
async fn a_changed_plan_allocates_nothing_twice() {
    let world = World::new().await;
    world.launch(plan()).run().await.expect("a launch");
    let mut other = plan();
    other.assign("nodes", beneficiary(9)).expect("it is there");
    let refused = world.launch(other).run().await.expect_err("another plan");
    assert!(matches!(refused, LaunchError::Short { .. }), "{refused}");
    let mut other = plan();
    other.allocations[2].cliff_days += 1;
    let refused = world.launch(other).run().await.expect_err("another plan");
    assert!(
        matches!(&refused, LaunchError::OtherTerms { key, .. } if key == "development"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_taken_address_is_left_for_another() {
    let world = World::new().await;
    let launch = world.launch(plan());
    let mint = launch.mint().expect("a seed");
    world.chain.airdrop(mint, 1_000_000).await.expect("faucet");
    let refused = launch.run().await.expect_err("not a mint");
    assert!(
        matches!(&refused, LaunchError::WrongMint { reason, .. } if reason.contains("is no mint")),
        "{refused}"
    );
    let other = Launch::new(world.chain.clone(), world.signer(), plan(), "cyxwiz-2");
    other.run().await.expect("another address");
}

#[tokio::test]
async fn without_the_program_nothing_is_minted() {
    let world = World::with(Vec::new()).await;
    let launch = world.launch(plan());
    let refused = launch.run().await.expect_err("no program");
    assert!(matches!(refused, LaunchError::NoProgram(_)), "{refused}");
    let mint = launch.mint().expect("a seed");
    assert_eq!(world.chain.mint(mint).await.expect("chain"), None);
}

#[tokio::test]
async fn the_command_prints_a_table_or_json() {
    let world = World::new().await;
    let keypair = world.dir.path().join("wallet.json");
    world.wallet.write_new(&keypair).expect("a new file");
    let allocations = world.dir.path().join("allocations.toml");
    // one part vests at once, and may be claimed
    let text = PLAN.replacen("2027-01-01", "2026-01-01", 1);
    std::fs::write(&allocations, text).expect("a new file");
    let run = async |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_create-token"));
        command.args(["--rpc-url", &world.localnet.rpc_url]);
        command.arg("--keypair").arg(&keypair);
        command.arg("--allocations").arg(&allocations);
        command.args(arguments);
        command.output().await.expect("it starts")
    };
    let wallets: Vec<String> = (0..)
        .zip(KEYS)
        .map(|(number, key)| format!("--beneficiary={key}={}", beneficiary(number)))
        .collect();
    let wallets: Vec<&str> = wallets.iter().map(String::as_str).collect();

    let refused = run(&wallets[..4]).await;
    assert!(!refused.status.success());
    let reason = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        reason.contains("pass --beneficiary liquidity=ADDRESS"),
        "{reason}"
    );

    let table = run(&wallets).await;
    let text = String::from_utf8_lossy(&table.stdout).into_owned();
    let errors = String::from_utf8_lossy(&table.stderr).into_owned();
    assert!(table.status.success(), "{errors}");
    assert!(
        text.contains("Community rewards") && text.contains("300000000"),
        "{text}"
    );

    let json = run(&[&wallets[..], &["--json"]].concat()).await;
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(report["step"], "found");
    assert_eq!(report["supply"], "1000000000");
    let liquidity = &report["allocations"][4];
    assert_eq!(liquidity["amount"], "100000000");
    let at: Address = liquidity["vesting"]
        .as_str()
        .and_then(|at| at.parse().ok())
        .expect("an address");

    let owner = Wallet::from_secret(&[14; 32]);
    let signer = Signer::from_keypair_bytes(&owner.to_keypair_bytes()).expect("a key pair");
    world
        .chain
        .airdrop(owner.address(), 1_000_000_000)
        .await
        .expect("faucet");
    let vesting = world
        .chain
        .vesting(at)
        .await
        .expect("chain")
        .expect("it is there");
    let open = cyxwiz_chain::instructions::token::create_account(
        owner.address(),
        owner.address(),
        vesting.mint,
    );
    let claim = vesting::claim(&vesting);
    world
        .chain
        .execute(&[open, claim], &signer, &[])
        .await
        .expect("all has vested");
    let paid = world
        .chain
        .token_balance(owner.address(), vesting.mint)
        .await;
    assert_eq!(paid.expect("chain"), Amount::tokens(100_000_000));
}
