//! A market with a job in every state, and a valid instruction of every kind: where mutations start from.

use anchor_lang::{
    prelude::Pubkey,
    solana_program::{
        instruction::{BorrowedAccountMeta, BorrowedInstruction, Instruction},
        sysvar::instructions::construct_instructions_data,
    },
};
use cyxwiz_tests_onchain::{
    CYXWIZ, Job, START, Wallet, World, address, instruction, job_args, key, profile, receipt_of,
    signed_receipt, terms_of,
};
use job_escrow::{Verdict, accounts as escrow, instruction as escrow_ix};
use node_registry::{accounts as registry, instruction as registry_ix};
use reputation::{accounts as records, instruction as records_ix};
use solana_signer::Signer;
use vesting::{CreateVestingArgs, accounts as allocations, instruction as allocations_ix};

use crate::{
    bank::{Account, Bank},
    proven,
};

/// Where every input begins.
pub struct Scene {
    /// All accounts.
    pub bank: Bank,
    /// Valid instructions, accepted in `bank` as it is or once some time has passed.
    pub templates: Vec<Instruction>,
    /// Addresses worth trying in place of others.
    pub known: Vec<Pubkey>,
    /// What comes before the first of them: the check of the user's signature under a receipt.
    pub signature_check: Instruction,
    /// The mint.
    pub mint: Pubkey,
}

struct Jobs {
    open: Job,
    assigned: Job,
    submitted: Job,
    cancelling: Job,
    disputed: Job,
    paid: Job,
}

impl Scene {
    /// Prepares it, on the compiled programs.
    pub fn new() -> Self {
        let mut world = World::new();
        let user = world.user("user", 1_000 * CYXWIZ);
        let node = world.node("node", 3_000 * CYXWIZ);
        let newcomer = world.wallet("newcomer", 100 * CYXWIZ);
        let mint = world.mint;
        for name in ["development", "liquidity"] {
            world.do_create_token_account(&key(name).pubkey(), &mint);
        }
        let jobs = jobs(&mut world, &user, &node);
        world
            .request_unstake(address::node(&node.pubkey()), CYXWIZ, &node.key)
            .expect("most of the stake is free");
        let mut templates = job_templates(&world, &user, &node, &jobs);
        templates.extend(escrow_templates(&world, &user, &jobs));
        templates.extend(registry_templates(&world, &node, &newcomer));
        templates.extend(record_templates(&world, &node, &newcomer, &jobs));
        templates.extend(proven::templates(&mut world, &user, &node));
        templates.extend(vesting_templates(&mut world, &user, &newcomer));
        let mut bank = Bank::of(&world);
        let signature_check = signed_receipt(&jobs.assigned.escrow, &receipt_of(5, 5), &user.key);
        bank.accounts.insert(
            solana_sdk_ids::sysvar::instructions::ID,
            instructions_sysvar(&[signature_check.clone(), templates[0].clone()]),
        );
        let mut known: Vec<Pubkey> = bank.accounts.keys().copied().collect();
        known.push(address::authority());
        Self {
            bank,
            templates,
            known,
            signature_check,
            mint,
        }
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

fn jobs(world: &mut World, user: &Wallet, node: &Wallet) -> Jobs {
    let mut create = |id| world.do_create_escrow(user, job_args(id));
    let [open, assigned, submitted, cancelling, disputed, paid] =
        [1, 2, 3, 4, 5, 6].map(&mut create);
    for job in [&assigned, &submitted, &cancelling, &disputed, &paid] {
        world.do_assign_node(job, node);
        world.do_present_receipt(job, user, 3, 2);
    }
    for job in [&submitted, &disputed, &paid] {
        world.do_submit_completion(job, node);
    }
    world
        .cancel(&cancelling, &user.key)
        .expect("the user may cancel");
    world.do_open_dispute(&disputed, user);
    world.do_accept(&paid, user);
    Jobs {
        open,
        assigned,
        submitted,
        cancelling,
        disputed,
        paid,
    }
}

// The sysvar with these instructions, the second one running.
pub(crate) fn instructions_sysvar(instructions: &[Instruction]) -> Account {
    let borrowed: Vec<BorrowedInstruction> = instructions
        .iter()
        .map(|instruction| BorrowedInstruction {
            program_id: &instruction.program_id,
            accounts: instruction
                .accounts
                .iter()
                .map(|meta| BorrowedAccountMeta {
                    pubkey: &meta.pubkey,
                    is_signer: meta.is_signer,
                    is_writable: meta.is_writable,
                })
                .collect(),
            data: &instruction.data,
        })
        .collect();
    let mut data = construct_instructions_data(&borrowed);
    let last = data.len() - 2;
    data[last..].copy_from_slice(&1u16.to_le_bytes());
    Account {
        owner: solana_sdk_ids::sysvar::ID,
        data,
        ..Account::wallet(1)
    }
}

// What happens to jobs that a node has taken. The first is `present_receipt`, behind its signature.
fn job_templates(world: &World, user: &Wallet, node: &Wallet, jobs: &Jobs) -> Vec<Instruction> {
    let on = job_escrow::ID;
    let anyone = key("stranger").pubkey();
    let judge = key("judge").pubkey();
    let by_anyone = |job: &Job| escrow::SettleByAnyone {
        signer: anyone,
        settlement: world.settlement(job),
    };
    let accept = |job: &Job| escrow::Accept {
        user: user.pubkey(),
        settlement: world.settlement(job),
    };
    let end_failed =
        |job: &Job, signer: &Wallet| world.end_failed(world.settlement(job), &signer.key);
    let settle_dispute = |verdict| {
        let accounts = escrow::SettleDispute {
            dispute_authority: judge,
            slashing: world.slashing(world.settlement(&jobs.disputed)),
        };
        instruction(on, accounts, escrow_ix::SettleDispute { verdict })
    };
    let worker = world.submit_completion_accounts(&jobs.assigned, &node.pubkey());
    let anchor = escrow::AnchorCheckpoint {
        node: node.pubkey(),
        escrow: jobs.assigned.escrow,
    };
    vec![
        World::present_receipt_instruction(&jobs.assigned, receipt_of(5, 5)),
        instruction(
            on,
            anchor,
            escrow_ix::AnchorCheckpoint {
                epoch: 4,
                root: [4; 32],
            },
        ),
        instruction(
            on,
            worker,
            escrow_ix::SubmitCompletion {
                args: cyxwiz_tests_onchain::completion(),
            },
        ),
        instruction(on, accept(&jobs.submitted), escrow_ix::Accept {}),
        instruction(on, accept(&jobs.assigned), escrow_ix::Accept {}),
        instruction(on, by_anyone(&jobs.submitted), escrow_ix::Release {}),
        instruction(on, by_anyone(&jobs.assigned), escrow_ix::Release {}),
        instruction(on, by_anyone(&jobs.cancelling), escrow_ix::SettleCancel {}),
        instruction(on, by_anyone(&jobs.assigned), escrow_ix::SettleCancel {}),
        instruction(on, end_failed(&jobs.assigned, node), escrow_ix::Fail {}),
        instruction(
            on,
            world.decline_accounts(world.settlement(&jobs.assigned), &node.key),
            escrow_ix::Decline {},
        ),
        instruction(
            on,
            end_failed(&jobs.assigned, user),
            escrow_ix::TimeoutRefund {},
        ),
        instruction(on, by_anyone(&jobs.disputed), escrow_ix::ExpireDispute {}),
        instruction(
            on,
            world.open_dispute_accounts(&jobs.submitted),
            escrow_ix::OpenDispute { evidence: [5; 32] },
        ),
        settle_dispute(Verdict::ForNode),
        settle_dispute(Verdict::ForUser {
            insurance_payout: 0,
        }),
        settle_dispute(Verdict::Shared { node_bps: 3_333 }),
    ]
}

// The life of an escrow before and after that, and what its admin does.
fn escrow_templates(world: &World, user: &Wallet, jobs: &Jobs) -> Vec<Instruction> {
    let on = job_escrow::ID;
    let fresh = job_args(9);
    let job = Job::new(&user.pubkey(), &fresh.job_id);
    let node = world.settlement(&jobs.assigned).node_token;
    let node_owner = world.escrow_of(&jobs.assigned).node;
    let top_up = escrow::TopUp {
        payer: user.pubkey(),
        config: address::escrow_config(),
        escrow: jobs.open.escrow,
        vault: jobs.open.vault,
        payer_token: user.token,
        token_program: spl_token_interface::ID,
    };
    let cancel = |job: &Job| escrow::Cancel {
        user: user.pubkey(),
        refund: world.refund(job),
    };
    let administer = escrow::Administer {
        admin: world.admin.pubkey(),
        config: address::escrow_config(),
    };
    let expire = escrow::ExpireUnassigned {
        refund: world.refund(&jobs.open),
    };
    let close = world.close_accounts(&jobs.paid, &user.pubkey());
    debug_assert_ne!(node, user.token);
    vec![
        instruction(
            on,
            world.create_escrow_accounts(user, &job),
            escrow_ix::CreateEscrow {
                args: fresh.clone(),
            },
        ),
        instruction(on, top_up, escrow_ix::TopUp { amount: 7 }),
        instruction(
            on,
            world.assign_node_accounts(&jobs.open, &node_owner),
            escrow_ix::AssignNode {
                terms: terms_of(&job_args(1), START),
            },
        ),
        instruction(
            on,
            world.extend_deadline_accounts(&jobs.assigned),
            escrow_ix::ExtendDeadline { extra_seconds: 60 },
        ),
        instruction(on, cancel(&jobs.open), escrow_ix::Cancel {}),
        instruction(on, cancel(&jobs.assigned), escrow_ix::Cancel {}),
        instruction(on, expire, escrow_ix::ExpireUnassigned {}),
        instruction(on, close, escrow_ix::Close {}),
        instruction(on, world.distribute_accounts(), escrow_ix::Distribute {}),
        instruction(on, administer, escrow_ix::SetPaused { paused: true }),
        instruction(on, administer, escrow_ix::SetPaused { paused: false }),
        instruction(
            on,
            administer,
            escrow_ix::ProposeAdmin {
                admin: user.pubkey(),
            },
        ),
        instruction(
            on,
            administer,
            escrow_ix::UpdateConfig {
                args: world.escrow_config_args(Default::default()),
            },
        ),
        instruction(
            on,
            world.initialize_escrow_accounts(),
            escrow_ix::Initialize {
                args: world.escrow_config_args(Default::default()),
            },
        ),
    ]
}

fn registry_templates(world: &World, node: &Wallet, newcomer: &Wallet) -> Vec<Instruction> {
    let on = node_registry::ID;
    let account = address::node(&node.pubkey());
    let config = address::registry_config();
    let update = registry::Update {
        owner: node.pubkey(),
        config,
        node: account,
    };
    let heartbeat = registry::Heartbeat {
        owner: node.pubkey(),
        node: account,
    };
    let unstake = registry::RequestUnstake {
        owner: node.pubkey(),
        config,
        node: account,
    };
    let administer = registry::Administer {
        admin: world.admin.pubkey(),
        config,
    };
    vec![
        instruction(
            on,
            world.register_accounts(&newcomer.pubkey()),
            registry_ix::Register { profile: profile() },
        ),
        instruction(on, update, registry_ix::Update { profile: profile() }),
        instruction(
            on,
            world.stake_accounts(node),
            registry_ix::Stake { amount: 1 },
        ),
        instruction(on, unstake, registry_ix::RequestUnstake { amount: CYXWIZ }),
        instruction(on, world.withdraw_accounts(node), registry_ix::Withdraw {}),
        instruction(
            on,
            world.claim_reward_accounts(node),
            registry_ix::ClaimReward {},
        ),
        instruction(on, heartbeat, registry_ix::Heartbeat {}),
        instruction(on, administer, registry_ix::SetPaused { paused: true }),
        instruction(on, administer, registry_ix::SetPaused { paused: false }),
        instruction(
            on,
            administer,
            registry_ix::UpdateConfig {
                params: Default::default(),
            },
        ),
    ]
}

fn record_templates(
    world: &World,
    node: &Wallet,
    newcomer: &Wallet,
    jobs: &Jobs,
) -> Vec<Instruction> {
    let on = reputation::ID;
    let config = address::reputation_config();
    let open_node = records::OpenNode {
        payer: newcomer.pubkey(),
        config,
        reputation: address::reputation(&newcomer.pubkey()),
        system_program: solana_sdk_ids::system_program::ID,
    };
    let administer = records::Administer {
        admin: world.admin.pubkey(),
        config,
    };
    let samples = vec![reputation::UptimeSample {
        up: 120,
        total: 120,
    }];
    vec![
        instruction(
            on,
            open_node,
            records_ix::OpenNode {
                owner: newcomer.pubkey(),
            },
        ),
        instruction(
            on,
            world.rate_accounts(&jobs.paid, &node.pubkey()),
            records_ix::Rate { stars: 5 },
        ),
        instruction(
            on,
            world.close_rating_accounts(&jobs.paid),
            records_ix::CloseRating {},
        ),
        instruction(on, administer, records_ix::SetPaused { paused: true }),
        instruction(
            on,
            administer,
            records_ix::UpdateConfig {
                coordinator: newcomer.pubkey(),
            },
        ),
        World::batch_uptime_instruction(
            world.coordinator.pubkey(),
            &[address::reputation(&node.pubkey())],
            samples,
        ),
    ]
}

// Allocations of the user's to the newcomer: one that vests, one that has been paid out.
fn vesting_templates(world: &mut World, user: &Wallet, newcomer: &Wallet) -> Vec<Instruction> {
    let on = vesting::ID;
    let (to, now) = (newcomer.pubkey(), world.now());
    let args = |id, duration_seconds| CreateVestingArgs {
        id,
        total: CYXWIZ,
        start: now,
        cliff_seconds: 0,
        duration_seconds,
    };
    let running = world.do_create_vesting(user, &to, args(1, 86_400));
    let over = world.do_create_vesting(user, &to, args(2, 1));
    world.advance(2);
    world.do_claim(&over, newcomer);
    let propose = allocations::ProposeBeneficiary {
        beneficiary: to,
        vesting: running.vesting,
    };
    let accept = allocations::AcceptBeneficiary {
        new_beneficiary: user.pubkey(),
        vesting: running.vesting,
    };
    vec![
        instruction(
            on,
            world.create_vesting_accounts(user, &to, 3),
            allocations_ix::CreateVesting {
                args: args(3, 86_400),
            },
        ),
        instruction(
            on,
            world.claim_accounts(&running, newcomer),
            allocations_ix::Claim {},
        ),
        instruction(
            on,
            propose,
            allocations_ix::ProposeBeneficiary {
                next: user.pubkey(),
            },
        ),
        instruction(on, accept, allocations_ix::AcceptBeneficiary {}),
        instruction(
            on,
            world.close_vesting_accounts(&over),
            allocations_ix::Close {},
        ),
        instruction(
            on,
            world.close_vesting_accounts(&running),
            allocations_ix::Close {},
        ),
    ]
}
