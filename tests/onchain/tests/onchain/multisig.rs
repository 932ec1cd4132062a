//! The keys that a config names may be a multisig's or a governance program's: addresses without a
//! private key, for which a program signs, and whose account may be anything or nothing.

use anchor_lang::{InstructionData, ToAccountMetas, prelude::Pubkey};
use cyxwiz_tests_onchain::{World, address, instruction, key};
use job_escrow::{EscrowError, State, Verdict, accounts, instruction as ix};
use solana_instruction::{Instruction, error::InstructionError};
use solana_message::Message;
use solana_signer::Signer;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

use crate::scene::Scene;

/// An address that no key signs for.
fn multisig() -> Pubkey {
    Pubkey::find_program_address(&[b"multisig"], &spl_token_interface::ID).0
}

/// Lets everybody sign, as the runtime does with programs for their addresses.
fn trusting(mut world: World) -> World {
    world.svm = world.svm.with_sigverify(false);
    world
}

fn send(
    world: &mut World,
    accounts: impl ToAccountMetas,
    data: impl InstructionData,
) -> Result<(), TransactionError> {
    let call: Instruction = instruction(job_escrow::ID, accounts, data);
    world.svm.expire_blockhash();
    let message = Message::new(&[call], Some(&world.payer.pubkey()));
    let mut transaction = Transaction::new_unsigned(message);
    transaction.message.recent_blockhash = world.svm.latest_blockhash();
    let sent = world.svm.send_transaction(transaction);
    sent.map(drop).map_err(|failed| failed.err)
}

fn administer() -> accounts::Administer {
    accounts::Administer {
        admin: multisig(),
        config: address::escrow_config(),
    }
}

#[test]
fn a_multisig_administers() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    world
        .propose_escrow_admin(multisig(), &admin)
        .expect("the admin may");
    let mut world = trusting(world);
    let takes_over = accounts::AcceptAdmin {
        new_admin: multisig(),
        config: address::escrow_config(),
    };
    send(&mut world, takes_over, ix::AcceptAdmin {}).expect("it was proposed");
    send(&mut world, administer(), ix::SetPaused { paused: true }).expect("it is the admin");
    let args = world.escrow_config_args(Default::default());
    send(&mut world, administer(), ix::UpdateConfig { args }).expect("it is the admin");
    let next = key("next-admin").pubkey();
    send(&mut world, administer(), ix::ProposeAdmin { admin: next }).expect("it is the admin");

    // and bounds bind it like anybody
    let params = job_escrow::Params {
        fee_bps: 2_001,
        ..Default::default()
    };
    let args = world.escrow_config_args(params);
    let refused = send(&mut world, administer(), ix::UpdateConfig { args });
    let code = EscrowError::ParameterOutOfBounds.into();
    assert_eq!(
        refused,
        Err(TransactionError::InstructionError(
            0,
            InstructionError::Custom(code)
        ))
    );
}

#[test]
fn a_multisig_decides_disputes() {
    let mut scene = Scene::disputed();
    let admin = scene.world.admin.insecure_clone();
    let mut args = scene.world.escrow_config_args(Default::default());
    args.dispute_authority = multisig();
    scene
        .world
        .update_escrow_config_to(args, &admin)
        .expect("the admin may");
    let settlement = scene.world.settlement(&scene.job);
    scene.world = trusting(scene.world);
    let accounts = accounts::SettleDispute {
        dispute_authority: multisig(),
        slashing: scene.world.slashing(settlement),
    };
    let verdict = Verdict::ForUser {
        insurance_payout: 0,
    };
    send(&mut scene.world, accounts, ix::SettleDispute { verdict }).expect("it decides");
    assert_eq!(scene.world.escrow_of(&scene.job).state, State::Resolved);
}
