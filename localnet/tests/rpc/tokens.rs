//! SPL tokens: mints, balances, accounts by owner and by program.

use solana_account_decoder_client_types::UiAccountEncoding;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_rpc_client_api::config::{
    RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcTransactionConfig,
};
use solana_rpc_client_api::filter::{Memcmp, RpcFilterType};
use solana_rpc_client_api::request::TokenAccountsFilter;
use solana_rpc_client_api::response::OptionSerializer;
use solana_signer::Signer;
use solana_transaction_status_client_types::UiTransactionEncoding;
use spl_associated_token_account_interface::address::get_associated_token_address;
use spl_associated_token_account_interface::instruction::create_associated_token_account;
use spl_token_interface::ID as TOKEN;
use spl_token_interface::instruction::{initialize_mint2, mint_to, transfer_checked};

use crate::harness::{self, Net, send};

const MINT_LEN: u64 = 82;
const UNIT: u64 = 1_000_000_000;

/// A mint of nine decimals with all of `supply` in the payer's account.
pub async fn create_mint(net: &Net, payer: &Keypair, supply: u64) -> Pubkey {
    let mint = Keypair::new();
    let rent = net
        .rpc
        .get_minimum_balance_for_rent_exemption(MINT_LEN as usize)
        .await
        .unwrap();
    let (payer_key, mint_key) = (payer.pubkey(), mint.pubkey());
    let holder = get_associated_token_address(&payer_key, &mint_key);
    let instructions = [
        solana_system_interface::instruction::create_account(
            &payer_key, &mint_key, rent, MINT_LEN, &TOKEN,
        ),
        initialize_mint2(&TOKEN, &mint_key, &payer_key, None, 9).unwrap(),
        create_associated_token_account(&payer_key, &payer_key, &mint_key, &TOKEN),
        mint_to(&TOKEN, &mint_key, &holder, &payer_key, &[], supply).unwrap(),
    ];
    send(&net.rpc, &instructions, &[payer, &mint]).await;
    mint_key
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_move_between_accounts() {
    let net = harness::start().await;
    let payer = net.wallet().await;
    let mint = create_mint(&net, &payer, 1_000 * UNIT).await;
    let other = Keypair::new().pubkey();
    let (from, to) = (
        get_associated_token_address(&payer.pubkey(), &mint),
        get_associated_token_address(&other, &mint),
    );
    let instructions = [
        create_associated_token_account(&payer.pubkey(), &other, &mint, &TOKEN),
        transfer_checked(
            &TOKEN,
            &from,
            &mint,
            &to,
            &payer.pubkey(),
            &[],
            3 * UNIT / 2,
            9,
        )
        .unwrap(),
    ];
    let signature = send(&net.rpc, &instructions, &[&payer]).await;

    let balance = net.rpc.get_token_account_balance(&to).await.unwrap();
    assert_eq!(
        (balance.amount.as_str(), balance.decimals),
        ("1500000000", 9)
    );
    assert_eq!(
        (balance.ui_amount_string.as_str(), balance.ui_amount),
        ("1.5", Some(1.5))
    );
    let supply = net.rpc.get_token_supply(&mint).await.unwrap();
    assert_eq!(supply.ui_amount_string, "1000");
    let owned = net
        .rpc
        .get_token_accounts_by_owner(&other, TokenAccountsFilter::Mint(mint))
        .await
        .unwrap();
    assert_eq!(
        owned
            .iter()
            .map(|item| item.pubkey.clone())
            .collect::<Vec<_>>(),
        [to.to_string()]
    );
    let parsed = net.rpc.get_token_account(&to).await.unwrap().unwrap();
    assert_eq!(
        (parsed.mint, parsed.owner),
        (mint.to_string(), other.to_string())
    );
    assert_eq!(parsed.token_amount.ui_amount_string, "1.5");
    let largest = net.rpc.get_token_largest_accounts(&mint).await.unwrap();
    assert_eq!(
        largest
            .iter()
            .map(|item| item.address.clone())
            .collect::<Vec<_>>(),
        [from.to_string(), to.to_string()]
    );

    let config = RpcTransactionConfig {
        encoding: Some(UiTransactionEncoding::Json),
        max_supported_transaction_version: Some(0),
        commitment: Some(CommitmentConfig::confirmed()),
    };
    let meta = net
        .rpc
        .get_transaction_with_config(&signature, config)
        .await
        .unwrap()
        .transaction
        .meta
        .unwrap();
    let OptionSerializer::Some(inner) = meta.inner_instructions else {
        panic!("no inner instructions")
    };
    assert_eq!(
        inner[0].index, 0,
        "the associated token program called others"
    );
    let OptionSerializer::Some(after) = meta.post_token_balances else {
        panic!("no token balances")
    };
    let after: Vec<_> = after
        .iter()
        .map(|item| item.ui_token_amount.ui_amount_string.as_str())
        .collect();
    assert!(
        after.contains(&"998.5") && after.contains(&"1.5"),
        "{after:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn program_accounts_are_filtered_and_sliced() {
    let net = harness::start().await;
    let payer = net.wallet().await;
    let (mint, unrelated) = (
        create_mint(&net, &payer, 5).await,
        create_mint(&net, &payer, 6).await,
    );
    let config = |filters| RpcProgramAccountsConfig {
        filters: Some(filters),
        account_config: RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            ..Default::default()
        },
        ..RpcProgramAccountsConfig::default()
    };
    let filters = vec![
        RpcFilterType::DataSize(165),
        RpcFilterType::Memcmp(Memcmp::new_base58_encoded(0, mint.as_ref())),
    ];
    let found = net
        .rpc
        .get_program_ui_accounts_with_config(&TOKEN, config(filters))
        .await
        .unwrap();
    let holder = get_associated_token_address(&payer.pubkey(), &mint);
    assert_eq!(
        found.iter().map(|(key, _)| *key).collect::<Vec<_>>(),
        [holder]
    );
    assert_eq!(
        found[0].1.data.decode().unwrap()[64..72],
        5u64.to_le_bytes()
    );

    let filters = vec![
        RpcFilterType::DataSize(82),
        RpcFilterType::Memcmp(Memcmp::new_raw_bytes(4, payer.pubkey().to_bytes().to_vec())),
    ];
    let mut sliced = config(filters);
    sliced.account_config.data_slice =
        Some(solana_account_decoder_client_types::UiDataSliceConfig {
            offset: 36,
            length: 8,
        });
    let mut found = net
        .rpc
        .get_program_ui_accounts_with_config(&TOKEN, sliced)
        .await
        .unwrap();
    found.sort_by_key(|(key, _)| *key == unrelated);
    let supplies: Vec<_> = found
        .iter()
        .map(|(key, account)| (*key, account.data.decode().unwrap()))
        .collect();
    assert_eq!(
        supplies,
        [
            (mint, 5u64.to_le_bytes().to_vec()),
            (unrelated, 6u64.to_le_bytes().to_vec())
        ]
    );
}
