//! Jobs with a proof at every stage, and what is done with them.

use anchor_lang::solana_program::instruction::Instruction;
use cyxwiz_statement::Registered;
use cyxwiz_tests_onchain::{
    Job, START, Wallet, World, completion, instruction, job_args, terms_of,
};
use job_escrow::{
    CreateEscrowArgs, Tier, Verification, accounts as escrow, instruction as escrow_ix,
};
use training_proof::{
    Claim, Commitment, Nonces, OpenArgs, Stage, instruction as proof_ix, nonce_hash,
};

use crate::runtime::SLOT;

/// Slots between a commitment and now: its challenge can be drawn.
const AGO: u64 = 100;
const NONCES: Nonces = Nonces {
    user: Some([11; 32]),
    coordinator: Some([12; 32]),
};
/// Words that a node commits to; no proof shows them.
const MADE: Commitment = Commitment {
    root: [3; 32],
    trained: [4; 32],
    leaves_hash: [5; 32],
    epochs: 4,
};

fn circuit() -> &'static Registered {
    Registered::by_name("z16x4-ci").expect("it is registered")
}

fn args(id: u8) -> CreateEscrowArgs {
    CreateEscrowArgs {
        required_epochs: MADE.epochs.into(),
        verification: Verification {
            tier: Tier::ZkExact,
            samples: circuit().circuit.samples(),
            circuit: circuit().id,
            runtime_class: [0; 32],
        },
        ..job_args(id)
    }
}

fn opening(job: &Job) -> OpenArgs {
    let hash = |nonce: Option<[u8; 32]>| nonce_hash(&job.escrow.to_bytes(), &nonce.expect("fixed"));
    OpenArgs {
        circuit: circuit().id,
        dataset: [1; 32],
        initial: [2; 32],
        rate: 6,
        user_nonce_hash: hash(NONCES.user),
        coordinator_nonce_hash: hash(NONCES.coordinator),
    }
}

/// Valid instructions of training-proof, and those of job-escrow that take a transcript.
pub fn templates(world: &mut World, user: &Wallet, node: &Wallet) -> Vec<Instruction> {
    world.set_slot(SLOT - AGO);
    let [open, assigned, committed, revealed, verified, lost, refuted] =
        [0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17].map(|id| {
            let job = world.do_create_escrow(user, args(id));
            if id > 0x11 {
                let accounts = world.open_transcript_accounts(&job);
                let sent = world.open_transcript(accounts, opening(&job), &[&user.key]);
                sent.expect("the escrow is open");
                world.do_assign_node(&job, node);
            }
            if id > 0x12 {
                world.commit(&job, MADE, node).expect("the node works");
            }
            job
        });
    world.set_slot(SLOT);
    for job in [&revealed, &verified, &refuted] {
        world.reveal(job, NONCES).expect("the slot is listed");
    }
    world.put_stage(&verified, Stage::Verified);
    world.put_stage(&lost, Stage::FullAudit);
    world.put_stage(&refuted, Stage::Refuted);
    let mut templates = proof_templates(world, node, &open, &assigned, &committed, &revealed);
    let on = job_escrow::ID;
    let owner = node.pubkey();
    let submit = world.submit_completion_accounts(&verified, &owner);
    let args_done = job_escrow::Completion {
        epochs: MADE.epochs.into(),
        ..completion()
    };
    let end = |job: &Job| world.end_failed(world.settlement(job), &node.key);
    let decline = |job: &Job| world.decline_accounts(world.settlement(job), &node.key);
    let cancel = escrow::Cancel {
        user: user.pubkey(),
        refund: world.refund(&refuted),
    };
    templates.extend([
        instruction(on, submit, escrow_ix::SubmitCompletion { args: args_done }),
        instruction(on, end(&refuted), escrow_ix::SettleRefuted {}),
        instruction(on, end(&verified), escrow_ix::SettleRefuted {}),
        instruction(on, decline(&lost), escrow_ix::Decline {}),
        instruction(on, decline(&revealed), escrow_ix::Decline {}),
        instruction(on, end(&revealed), escrow_ix::Fail {}),
        instruction(on, end(&refuted), escrow_ix::Fail {}),
        instruction(on, end(&committed), escrow_ix::TimeoutRefund {}),
        instruction(on, cancel, escrow_ix::Cancel {}),
        instruction(
            on,
            world.assign_node_accounts(&open, &owner),
            escrow_ix::AssignNode {
                terms: terms_of(&args(0x11), START),
            },
        ),
    ]);
    templates
}

fn proof_templates(
    world: &World,
    node: &Wallet,
    open: &Job,
    assigned: &Job,
    committed: &Job,
    revealed: &Job,
) -> Vec<Instruction> {
    let on = training_proof::ID;
    let owner = node.pubkey();
    let claim = world.claim_of(revealed, generators());
    let other = Claim {
        public_input: [1; 32],
        ..claim
    };
    vec![
        instruction(
            on,
            world.open_transcript_accounts(open),
            proof_ix::Open {
                args: opening(open),
            },
        ),
        instruction(
            on,
            world.commit_accounts(assigned, &owner),
            proof_ix::Commit { args: MADE },
        ),
        instruction(
            on,
            world.reveal_accounts(committed),
            proof_ix::Reveal { nonces: NONCES },
        ),
        instruction(
            on,
            world.reveal_accounts(committed),
            proof_ix::Reveal {
                nonces: Nonces::default(),
            },
        ),
        instruction(
            on,
            world.verify_accounts(revealed, &owner),
            proof_ix::Verify { claim },
        ),
        instruction(
            on,
            world.verify_accounts(revealed, &owner),
            proof_ix::Verify { claim: other },
        ),
        instruction(
            on,
            world.close_transcript_accounts(revealed),
            proof_ix::Close {},
        ),
    ]
}

// The groups' generators: points like any, and a false proof of everything.
fn generators() -> [u8; 256] {
    const G1: [&str; 2] = ["1", "2"];
    const G2: [&str; 4] = [
        "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2",
        "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed",
        "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b",
        "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa",
    ];
    let mut proof = [0; 256];
    let words = G1.iter().chain(&G2).chain(&G1);
    for (word, hex) in proof.chunks_mut(32).zip(words) {
        for (at, digit) in hex.bytes().rev().enumerate() {
            let digit = char::from(digit).to_digit(16).expect("it is hexadecimal") as u8;
            word[31 - at / 2] |= digit << (4 * (at % 2));
        }
    }
    proof
}
