//! Methods about SPL tokens, of either token program.

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use solana_account::ReadableAccount;
use solana_account_decoder::parse_account_data::SplTokenAdditionalDataV2;
use solana_account_decoder::parse_token::token_amount_to_ui_amount_v3;
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_account_decoder_client_types::token::UiTokenAmount;
use solana_pubkey::Pubkey;
use solana_rpc_client_api::config::{RpcAccountInfoConfig, RpcTokenAccountsFilter};
use solana_rpc_client_api::response::RpcTokenAccountBalance;

use super::accounts::{AccountView, keyed_accounts};
use super::errors::RpcError;
use super::params::{Arguments, parse_pubkey};
use super::{Answer, Context, method, require_slot, with_context};
use crate::chain::Chain;
use crate::chain::token::{Mint, TokenAccount, is_token_program};

/// Accounts that `getTokenLargestAccounts` answers.
const LARGEST: usize = 20;

/// Adds the methods of this file.
///
/// # Errors
/// When a name is taken.
pub fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    method(module, "getTokenAccountBalance", account_balance)?;
    method(module, "getTokenSupply", supply)?;
    method(module, "getTokenLargestAccounts", largest_accounts)?;
    method(module, "getTokenAccountsByOwner", |context, arguments| {
        accounts_by(context, arguments, |token, owner| token.owner == *owner)
    })?;
    method(
        module,
        "getTokenAccountsByDelegate",
        |context, arguments| {
            accounts_by(context, arguments, |token, delegate| {
                token.delegate.as_ref() == Some(delegate)
            })
        },
    )
}

/// An amount with its decimals, as callers see it.
pub fn show_amount(amount: u64, decimals: u8) -> UiTokenAmount {
    token_amount_to_ui_amount_v3(amount, &SplTokenAdditionalDataV2::with_decimals(decimals))
}

fn account_balance(context: &Context, arguments: &Arguments) -> Answer {
    let address = arguments.pubkey(0)?;
    let chain = context.chain.read();
    let account = chain
        .account(&address)
        .ok_or_else(|| invalid("could not find account"))?;
    let token = TokenAccount::read(account).ok_or_else(|| invalid("not a Token account"))?;
    let mint = mint(&chain, &token.mint)?;
    with_context(&chain, show_amount(token.amount, mint.decimals))
}

fn supply(context: &Context, arguments: &Arguments) -> Answer {
    let address = arguments.pubkey(0)?;
    let chain = context.chain.read();
    let mint = mint(&chain, &address)?;
    with_context(&chain, show_amount(mint.supply, mint.decimals))
}

fn largest_accounts(context: &Context, arguments: &Arguments) -> Answer {
    let address = arguments.pubkey(0)?;
    let chain = context.chain.read();
    let decimals = mint(&chain, &address)?.decimals;
    let mut holders: Vec<(u64, &Pubkey)> = chain
        .accounts()
        .filter_map(|(holder, account)| {
            let token = TokenAccount::read(account).filter(|token| token.mint == address)?;
            Some((token.amount, holder))
        })
        .collect();
    holders.sort_unstable_by(|a, b| b.cmp(a));
    holders.truncate(LARGEST);
    let shown: Vec<_> = holders
        .into_iter()
        .map(|(amount, holder)| RpcTokenAccountBalance {
            address: holder.to_string(),
            amount: show_amount(amount, decimals),
        })
        .collect();
    with_context(&chain, shown)
}

fn accounts_by(
    context: &Context,
    arguments: &Arguments,
    belongs: fn(&TokenAccount, &Pubkey) -> bool,
) -> Answer {
    let party = arguments.pubkey(0)?;
    let filter: RpcTokenAccountsFilter = arguments.required(1)?;
    let config: RpcAccountInfoConfig = arguments.optional(2)?;
    let chain = context.chain.read();
    require_slot(&chain, config.min_context_slot)?;
    let (wanted_mint, wanted_program) = match filter {
        RpcTokenAccountsFilter::Mint(text) => {
            let address = parse_pubkey(&text)?;
            mint(&chain, &address)?;
            (Some(address), None)
        }
        RpcTokenAccountsFilter::ProgramId(text) => {
            let program = parse_pubkey(&text)?;
            if !is_token_program(&program) {
                return Err(invalid("unrecognized Token program id"));
            }
            (None, Some(program))
        }
    };
    let view = AccountView::new(&config, UiAccountEncoding::Binary);
    let found = keyed_accounts(&chain, &view, |account| {
        TokenAccount::read(account).is_some_and(|token| {
            belongs(&token, &party)
                && wanted_mint.is_none_or(|mint| token.mint == mint)
                && wanted_program.is_none_or(|program| *account.owner() == program)
        })
    })?;
    with_context(&chain, found)
}

fn mint(chain: &Chain, address: &Pubkey) -> Result<Mint, RpcError> {
    let account = chain
        .account(address)
        .ok_or_else(|| invalid("could not find mint"))?;
    Mint::read(account).ok_or_else(|| invalid("not a Token mint"))
}

fn invalid(reason: &str) -> RpcError {
    RpcError::InvalidParams(format!("Invalid param: {reason}"))
}
