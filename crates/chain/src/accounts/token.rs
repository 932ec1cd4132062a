use anchor_lang::solana_program::{program_option::COption, program_pack::Pack};
use cyxwiz_domain::{Address, Amount};
use solana_account::Account;
use spl_token_interface::state::Mint;

use crate::{Chain, ChainError, address};

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MintAccount {
    /// Where it lives.
    pub address: Address,
    /// Places after the point.
    pub decimals: u8,
    /// Base units in existence.
    pub supply: Amount,
    /// Who may create more of it.
    pub mint_authority: Option<Address>,
    /// Who may freeze accounts of it.
    pub freeze_authority: Option<Address>,
}

impl MintAccount {
    fn new(at: Address, account: &Account) -> Result<Self, ChainError> {
        let error = |reason: String| ChainError::Account {
            address: at,
            reason,
        };
        if account.owner != spl_token_interface::ID {
            return Err(error(format!(
                "is no mint: it belongs to {}",
                account.owner
            )));
        }
        let mint =
            Mint::unpack(&account.data).map_err(|cause| error(format!("is no mint: {cause}")))?;
        let authority = |key: COption<_>| match key {
            COption::Some(key) => Some(address(&key)),
            COption::None => None,
        };
        Ok(Self {
            address: at,
            decimals: mint.decimals,
            supply: Amount(mint.supply),
            mint_authority: authority(mint.mint_authority),
            freeze_authority: authority(mint.freeze_authority),
        })
    }
}

/// Tokens that are paid out over time. Times are Unix seconds of the chain's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VestingAccount {
    /// Where it lives.
    pub address: Address,
    /// The token.
    pub mint: Address,
    /// Who funded it.
    pub funder: Address,
    /// The funder's number for it.
    pub id: u64,
    /// The token account with what is still to be paid.
    pub vault: Address,
    /// Who paid the rent and gets it back.
    pub rent_payer: Address,
    /// Who may claim.
    pub beneficiary: Address,
    /// Who may become the beneficiary by accepting.
    pub pending_beneficiary: Option<Address>,
    /// Allocated.
    pub total: Amount,
    /// Paid so far.
    pub claimed: Amount,
    /// What the schedule counts from.
    pub start: i64,
    /// Seconds from the start before which nothing vests.
    pub cliff_seconds: u64,
    /// Seconds from the start after which all has vested.
    pub duration_seconds: u64,
}

impl VestingAccount {
    fn new(at: Address, account: &vesting::Vesting) -> Self {
        Self {
            address: at,
            mint: address(&account.mint),
            funder: address(&account.funder),
            id: account.id,
            vault: address(&account.vault),
            rent_payer: address(&account.rent_payer),
            beneficiary: address(&account.beneficiary),
            pending_beneficiary: account.pending_beneficiary.as_ref().map(address),
            total: Amount(account.total),
            claimed: Amount(account.claimed),
            start: account.start,
            cliff_seconds: account.cliff_seconds,
            duration_seconds: account.duration_seconds,
        }
    }

    /// What has vested at `now`, claimed or not.
    pub fn vested(&self, now: i64) -> Amount {
        let schedule = vesting::math::Schedule {
            total: self.total.0,
            start: self.start,
            cliff_seconds: self.cliff_seconds,
            duration_seconds: self.duration_seconds,
        };
        Amount(schedule.vested(now))
    }
}

impl Chain {
    /// The token at `mint`, if there is one.
    ///
    /// # Errors
    /// [`ChainError::Account`] if something else lives there.
    pub async fn mint(&self, mint: Address) -> Result<Option<MintAccount>, ChainError> {
        let account = self.account(mint).await?;
        account
            .map(|account| MintAccount::new(mint, &account))
            .transpose()
    }

    /// The allocation at `vesting`, if there is one.
    ///
    /// # Errors
    /// [`ChainError::Account`] if something else lives there.
    pub async fn vesting(&self, vesting: Address) -> Result<Option<VestingAccount>, ChainError> {
        let account = self.read(vesting, &vesting::ID).await?;
        Ok(account.map(|account| VestingAccount::new(vesting, &account)))
    }

    /// Lamports that an account of `bytes` bytes must hold.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn rent(&self, bytes: u64) -> Result<u64, ChainError> {
        let bytes = usize::try_from(bytes).map_err(|_| ChainError::Key("no such size".into()))?;
        Ok(self
            .rpc
            .get_minimum_balance_for_rent_exemption(bytes)
            .await?)
    }
}
