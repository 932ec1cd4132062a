//! SPL token accounts and mints, read in place.
//!
//! Both token programs share this layout. Token-2022 appends a type byte after the length of a token account; without it the exact
//! lengths tell the two apart.

use litesvm::LiteSVM;
use solana_account::{AccountSharedData, ReadableAccount};
use solana_pubkey::Pubkey;

use super::record::TokenBalance;

/// Address of the Token-2022 program.
pub const TOKEN_2022_ID: Pubkey =
    Pubkey::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");

const MINT_LEN: usize = 82;
const ACCOUNT_LEN: usize = 165;
const TYPE_OFFSET: usize = ACCOUNT_LEN;
const TYPE_MINT: u8 = 1;
const TYPE_ACCOUNT: u8 = 2;

/// True for the two token programs.
pub fn is_token_program(id: &Pubkey) -> bool {
    *id == spl_token_interface::ID || *id == TOKEN_2022_ID
}

/// An initialised token account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenAccount {
    /// Mint of the token held.
    pub mint: Pubkey,
    /// Who may move it.
    pub owner: Pubkey,
    /// Base units held.
    pub amount: u64,
    /// Who may move it as well.
    pub delegate: Option<Pubkey>,
}

impl TokenAccount {
    /// Reads `account`, or nothing when it is not an initialised token account.
    pub fn read(account: &AccountSharedData) -> Option<Self> {
        let data = account.data();
        let is_account = data.len() == ACCOUNT_LEN || data.get(TYPE_OFFSET) == Some(&TYPE_ACCOUNT);
        let initialized = data.get(108).is_some_and(|state| *state != 0);
        if !is_token_program(account.owner()) || !is_account || !initialized {
            return None;
        }
        let delegated = data.get(72..76)? != [0; 4];
        Some(Self {
            mint: key(data, 0)?,
            owner: key(data, 32)?,
            amount: amount(data, 64)?,
            delegate: if delegated {
                Some(key(data, 76)?)
            } else {
                None
            },
        })
    }
}

/// An initialised mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mint {
    /// Base units in existence.
    pub supply: u64,
    /// Base units of one token, as a power of ten.
    pub decimals: u8,
}

impl Mint {
    /// Reads `account`, or nothing when it is not an initialised mint.
    pub fn read(account: &AccountSharedData) -> Option<Self> {
        let data = account.data();
        let is_mint = data.len() == MINT_LEN || data.get(TYPE_OFFSET) == Some(&TYPE_MINT);
        let initialized = data.get(45) == Some(&1);
        if !is_token_program(account.owner()) || !is_mint || !initialized {
            return None;
        }
        Some(Self {
            supply: amount(data, 36)?,
            decimals: *data.get(44)?,
        })
    }
}

/// Balances of the token accounts among `keys`.
pub fn balances(svm: &LiteSVM, keys: &[Pubkey]) -> Vec<TokenBalance> {
    keys.iter()
        .enumerate()
        .filter_map(|(index, key)| {
            let account = svm.accounts_db().get_account_ref(key)?;
            let token = TokenAccount::read(account)?;
            let mint = Mint::read(svm.accounts_db().get_account_ref(&token.mint)?)?;
            Some(TokenBalance {
                account_index: u8::try_from(index).ok()?,
                mint: token.mint,
                owner: token.owner,
                program_id: *account.owner(),
                amount: token.amount,
                decimals: mint.decimals,
            })
        })
        .collect()
}

fn key(data: &[u8], at: usize) -> Option<Pubkey> {
    data.get(at..at + 32)
        .and_then(|bytes| Pubkey::try_from(bytes).ok())
}

fn amount(data: &[u8], at: usize) -> Option<u64> {
    data.get(at..at + 8)
        .and_then(|bytes| bytes.try_into().ok())
        .map(u64::from_le_bytes)
}
