//! A result that its user does not accept: decided by the authority, or by nobody.

use cyxwiz_chain::{Chain, EscrowAccount, EscrowState, pda};
use cyxwiz_domain::{Amount, JobId};
use cyxwiz_tests_e2e::{JobFile, Stack, eventually};
use serde_json::Value;

use crate::engine_killed::first_job;

/// A market whose job is trained, delivered and disputed.
struct Disputed {
    stack: Stack,
    chain: Chain,
    runtime: tokio::runtime::Runtime,
    escrow: EscrowAccount,
    /// Before the job was paid for.
    before: Holdings,
}

/// What lies where, in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Holdings {
    user: u64,
    /// Both nodes' wallets.
    nodes: u64,
    platform: u64,
    insurance: u64,
    supply: u64,
}

impl Holdings {
    async fn read(stack: &Stack, chain: &Chain) -> Self {
        let mint = chain.escrow_config().await.expect("configured").mint;
        let of = async |wallet: &str| {
            let owner = stack.wallet(wallet).address();
            chain.token_balance(owner, mint).await.expect("a balance").0
        };
        let vault = async |at| chain.vault_balance(at).await.expect("a vault").0;
        Self {
            user: of("user").await,
            nodes: of("node-1").await + of("node-2").await,
            platform: vault(pda::platform_vault()).await,
            insurance: vault(pda::insurance_vault()).await,
            supply: chain
                .mint(mint)
                .await
                .expect("the chain")
                .expect("a mint")
                .supply
                .0,
        }
    }
}

impl Disputed {
    fn new(evidence: &[&str]) -> Self {
        let stack = Stack::up();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let chain = stack.chain();
        let before = runtime.block_on(Holdings::read(&stack, &chain));
        let file = JobFile::digits().epochs(2).write(stack.dir());
        let run = ["job", "run", file.to_str().expect("UTF-8"), "--hold"];
        let held = stack.cyxwiz(&run).json();
        assert_eq!(held["state"], "submitted");
        let id: JobId = held["job_id"]
            .as_str()
            .expect("an id")
            .parse()
            .expect("an id");
        let id = id.to_string();
        let opened = stack
            .cyxwiz(&[&["job", "dispute", &id], evidence].concat())
            .json();
        let address = pda::escrow(stack.wallet("user").address(), id.parse().expect("an id"));
        let escrow = runtime
            .block_on(chain.escrow(address))
            .expect("the chain")
            .expect("an escrow");
        assert_eq!(escrow.state, EscrowState::Disputed);
        assert_eq!(escrow.bond.0, escrow.amount.0 / 20);
        assert_eq!(opened["bond"], escrow.bond.0);
        Self {
            stack,
            chain,
            runtime,
            escrow,
            before,
        }
    }

    fn after(&self) -> Holdings {
        self.runtime
            .block_on(Holdings::read(&self.stack, &self.chain))
    }

    fn escrow(&self) -> EscrowAccount {
        let read = self
            .runtime
            .block_on(self.chain.escrow(self.escrow.address));
        read.expect("the chain").expect("an escrow")
    }

    fn status(&self) -> Value {
        let id = self.escrow.job_id.to_string();
        self.stack.cyxwiz(&["job", "status", &id]).json()
    }

    /// The coordinator learns of the end from the chain, a moment later.
    fn await_resolution_at_the_coordinator(&self) {
        eventually("the coordinator to see the end", || {
            let jobs = self.stack.cyxwiz(&["job", "list"]).json();
            (first_job(&jobs)?["state"] == "resolved").then_some(())
        });
    }
}

#[test]
fn a_dispute_decided_for_the_user_returns_everything_and_bans_the_node() {
    let file = JobFile::digits();
    let evidence = tempfile::tempdir().expect("a directory");
    let evidence = file.write(evidence.path());
    let market = Disputed::new(&["--evidence", evidence.to_str().expect("UTF-8")]);
    let stack = &market.stack;
    let status = market.status();
    assert_eq!(status["escrow"]["state"], "disputed");
    assert_eq!(
        status["escrow"]["dispute_ends_at"],
        market.escrow.dispute_ends_at
    );
    let admin = stack.wallet("admin").address().to_string();
    assert!(status["next"].as_str().expect("something").contains(&admin));

    let address = market.escrow.address.to_string();
    let listed = stack.cyxwiz(&["dispute", "list"]).json();
    assert_eq!(listed[0]["escrow"], address);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));

    let settle = ["dispute", "settle", &address, "--for-user"];
    let by_user = stack.cyxwiz(&settle);
    assert_eq!(by_user.code, 3, "{}", by_user.stderr);
    assert!(by_user.stderr.contains(&admin), "{}", by_user.stderr);
    let wallet = stack.dir().join("wallets/admin.json").display().to_string();
    let settle_as_authority = [&settle[..], &["--wallet", &wallet]].concat();
    // The insurance holds nothing before this slash, and pays a share of that at most.
    let insured = [&settle_as_authority[..], &["--insurance", "1"]].concat();
    let refused = stack.cyxwiz(&insured);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    let settled = stack.cyxwiz(&settle_as_authority).json();
    assert_eq!(settled["paid_user"], market.escrow.amount.0);
    assert_eq!(settled["node"]["banned"], true);

    // Half of the 1,000 that every node stakes is cut: 250 to the user, 50 burned, 200 insured.
    let tokens = |tokens| Amount::tokens(tokens).0;
    let before = market.before;
    let expected = Holdings {
        user: before.user + tokens(250),
        insurance: before.insurance + tokens(200),
        supply: before.supply - tokens(50),
        ..before
    };
    assert_eq!(market.after(), expected);
    let owner = market.escrow.node.expect("assigned");
    let node = market.runtime.block_on(market.chain.node(owner));
    let node = node.expect("the chain").expect("registered");
    assert!(node.banned);
    assert_eq!(
        (node.stake, node.locked),
        (Amount::tokens(500), Amount::ZERO)
    );
    assert_eq!(market.escrow().state, EscrowState::Resolved);
    assert_eq!(
        stack.cyxwiz(&["dispute", "list"]).json(),
        Value::Array(Vec::new())
    );
    market.await_resolution_at_the_coordinator();
}

#[test]
fn a_dispute_that_nobody_decides_is_split_by_what_the_user_holds() {
    let market = Disputed::new(&[]);
    let required = market.escrow.required_epochs;
    // Meanwhile the node shows the user's last receipt: the user holds all.
    eventually("the node's last receipt", || {
        (market.escrow().receipt_held == required).then_some(())
    });
    let window = market.runtime.block_on(market.chain.escrow_config());
    let window = window.expect("configured").dispute_window_seconds;
    market.stack.advance_time(window + 60);
    let settled = eventually("the coordinator to end the dispute", || {
        let escrow = market.escrow();
        escrow.state.is_settled().then_some(escrow)
    });
    assert_eq!(settled.state, EscrowState::Resolved);

    let (before, amount) = (market.before, settled.amount.0);
    let fee = amount / 10;
    let expected = Holdings {
        // The bond is back.
        user: before.user - amount,
        nodes: before.nodes + amount - fee,
        platform: before.platform + fee,
        ..before
    };
    assert_eq!(market.after(), expected);
    let owner = settled.node.expect("assigned");
    let node = market.runtime.block_on(market.chain.node(owner));
    let node = node.expect("the chain").expect("registered");
    assert!(!node.banned);
    assert_eq!((node.stake, node.active_jobs), (Amount::tokens(1_000), 0));
    market.await_resolution_at_the_coordinator();
}
