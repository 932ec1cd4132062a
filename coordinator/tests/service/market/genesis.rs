//! What a market starts with: the programs, their configurations, tokens, and a node.

use std::path::PathBuf;

use cyxwiz_chain::{
    instructions::{
        registry::{Profile, register, stake},
        setup::{create_mint, initialize_escrow, initialize_registry, initialize_reputation},
        token::{create_account, transfer},
    },
    programs,
};
use cyxwiz_coordinator::db;
use cyxwiz_domain::{Address, Amount, Digest};
use cyxwiz_localnet::Program;
use cyxwiz_pki::Wallet;
use cyxwiz_statement::REGISTRY;
use uuid::Uuid;

use super::{Market, signer};
use crate::fixture::{FREE, announcement};

const SUPPLY: Amount = Amount::tokens(1_000_000);
/// Rent-exempt balance of a mint's 82 bytes, in lamports.
const MINT_RENT: u64 = 1_461_600;

impl Market {
    /// What a fresh chain needs, and a staked node that is online.
    pub(super) async fn establish(&self, admin: &Wallet, mint: &Wallet) {
        let (by, coordinator) = (admin.address(), self.coordinator.address());
        let create = create_mint(by, self.mint, SUPPLY, MINT_RENT).expect("instructions");
        let (payer, other) = (signer(admin), signer(mint));
        self.chain
            .execute(&create, &payer, &[&other])
            .await
            .expect("a mint");
        let configure = [
            initialize_registry(by, self.mint),
            initialize_reputation(by, coordinator),
            initialize_escrow(by, coordinator, self.mint),
        ];
        self.execute(admin, &configure).await;
        for wallet in [&self.user, &self.node, &self.rival] {
            let to = wallet.address();
            let gift = [
                create_account(by, to, self.mint),
                transfer(by, to, self.mint, Amount::tokens(1_000)).expect("an instruction"),
            ];
            self.execute(admin, &gift).await;
        }
        let circuits = REGISTRY.iter().map(|circuit| Digest(circuit.id));
        self.join(&self.node, circuits).await;
    }

    /// Registers and stakes a node, which has tokens, and has it come online; it proves with `circuits`.
    pub async fn join(&self, node: &Wallet, circuits: impl IntoIterator<Item = Digest>) {
        let owner = node.address();
        let profile = Profile {
            endpoint: "127.0.0.1:7000".into(),
            tls_fingerprint: Digest([1; 32]),
            region: "eu".into(),
            gpu_model: "CPU".into(),
            vram_mib: 0,
            ram_mib: 16_384,
            rate_milli: 1_000,
        };
        let deposit = stake(owner, self.mint, Amount::tokens(500));
        let join = [register(owner, self.mint, &profile), deposit];
        self.execute(node, &join).await;
        let account = self.chain.node(owner).await.expect("the chain");
        let (pool, account) = (&self.database.pool, account.expect("registered"));
        db::nodes::announce(pool, &account, 0, 1, &announcement(circuits))
            .await
            .expect("announced");
        db::nodes::heartbeat(pool, owner, Uuid::new_v4(), true, FREE)
            .await
            .expect("online");
    }
}

/// The images of all programs that a job needs.
pub(super) fn images(authority: Address) -> Vec<Program> {
    let all = [
        (programs::job_escrow(), "job_escrow"),
        (programs::node_registry(), "node_registry"),
        (programs::reputation(), "reputation"),
        (programs::training_proof(), "training_proof"),
    ];
    let dir = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/deploy"));
    all.into_iter()
        .map(|(address, name)| Program {
            address: address.0.into(),
            image: dir.join(name).with_extension("so"),
            upgrade_authority: Some(authority.0.into()),
        })
        .collect()
}
