//! The RPC client and what it reads.

use std::{sync::Arc, time::Duration};

use anchor_lang::AccountDeserialize;
use cyxwiz_domain::{Address, Amount};
use solana_account::Account;
use solana_clock::Clock;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;

use crate::{
    ChainError, EscrowAccount, EscrowConfig, NodeAccount, ReputationAccount, TranscriptAccount,
    UserReputationAccount, address, key, pda,
};

/// Accounts that one request may ask for.
const BATCH: usize = 100;
/// A request that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to an RPC node, at commitment "confirmed". Cheap to clone.
#[derive(Clone)]
pub struct Chain {
    pub(crate) rpc: Arc<RpcClient>,
}

impl Chain {
    /// Talks to the RPC node at `rpc_url`. Nothing is sent yet.
    pub fn new(rpc_url: &str) -> Self {
        let rpc = RpcClient::new_with_timeout_and_commitment(
            rpc_url.to_owned(),
            TIMEOUT,
            CommitmentConfig::confirmed(),
        );
        Self { rpc: Arc::new(rpc) }
    }

    /// Whether the node answers and is in sync.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn health(&self) -> Result<(), ChainError> {
        Ok(self.rpc.get_health().await?)
    }

    /// The escrow at `escrow`, if there is one.
    ///
    /// # Errors
    /// [`ChainError::Account`] if something else lives there.
    pub async fn escrow(&self, escrow: Address) -> Result<Option<EscrowAccount>, ChainError> {
        Ok(self.escrows(&[escrow]).await?.pop().flatten())
    }

    /// Many escrows, in the order asked for.
    ///
    /// # Errors
    /// As [`Chain::escrow`].
    pub async fn escrows(
        &self,
        escrows: &[Address],
    ) -> Result<Vec<Option<EscrowAccount>>, ChainError> {
        let mut found = Vec::with_capacity(escrows.len());
        for batch in escrows.chunks(BATCH) {
            let keys: Vec<_> = batch.iter().map(|escrow| key(*escrow)).collect();
            let response = self
                .rpc
                .get_multiple_accounts_with_commitment(&keys, self.rpc.commitment())
                .await?;
            let slot = response.context.slot;
            for (at, account) in batch.iter().zip(response.value) {
                let account = created(account)
                    .map(|account| decode(*at, &job_escrow::ID, &account))
                    .transpose()?;
                found.push(account.map(|account| EscrowAccount::new(*at, &account, slot)));
            }
        }
        Ok(found)
    }

    /// The transcript at the address of `escrow`'s, if there is one. It may be that of an escrow that was there
    /// before: see [`TranscriptAccount::belongs_to`].
    ///
    /// # Errors
    /// [`ChainError::Account`] if something else lives there.
    pub async fn transcript(
        &self,
        escrow: Address,
    ) -> Result<Option<TranscriptAccount>, ChainError> {
        Ok(self.transcripts(&[escrow]).await?.pop().flatten())
    }

    /// The transcripts of many escrows, in the order asked for.
    ///
    /// # Errors
    /// As [`Chain::transcript`].
    pub async fn transcripts(
        &self,
        escrows: &[Address],
    ) -> Result<Vec<Option<TranscriptAccount>>, ChainError> {
        let mut found = Vec::with_capacity(escrows.len());
        for batch in escrows.chunks(BATCH) {
            let addresses: Vec<_> = batch.iter().map(|e| pda::transcript(*e)).collect();
            let keys: Vec<_> = addresses.iter().map(|at| key(*at)).collect();
            let response = self
                .rpc
                .get_multiple_accounts_with_commitment(&keys, self.rpc.commitment())
                .await?;
            let slot = response.context.slot;
            for (at, account) in addresses.into_iter().zip(response.value) {
                let account = created(account)
                    .map(|account| decode(at, &training_proof::ID, &account))
                    .transpose()?;
                found.push(account.map(|account| TranscriptAccount::new(at, &account, slot)));
            }
        }
        Ok(found)
    }

    /// All escrows there are.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn all_escrows(&self) -> Result<Vec<EscrowAccount>, ChainError> {
        let slot = self.slot().await?;
        let found = self.all::<job_escrow::Escrow>(&job_escrow::ID).await?;
        Ok(found
            .into_iter()
            .map(|(at, account)| EscrowAccount::new(at, &account, slot))
            .collect())
    }

    /// job-escrow's configuration.
    ///
    /// # Errors
    /// [`ChainError::Account`] if the program is not configured.
    pub async fn escrow_config(&self) -> Result<EscrowConfig, ChainError> {
        let at = pda::escrow_config();
        let config: Option<job_escrow::Config> = self.read(at, &job_escrow::ID).await?;
        config
            .map(|config| EscrowConfig::new(&config))
            .ok_or_else(|| ChainError::Account {
                address: at,
                reason: "job-escrow is not configured on this chain; is the RPC URL right?".into(),
            })
    }

    /// The node of `owner`, if registered.
    ///
    /// # Errors
    /// [`ChainError::Account`] if something else lives there.
    pub async fn node(&self, owner: Address) -> Result<Option<NodeAccount>, ChainError> {
        let at = pda::node(owner);
        let node: Option<node_registry::Node> = self.read(at, &node_registry::ID).await?;
        Ok(node.map(|node| NodeAccount::new(at, node)))
    }

    /// All registered nodes.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn nodes(&self) -> Result<Vec<NodeAccount>, ChainError> {
        let found = self.all::<node_registry::Node>(&node_registry::ID).await?;
        Ok(found
            .into_iter()
            .map(|(at, node)| NodeAccount::new(at, node))
            .collect())
    }

    /// The record of a node's owner, if opened.
    ///
    /// # Errors
    /// [`ChainError::Account`] if something else lives there.
    pub async fn reputation(
        &self,
        owner: Address,
    ) -> Result<Option<ReputationAccount>, ChainError> {
        let found: Option<reputation::Reputation> =
            self.read(pda::reputation(owner), &reputation::ID).await?;
        Ok(found.map(|record| ReputationAccount::new(&record)))
    }

    /// The record of a user, if opened.
    ///
    /// # Errors
    /// [`ChainError::Account`] if something else lives there.
    pub async fn user_reputation(
        &self,
        user: Address,
    ) -> Result<Option<UserReputationAccount>, ChainError> {
        let found: Option<reputation::UserReputation> = self
            .read(pda::user_reputation(user), &reputation::ID)
            .await?;
        Ok(found.map(|record| UserReputationAccount::new(&record)))
    }

    /// Who paid for the lock on the stake of an assigned escrow's node, and gets
    /// the rent back: the settlement instructions name it.
    ///
    /// # Errors
    /// [`ChainError::Account`] if the escrow holds no lock: it has no node, or it
    /// is settled.
    pub async fn lock_payer(&self, escrow: Address) -> Result<Address, ChainError> {
        let at = pda::job_lock(escrow);
        let lock: Option<node_registry::JobLock> = self.read(at, &node_registry::ID).await?;
        lock.map(|lock| address(&lock.payer))
            .ok_or_else(|| ChainError::Account {
                address: at,
                reason: "does not exist: the escrow has no node, or it is settled".into(),
            })
    }

    /// What the wallet's associated token account holds; nothing if it has none.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn token_balance(&self, owner: Address, mint: Address) -> Result<Amount, ChainError> {
        self.vault_balance(pda::token_account(owner, mint)).await
    }

    /// What a token account holds; nothing if it does not exist.
    ///
    /// # Errors
    /// [`ChainError::Account`] if it is no token account.
    pub async fn vault_balance(&self, vault: Address) -> Result<Amount, ChainError> {
        /// Mint and owner come first in a token account, 32 bytes each.
        const AMOUNT: std::ops::Range<usize> = 64..72;
        let Some(account) = self.account(vault).await? else {
            return Ok(Amount::ZERO);
        };
        account
            .data
            .get(AMOUNT)
            .and_then(|bytes| bytes.try_into().ok())
            .filter(|_| account.owner == spl_token_interface::ID)
            .map(|bytes| Amount(u64::from_le_bytes(bytes)))
            .ok_or_else(|| ChainError::Account {
                address: vault,
                reason: "is not a token account".into(),
            })
    }

    /// What the wallet holds for fees and rent.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn lamports(&self, wallet: Address) -> Result<u64, ChainError> {
        Ok(self.rpc.get_balance(&key(wallet)).await?)
    }

    /// Whether anything lives at `address`.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn exists(&self, address: Address) -> Result<bool, ChainError> {
        Ok(self.account(address).await?.is_some())
    }

    /// The chain's clock, Unix seconds: what deadlines are compared with.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn unix_time(&self) -> Result<i64, ChainError> {
        let at = address(&solana_sdk_ids::sysvar::clock::ID);
        let account = self.account(at).await?;
        account
            .and_then(|account| bincode::deserialize::<Clock>(&account.data).ok())
            .map(|clock| clock.unix_timestamp)
            .ok_or_else(|| ChainError::Account {
                address: at,
                reason: "is not the clock".into(),
            })
    }

    /// Blocks so far; transactions expire by it.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn block_height(&self) -> Result<u64, ChainError> {
        Ok(self.rpc.get_block_height().await?)
    }

    /// The current slot.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn slot(&self) -> Result<u64, ChainError> {
        Ok(self.rpc.get_slot().await?)
    }

    pub(crate) async fn account(&self, at: Address) -> Result<Option<Account>, ChainError> {
        let response = self
            .rpc
            .get_account_with_commitment(&key(at), self.rpc.commitment())
            .await?;
        Ok(created(response.value))
    }

    pub(crate) async fn read<T: AccountDeserialize>(
        &self,
        at: Address,
        program: &solana_pubkey::Pubkey,
    ) -> Result<Option<T>, ChainError> {
        let account = self.account(at).await?;
        account
            .map(|account| decode(at, program, &account))
            .transpose()
    }

    /// All accounts of one type. Accounts of other types are passed over.
    async fn all<T: AccountDeserialize>(
        &self,
        program: &solana_pubkey::Pubkey,
    ) -> Result<Vec<(Address, T)>, ChainError> {
        let accounts = self.rpc.get_program_accounts(program).await?;
        Ok(accounts
            .iter()
            .filter_map(|(at, account)| {
                Some((address(at), decode(address(at), program, account).ok()?))
            })
            .collect())
    }
}

/// Anyone can send lamports to an address where nothing was created yet: that makes nothing of it.
fn created(account: Option<Account>) -> Option<Account> {
    account.filter(|it| it.owner != solana_sdk_ids::system_program::ID || !it.data.is_empty())
}

fn decode<T: AccountDeserialize>(
    at: Address,
    program: &solana_pubkey::Pubkey,
    account: &Account,
) -> Result<T, ChainError> {
    let error = |reason: String| ChainError::Account {
        address: at,
        reason,
    };
    if account.owner != *program {
        return Err(error(format!(
            "belongs to {}, not to the program {program}",
            account.owner
        )));
    }
    T::try_deserialize(&mut account.data.as_slice())
        .map_err(|cause| error(format!("cannot be read: {cause}")))
}
