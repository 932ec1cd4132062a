//! Whole programs on hostile instructions: valid ones with other accounts, missing or extra signatures,
//! other arguments, at other times, behind other signature checks, and on accounts with other contents.
//!
//! No program may panic. And as long as nobody writes into the programs' accounts past them, whoever signs
//! whatever, the books of all escrows, nodes, locks and allocations agree, and no token or lamport is made or
//! lost.

use std::{collections::BTreeMap, sync::OnceLock};

use anchor_lang::{
    prelude::{AccountMeta, Pubkey},
    solana_program::instruction::Instruction,
};
use job_escrow::{Escrow, State};
use node_registry::{JobLock, Node};
use training_proof::{Stage, Transcript};
use vesting::Vesting;

use solana_sdk_ids::{
    system_program::ID as SYSTEM_PROGRAM, sysvar::instructions::ID as INSTRUCTIONS,
};
use spl_token_interface::ID as TOKEN_PROGRAM;

use crate::{
    bank::Bank,
    bytes::Bytes,
    scene::{Scene, instructions_sysvar},
};

const OURS: [Pubkey; 5] = [
    job_escrow::ID,
    node_registry::ID,
    reputation::ID,
    training_proof::ID,
    vesting::ID,
];
const DISCRIMINATOR_LEN: usize = 8;
/// More instructions than an input is read for.
const MAX_STEPS: usize = 12;

/// Runs one input; panics where a program or the books do not hold.
pub fn run(input: &[u8]) {
    let scene = scene();
    let mut bytes = Bytes::new(input);
    let mut bank = scene.bank.clone();
    let mut genuine = true;
    for _ in 0..MAX_STEPS {
        if bytes.is_empty() {
            break;
        }
        let mut instruction = scene.templates[bytes.below(scene.templates.len())].clone();
        let what = bytes.byte();
        if what & 1 != 0 {
            change_accounts(&mut instruction, scene, &mut bytes);
        }
        if what & 2 != 0 {
            change_data(&mut instruction, &mut bytes);
        }
        if what & 4 != 0 {
            bank.now = if what & 8 != 0 {
                bytes.i64()
            } else {
                bank.now.saturating_add(bytes.u32().into())
            };
        }
        if what & 16 != 0 {
            genuine &= !change_contents(&mut bank, &instruction, &mut bytes);
        }
        if what & 32 != 0 {
            let mut before = scene.signature_check.clone();
            change_data(&mut before, &mut bytes);
            let sysvar = instructions_sysvar(&[before, instruction.clone()]);
            bank.accounts.insert(INSTRUCTIONS, sysvar);
        }
        let accepted = bank.run(&instruction).is_ok();
        if accepted && genuine {
            assert_eq!(
                bank.lamports(),
                scene.bank.lamports(),
                "lamports were made or lost"
            );
            check(&bank, &scene.mint);
        }
    }
}

/// The scene's own instructions that are refused where it begins, and why.
pub fn refused_at_once() -> Vec<String> {
    let scene = scene();
    let refused = scene
        .templates
        .iter()
        .enumerate()
        .filter_map(|(number, template)| {
            let error = scene.bank.clone().run(template).err()?;
            Some(format!("{number}: {error:?}"))
        });
    refused.collect()
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(Scene::new)
}

fn change_accounts(instruction: &mut Instruction, scene: &Scene, bytes: &mut Bytes) {
    let other = scene.known[bytes.below(scene.known.len())];
    if instruction.accounts.is_empty() {
        instruction.accounts.push(AccountMeta::new(other, false));
        return;
    }
    let at = bytes.below(instruction.accounts.len());
    let meta = &mut instruction.accounts[at];
    match bytes.byte() % 6 {
        0 => meta.pubkey = other,
        // an address that only a program signs for cannot sign here
        1 => meta.is_signer = !meta.is_signer && meta.pubkey.is_on_curve(),
        2 => meta.is_writable = !meta.is_writable,
        3 => drop(instruction.accounts.remove(at)),
        4 => instruction.accounts.push(AccountMeta::new(other, false)),
        _ => {
            let from = bytes.below(instruction.accounts.len());
            instruction.accounts[at].pubkey = instruction.accounts[from].pubkey;
        }
    }
    for meta in &mut instruction.accounts {
        meta.is_signer = meta.is_signer && meta.pubkey.is_on_curve();
    }
}

fn change_data(instruction: &mut Instruction, bytes: &mut Bytes) {
    let data = &mut instruction.data;
    match bytes.byte() % 4 {
        0 => data.truncate(bytes.below(data.len() + 1)),
        1 => data.extend(bytes.some()),
        _ => {
            let at = bytes.below(data.len().max(1));
            let with = bytes.some();
            let end = (at + with.len()).min(data.len());
            data[at.min(end)..end].copy_from_slice(&with[..end - at.min(end)]);
        }
    }
}

// True where it wrote into an account that a program trusts.
fn change_contents(bank: &mut Bank, instruction: &Instruction, bytes: &mut Bytes) -> bool {
    if instruction.accounts.is_empty() {
        return false;
    }
    let address = instruction.accounts[bytes.below(instruction.accounts.len())].pubkey;
    let Some(account) = bank.accounts.get_mut(&address) else {
        return false;
    };
    // what only the runtime writes is as it is
    if account.executable || address == INSTRUCTIONS {
        return false;
    }
    // our accounts are of their length and begin with their type for as long as they live
    let ours = OURS.contains(&account.owner);
    let fixed = if ours { DISCRIMINATOR_LEN } else { 0 };
    match bytes.byte() % 8 {
        // and an address that only a program signs for has what that program made there
        0 | 1 if ours || !address.is_on_curve() => return false,
        0 => account.data.truncate(bytes.below(account.data.len() + 1)),
        1 => account.owner = [TOKEN_PROGRAM, SYSTEM_PROGRAM][bytes.below(2)],
        _ => {
            let Some(free) = account
                .data
                .get_mut(fixed..)
                .filter(|free| !free.is_empty())
            else {
                return false;
            };
            let at = bytes.below(free.len());
            let with = bytes.some();
            let count = with.len().min(free.len() - at);
            free[at..at + count].copy_from_slice(&with[..count]);
        }
    }
    true
}

fn check(bank: &Bank, mint: &Pubkey) {
    let (sum, supply) = (bank.sum_of_tokens(mint), bank.supply(mint));
    assert_eq!(sum, u128::from(supply), "tokens were made or lost");
    let transcripts = bank.all::<Transcript>(&training_proof::ID).into_iter();
    let transcripts: Vec<Transcript> = transcripts.map(|(_, transcript)| transcript).collect();
    for (address, escrow) in bank.all::<Escrow>(&job_escrow::ID) {
        let held = bank.tokens(&escrow.vault);
        let sound = escrow.invariant(held);
        assert!(
            sound.is_ok(),
            "escrow {address}: {escrow:?} with {held} in its vault"
        );
        let whole = escrow.state != State::Refunded || escrow.paid_user == escrow.amount;
        assert!(whole, "escrow {address}: {escrow:?}");
        // until then its transcript cannot be closed
        if escrow.verification.tier.is_proven() && escrow.state == State::Submitted {
            let transcript = transcripts.iter().find(|it| it.escrow == address);
            let shown = transcript.is_some_and(|it| it.stage == Stage::Verified);
            assert!(shown, "escrow {address}: {transcript:?}");
        }
    }
    for (address, allocation) in bank.all::<Vesting>(&vesting::ID) {
        let held = bank.tokens(&allocation.vault);
        assert!(
            allocation.invariant(held).is_ok(),
            "allocation {address}: {allocation:?} with {held} in its vault"
        );
    }
    let mut locked: BTreeMap<Pubkey, (u32, u64)> = BTreeMap::new();
    for (_, lock) in bank.all::<JobLock>(&node_registry::ID) {
        let (count, sum) = locked.entry(lock.node).or_default();
        *count += 1;
        *sum += lock.amount;
    }
    for (address, node) in bank.all::<Node>(&node_registry::ID) {
        let held = bank.tokens(&node.stake_vault);
        assert!(
            node.invariant(held).is_ok(),
            "node {address}: {node:?} with {held} staked"
        );
        let locks = locked.get(&address).copied().unwrap_or_default();
        assert_eq!(
            locks,
            (node.active_jobs, node.locked),
            "node {address}: {node:?}"
        );
    }
}
