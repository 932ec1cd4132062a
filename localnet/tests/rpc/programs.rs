//! Programs loaded at start, and the precompile that programs check signatures with.

use std::fs;

use cyxwiz_localnet::{ChainConfig, Config, Program};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_sdk_ids::bpf_loader_upgradeable;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;
use spl_token_interface::instruction::initialize_mint2;

use crate::harness::{self, send, transaction};

async fn program_data(rpc: &RpcClient, program: &Pubkey) -> Vec<u8> {
    let address = Pubkey::find_program_address(&[program.as_ref()], &bpf_loader_upgradeable::ID).0;
    rpc.get_account_data(&address).await.unwrap()
}

fn authority(data: &[u8]) -> Option<Pubkey> {
    match bincode::deserialize(data).unwrap() {
        UpgradeableLoaderState::ProgramData {
            upgrade_authority_address,
            ..
        } => upgrade_authority_address,
        other => panic!("not program data: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_loaded_with_their_authority_and_run() {
    // Any real image will do; the Token-2022 program of another chain is one.
    let source = harness::start_with(Config::default()).await;
    let image = program_data(&source.rpc, &cyxwiz_localnet::chain::token::TOKEN_2022_ID).await;
    let image = &image[UpgradeableLoaderState::size_of_programdata_metadata()..];
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("program.so");
    fs::write(&path, image).unwrap();

    let (upgradeable, fixed, owner) = (
        Pubkey::new_unique(),
        Pubkey::new_unique(),
        Pubkey::new_unique(),
    );
    let programs = [(upgradeable, Some(owner)), (fixed, None)];
    let programs = programs.map(|(address, upgrade_authority)| Program {
        address,
        image: path.clone(),
        upgrade_authority,
    });
    let config = |programs| {
        let ledger = Some(directory.path().join("ledger"));
        Config {
            chain: ChainConfig {
                ledger,
                programs,
                ..Config::default().chain
            },
            ..Config::default()
        }
    };
    let mut net = harness::start_with(config(programs.to_vec())).await;
    // The second time they come from the ledger.
    for _ in 0..2 {
        assert_eq!(
            authority(&program_data(&net.rpc, &upgradeable).await),
            Some(owner)
        );
        assert_eq!(authority(&program_data(&net.rpc, &fixed).await), None);
        for address in [upgradeable, fixed] {
            assert!(net.rpc.get_account(&address).await.unwrap().executable);
            let payer = net.wallet().await;
            let instruction = Instruction {
                program_id: address,
                accounts: Vec::new(),
                data: vec![255],
            };
            let transaction = transaction(&net.rpc, &[instruction], &[&payer]).await;
            let result = net
                .rpc
                .simulate_transaction(&transaction)
                .await
                .unwrap()
                .value;
            let logs = result.logs.unwrap();
            assert_eq!(logs[0], format!("Program {address} invoke [1]"));
            assert!(result.units_consumed.unwrap() > 0, "it ran: {logs:?}");
        }
        net.localnet.take().unwrap().shutdown().await.unwrap();
        net = harness::start_with(config(Vec::new())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_no_program_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("program.so");
    fs::write(&image, b"not an ELF file").unwrap();
    let program = |image| Program {
        address: Pubkey::new_unique(),
        image,
        upgrade_authority: None,
    };
    for (image, reason) in [
        (image, "does not load"),
        (
            directory.path().join("missing.so"),
            "build the programs first",
        ),
    ] {
        let chain = ChainConfig {
            programs: vec![program(image)],
            ..Config::default().chain
        };
        let error = cyxwiz_localnet::Localnet::start(Config {
            chain,
            ..Config::default()
        })
        .await
        .err()
        .unwrap();
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ed25519_precompile_checks_signatures() {
    let net = harness::start().await;
    let (payer, signer) = (net.wallet().await, Keypair::new());
    let signature: [u8; 64] = signer.sign_message(b"receipt").into();
    let check = |message: &[u8]| {
        let key = signer.pubkey().to_bytes();
        solana_ed25519_program::new_ed25519_instruction_with_signature(message, &signature, &key)
    };
    send(&net.rpc, &[check(b"receipt")], &[&payer]).await;
    let forged = transaction(&net.rpc, &[check(b"another")], &[&payer]).await;
    let error = net.rpc.send_transaction(&forged).await.unwrap_err();
    assert!(
        matches!(
            error.get_transaction_error(),
            Some(TransactionError::InstructionError(0, _))
        ),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_instruction_names_itself() {
    let net = harness::start().await;
    let payer = net.wallet().await;
    let missing = Keypair::new().pubkey();
    let instructions = [
        harness::transfer(&payer, &missing, harness::SOL),
        initialize_mint2(&spl_token_interface::ID, &missing, &missing, None, 9).unwrap(),
    ];
    let transaction = transaction(&net.rpc, &instructions, &[&payer]).await;
    let error = net.rpc.send_transaction(&transaction).await.unwrap_err();
    assert!(
        matches!(
            error.get_transaction_error(),
            Some(TransactionError::InstructionError(1, _))
        ),
        "{error}"
    );
}
