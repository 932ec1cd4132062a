//! What commands share: settings, the chain, the wallet, the coordinator.

use cyxwiz_chain::{Chain, EscrowAccount, Signer, pda};
use cyxwiz_domain::{Address, JobId};
use cyxwiz_pki::Wallet;

use crate::{
    coordinator::Coordinator,
    error::{Error, Result},
    printer::Printer,
    settings::Settings,
};

/// A user's side of the market.
pub struct Engine {
    /// Where things are.
    pub settings: Settings,
    /// Where output goes.
    pub printer: Printer,
    /// The chain.
    pub chain: Chain,
    /// The user's key.
    pub wallet: Wallet,
    /// The same key, for transactions.
    pub signer: Signer,
    /// The coordinator, signed in with the wallet.
    pub coordinator: Coordinator,
}

impl Engine {
    /// Reads the wallet; connects to nobody yet.
    ///
    /// # Errors
    /// A missing or damaged wallet, a coordinator address that is no URL.
    pub fn open(settings: Settings, printer: Printer) -> Result<Self> {
        let wallet = Wallet::read(&settings.wallet)?;
        Ok(Self {
            chain: Chain::new(&settings.rpc_url),
            signer: Signer::from_keypair_bytes(&wallet.to_keypair_bytes())?,
            coordinator: Coordinator::new(&settings.coordinator, wallet.clone())?,
            settings,
            printer,
            wallet,
        })
    }

    /// The user's address.
    pub fn user(&self) -> Address {
        self.wallet.address()
    }

    /// Address of the escrow account of the user's job `job`.
    pub fn escrow_address(&self, job: JobId) -> Address {
        pda::escrow(self.user(), job)
    }

    /// The escrow of the user's job, read from the chain.
    ///
    /// # Errors
    /// [`Error::Chain`].
    pub async fn escrow(&self, job: JobId) -> Result<Option<EscrowAccount>> {
        Ok(self.chain.escrow(self.escrow_address(job)).await?)
    }

    /// As [`Engine::escrow`], of a job that must have one.
    ///
    /// # Errors
    /// [`Error::UnknownJob`] where there is none.
    pub async fn funded_escrow(&self, job: JobId) -> Result<EscrowAccount> {
        self.escrow(job).await?.ok_or(Error::UnknownJob(job))
    }
}
