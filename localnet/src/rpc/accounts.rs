//! Methods about accounts, and how accounts are shown.

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use solana_account::{AccountSharedData, ReadableAccount};
use solana_account_decoder::parse_account_data::{
    AccountAdditionalDataV3, SplTokenAdditionalDataV2,
};
use solana_account_decoder::{MAX_BASE58_BYTES, encode_ui_account};
use solana_account_decoder_client_types::{UiAccount, UiAccountEncoding};
use solana_pubkey::Pubkey;
use solana_rpc_client_api::config::{
    RpcAccountInfoConfig, RpcContextConfig, RpcProgramAccountsConfig,
};
use solana_rpc_client_api::filter::{Memcmp, RpcFilterType};
use solana_rpc_client_api::response::RpcKeyedAccount;

use super::errors::RpcError;
use super::params::{Arguments, parse_pubkey};
use super::{Answer, Context, method, require_slot, with_context};
use crate::chain::Chain;
use crate::chain::token::{Mint, TokenAccount};

/// Accounts that `getMultipleAccounts` answers at most.
const MAX_ACCOUNTS: usize = 100;
/// Filters that one call may give.
const MAX_FILTERS: usize = 4;

/// Adds the methods of this file.
///
/// # Errors
/// When a name is taken.
pub fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    method(module, "getBalance", balance)?;
    method(module, "getAccountInfo", account_info)?;
    method(module, "getMultipleAccounts", multiple_accounts)?;
    method(module, "getProgramAccounts", program_accounts)
}

fn balance(context: &Context, arguments: &Arguments) -> Answer {
    let address = arguments.pubkey(0)?;
    let chain = context.chain.read();
    require_slot(
        &chain,
        arguments.optional::<RpcContextConfig>(1)?.min_context_slot,
    )?;
    with_context(&chain, chain.balance(&address))
}

fn account_info(context: &Context, arguments: &Arguments) -> Answer {
    let address = arguments.pubkey(0)?;
    let config: RpcAccountInfoConfig = arguments.optional(1)?;
    let chain = context.chain.read();
    require_slot(&chain, config.min_context_slot)?;
    let view = AccountView::new(&config, UiAccountEncoding::Binary);
    let shown = chain
        .account(&address)
        .map(|account| view.show(&chain, &address, account))
        .transpose()?;
    with_context(&chain, shown)
}

fn multiple_accounts(context: &Context, arguments: &Arguments) -> Answer {
    let addresses: Vec<String> = arguments.required(0)?;
    let config: RpcAccountInfoConfig = arguments.optional(1)?;
    if addresses.len() > MAX_ACCOUNTS {
        return Err(RpcError::InvalidParams(format!(
            "Too many inputs provided; max {MAX_ACCOUNTS}"
        )));
    }
    let addresses = addresses
        .iter()
        .map(|text| parse_pubkey(text))
        .collect::<Result<Vec<_>, _>>()?;
    let chain = context.chain.read();
    require_slot(&chain, config.min_context_slot)?;
    let view = AccountView::new(&config, UiAccountEncoding::Base64);
    let shown = addresses
        .iter()
        .map(|address| {
            chain
                .account(address)
                .map(|account| view.show(&chain, address, account))
                .transpose()
        })
        .collect::<Result<Vec<_>, _>>()?;
    with_context(&chain, shown)
}

fn program_accounts(context: &Context, arguments: &Arguments) -> Answer {
    let program = arguments.pubkey(0)?;
    let config: RpcProgramAccountsConfig = arguments.optional(1)?;
    let filters = Filters::new(config.filters)?;
    let chain = context.chain.read();
    require_slot(&chain, config.account_config.min_context_slot)?;
    let view = AccountView::new(&config.account_config, UiAccountEncoding::Binary);
    let found = keyed_accounts(&chain, &view, |account| {
        *account.owner() == program && filters.match_account(account)
    })?;
    if config.with_context.unwrap_or(false) {
        with_context(&chain, found)
    } else {
        Ok(serde_json::to_value(found)?)
    }
}

/// The accounts that `wanted` accepts, ordered by address.
///
/// # Errors
/// When one cannot be shown in the encoding asked for.
pub fn keyed_accounts(
    chain: &Chain,
    view: &AccountView,
    wanted: impl Fn(&AccountSharedData) -> bool,
) -> Result<Vec<RpcKeyedAccount>, RpcError> {
    let mut found: Vec<_> = chain
        .accounts()
        .filter(|(_, account)| wanted(account))
        .collect();
    found.sort_unstable_by_key(|(address, _)| **address);
    found
        .into_iter()
        .map(|(address, account)| {
            let account = view.show(chain, address, account)?;
            Ok(RpcKeyedAccount {
                pubkey: address.to_string(),
                account,
            })
        })
        .collect()
}

/// How a caller wants accounts shown.
#[derive(Clone, Copy)]
pub struct AccountView {
    encoding: UiAccountEncoding,
    slice: Option<solana_account_decoder_client_types::UiDataSliceConfig>,
}

impl AccountView {
    /// The view asked for in `config`, in encoding `default` when it names none.
    pub fn new(config: &RpcAccountInfoConfig, default: UiAccountEncoding) -> Self {
        Self {
            encoding: config.encoding.unwrap_or(default),
            slice: config.data_slice,
        }
    }

    /// A view of whole accounts in one encoding.
    pub fn in_encoding(encoding: UiAccountEncoding) -> Self {
        Self {
            encoding,
            slice: None,
        }
    }

    /// Shows `account`.
    ///
    /// # Errors
    /// When its data is too large for base58.
    pub fn show(
        &self,
        chain: &Chain,
        address: &Pubkey,
        account: &AccountSharedData,
    ) -> Result<UiAccount, RpcError> {
        let base58 = matches!(
            self.encoding,
            UiAccountEncoding::Binary | UiAccountEncoding::Base58
        );
        let shown = self.slice.map_or(account.data().len(), |slice| {
            account
                .data()
                .len()
                .saturating_sub(slice.offset)
                .min(slice.length)
        });
        if base58 && shown > MAX_BASE58_BYTES {
            return Err(RpcError::InvalidRequest(format!(
                "Encoded binary (base 58) data should be less than {MAX_BASE58_BYTES} bytes, please use Base64 encoding."
            )));
        }
        // A token account is shown with its mint's decimals, which only the chain knows.
        let additional_data = TokenAccount::read(account)
            .filter(|_| self.encoding == UiAccountEncoding::JsonParsed)
            .and_then(|token| Mint::read(chain.account(&token.mint)?))
            .map(|mint| AccountAdditionalDataV3 {
                spl_token_additional_data: Some(SplTokenAdditionalDataV2::with_decimals(
                    mint.decimals,
                )),
            });
        Ok(encode_ui_account(
            address,
            account,
            self.encoding,
            additional_data,
            self.slice,
        ))
    }
}

/// Conditions on account data.
pub struct Filters(Vec<RpcFilterType>);

impl Filters {
    /// Takes the filters of a call.
    ///
    /// # Errors
    /// When there are too many or one is malformed.
    pub fn new(filters: Option<Vec<RpcFilterType>>) -> Result<Self, RpcError> {
        let mut filters = filters.unwrap_or_default();
        if filters.len() > MAX_FILTERS {
            return Err(RpcError::InvalidParams(format!(
                "Too many filters provided; max {MAX_FILTERS}"
            )));
        }
        for filter in &mut filters {
            filter
                .verify()
                .map_err(|error| RpcError::InvalidParams(format!("Invalid param: {error:?}")))?;
            if let RpcFilterType::Memcmp(memcmp) = filter {
                // Decoded once here instead of once per account.
                let bytes = memcmp
                    .bytes()
                    .map(|bytes| bytes.into_owned())
                    .unwrap_or_default();
                *memcmp = Memcmp::new_raw_bytes(memcmp.offset(), bytes);
            }
        }
        Ok(Self(filters))
    }

    /// True when `account` meets every condition.
    pub fn match_account(&self, account: &AccountSharedData) -> bool {
        self.0.iter().all(|filter| match filter {
            RpcFilterType::DataSize(size) => account.data().len() as u64 == *size,
            RpcFilterType::Memcmp(memcmp) => memcmp.bytes_match(account.data()),
            RpcFilterType::TokenAccountState => TokenAccount::read(account).is_some(),
        })
    }
}
