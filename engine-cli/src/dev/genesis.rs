//! What a fresh chain gets: the mint with its fixed supply, the programs'
//! configurations, and SOL and tokens for the stack's wallets. Each part is made
//! only where it is missing.

use std::path::Path;

use cyxwiz_chain::{
    Chain, Signer,
    instructions::{
        setup::{create_mint, initialize_escrow, initialize_registry, initialize_reputation},
        token::{create_account, transfer},
    },
    pda,
};
use cyxwiz_domain::{Address, Amount};
use cyxwiz_pki::Wallet;

use super::layout::Layout;
use crate::error::{Error, Result};

/// All CYXWIZ there will ever be.
const SUPPLY: Amount = Amount::tokens(1_000_000_000);
/// Rent-exempt balance of a mint's 82 bytes, in lamports.
const MINT_RENT: u64 = 1_461_600;
/// Wallets with less SOL than this (lamports) get more.
const LOW_SOL: u64 = 10_000_000_000;
const SOL: u64 = 100_000_000_000;
/// Wallets with fewer tokens than this get more.
const LOW_TOKENS: Amount = Amount::tokens(1_000);
const TOKENS: Amount = Amount::tokens(10_000);

/// The keys of a stack.
pub struct Wallets {
    /// Upgrade authority of the programs, owner of the rest of the supply.
    pub admin: Wallet,
    /// The coordinator's.
    pub coordinator: Wallet,
    /// The user's.
    pub user: Wallet,
    /// The nodes' owners.
    pub nodes: Vec<Wallet>,
    mint: Wallet,
}

impl Wallets {
    /// Reads the keys, and draws those that are missing.
    ///
    /// # Errors
    /// [`Error::Wallet`] for a damaged file.
    pub fn prepare(layout: &Layout, nodes: u32) -> Result<Self> {
        let get = |name: &str| read_or_create(&layout.wallet(name));
        Ok(Self {
            admin: get("admin")?,
            coordinator: get("coordinator")?,
            user: get("user")?,
            nodes: (1..=nodes)
                .map(|n| get(&format!("node-{n}")))
                .collect::<Result<_>>()?,
            mint: get("mint")?,
        })
    }
}

fn read_or_create(path: &Path) -> Result<Wallet> {
    if path.exists() {
        return Ok(Wallet::read(path)?);
    }
    let wallet = Wallet::generate();
    wallet.write_new(path)?;
    Ok(wallet)
}

/// Brings the chain to the state that the stack needs; returns the mint.
///
/// # Errors
/// [`Error::Usage`] if the chain was set up with other wallets; [`Error::Chain`].
pub async fn establish(chain: &Chain, wallets: &Wallets) -> Result<Address> {
    let admin = signer(&wallets.admin)?;
    let mint = wallets.mint.address();
    let funded = wallets
        .nodes
        .iter()
        .chain([&wallets.admin, &wallets.coordinator, &wallets.user]);
    futures::future::try_join_all(funded.map(|wallet| fund_sol(chain, wallet.address()))).await?;

    if !chain.exists(mint).await? {
        let instructions = create_mint(admin.address(), mint, SUPPLY, MINT_RENT)?;
        chain
            .execute(&instructions, &admin, &[&signer(&wallets.mint)?])
            .await?;
    }
    configure(chain, &admin, wallets.coordinator.address(), mint).await?;
    let holders = wallets.nodes.iter().chain([&wallets.user]);
    let gifts = holders.map(|wallet| fund_tokens(chain, &admin, wallet.address(), mint));
    futures::future::try_join_all(gifts).await?;
    Ok(mint)
}

async fn configure(
    chain: &Chain,
    admin: &Signer,
    coordinator: Address,
    mint: Address,
) -> Result<()> {
    let by = admin.address();
    let parts = [
        (pda::registry_config(), initialize_registry(by, mint)),
        (
            pda::reputation_config(),
            initialize_reputation(by, coordinator),
        ),
        (
            pda::escrow_config(),
            initialize_escrow(by, coordinator, mint),
        ),
    ];
    for (config, instruction) in parts {
        if !chain.exists(config).await? {
            chain.execute(&[instruction], admin, &[]).await?;
        }
    }
    let config = chain.escrow_config().await?;
    if config.mint != mint || config.coordinator != coordinator {
        return Err(Error::Usage(
            "the chain in this directory was set up with other wallets; `cyxwiz dev down --wipe` starts afresh".into(),
        ));
    }
    Ok(())
}

async fn fund_sol(chain: &Chain, wallet: Address) -> Result<()> {
    if chain.lamports(wallet).await? < LOW_SOL {
        chain.airdrop(wallet, SOL).await?;
    }
    Ok(())
}

async fn fund_tokens(chain: &Chain, admin: &Signer, owner: Address, mint: Address) -> Result<()> {
    if chain.token_balance(owner, mint).await? >= LOW_TOKENS {
        return Ok(());
    }
    let gift = [
        create_account(admin.address(), owner, mint),
        transfer(admin.address(), owner, mint, TOKENS)?,
    ];
    chain.execute(&gift, admin, &[]).await?;
    Ok(())
}

fn signer(wallet: &Wallet) -> Result<Signer> {
    Ok(Signer::from_keypair_bytes(&wallet.to_keypair_bytes())?)
}
