//! Client of job-escrow: the life of a job.

use anchor_lang::prelude::Pubkey;
use ed25519_dalek::{Signer as _, SigningKey};
use job_escrow::{
    AssignTerms, Completion, CreateEscrowArgs, Escrow, Receipt, Verdict, Verification, accounts,
    instruction as ix, receipt_message,
};
use solana_ed25519_program::new_ed25519_instruction_with_signature;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::{
    address,
    tokens::CYXWIZ,
    world::{Sent, Wallet, World, instruction, succeed},
};

/// Where one job's escrow lies.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// The escrow account.
    pub escrow: Pubkey,
    /// Its token account.
    pub vault: Pubkey,
    /// Who funded it.
    pub user: Pubkey,
}

impl Job {
    /// The job that `user` calls `job_id`.
    pub fn new(user: &Pubkey, job_id: &[u8; 16]) -> Self {
        let escrow = address::escrow(user, job_id);
        Self {
            escrow,
            vault: address::vault(&escrow),
            user: *user,
        }
    }
}

/// A job of 20 epochs within an hour, for 10 CYXWIZ.
pub fn job_args(id: u8) -> CreateEscrowArgs {
    CreateEscrowArgs {
        job_id: [id; 16],
        amount: 10 * CYXWIZ,
        spec_hash: [1; 32],
        dataset_root: [2; 32],
        required_epochs: 20,
        estimated_seconds: 600,
        timeout_seconds: 3_600,
        verification: Verification::EMPTY,
    }
}

/// The terms that a job created with `args` at this time is assigned on.
pub fn terms_of(args: &CreateEscrowArgs, created_at: i64) -> AssignTerms {
    AssignTerms {
        amount: args.amount,
        spec_hash: args.spec_hash,
        dataset_root: args.dataset_root,
        required_epochs: args.required_epochs,
        estimated_seconds: args.estimated_seconds,
        timeout_seconds: args.timeout_seconds,
        verification: args.verification,
        created_at,
    }
}

/// The Ed25519 instruction that attests `receipt` for `escrow`, signed by `signer`.
pub fn signed_receipt(escrow: &Pubkey, receipt: &Receipt, signer: &Keypair) -> Instruction {
    signed_message(&receipt_message(escrow, receipt), signer)
}

/// The Ed25519 instruction that attests any message.
pub fn signed_message(message: &[u8], signer: &Keypair) -> Instruction {
    let key = SigningKey::from_bytes(signer.secret_bytes());
    let signature = key.sign(message).to_bytes();
    new_ed25519_instruction_with_signature(message, &signature, &signer.pubkey().to_bytes())
}

impl World {
    /// A user with tokens and a record.
    pub fn user(&mut self, name: &str, base_units: u64) -> Wallet {
        let user = self.wallet(name, base_units);
        self.do_open_user(&user.pubkey());
        user
    }

    /// What `create_escrow` takes.
    pub fn create_escrow_accounts(&self, user: &Wallet, job: &Job) -> accounts::CreateEscrow {
        accounts::CreateEscrow {
            user: user.pubkey(),
            config: address::escrow_config(),
            mint: self.mint,
            escrow: job.escrow,
            vault: job.vault,
            user_token: user.token,
            token_program: spl_token_interface::ID,
            system_program: solana_sdk_ids::system_program::ID,
        }
    }

    /// `create_escrow`.
    pub fn create_escrow(
        &mut self,
        accounts: accounts::CreateEscrow,
        args: CreateEscrowArgs,
        signers: &[&Keypair],
    ) -> Sent {
        let data = ix::CreateEscrow { args };
        self.call(job_escrow::ID, accounts, data, signers)
    }

    /// `create_escrow` by a user.
    pub fn do_create_escrow(&mut self, user: &Wallet, args: CreateEscrowArgs) -> Job {
        let job = Job::new(&user.pubkey(), &args.job_id);
        let accounts = self.create_escrow_accounts(user, &job);
        succeed(
            "create_escrow",
            self.create_escrow(accounts, args, &[&user.key]),
        );
        job
    }

    /// `top_up` by a wallet.
    pub fn top_up(&mut self, job: &Job, payer: &Wallet, amount: u64) -> Sent {
        let accounts = accounts::TopUp {
            payer: payer.pubkey(),
            config: address::escrow_config(),
            escrow: job.escrow,
            vault: job.vault,
            payer_token: payer.token,
            token_program: spl_token_interface::ID,
        };
        let data = ix::TopUp { amount };
        self.call(job_escrow::ID, accounts, data, &[&payer.key])
    }

    /// What `assign_node` takes.
    pub fn assign_node_accounts(&self, job: &Job, node_owner: &Pubkey) -> accounts::AssignNode {
        accounts::AssignNode {
            coordinator: self.coordinator.pubkey(),
            config: address::escrow_config(),
            escrow: job.escrow,
            authority: address::authority(),
            registry_config: address::registry_config(),
            node: address::node(node_owner),
            lock: address::lock(&job.escrow),
            node_reputation: address::reputation(node_owner),
            user_reputation: address::user_reputation(&job.user),
            registry_program: node_registry::ID,
            system_program: solana_sdk_ids::system_program::ID,
            transcript: self.transcript_address(&job.escrow),
        }
    }

    /// `assign_node` on the terms that the escrow has.
    pub fn assign_node(&mut self, accounts: accounts::AssignNode, signers: &[&Keypair]) -> Sent {
        let escrow: Escrow = self.read(&accounts.escrow);
        let terms = AssignTerms {
            amount: escrow.amount,
            spec_hash: escrow.spec_hash,
            dataset_root: escrow.dataset_root,
            required_epochs: escrow.required_epochs,
            estimated_seconds: escrow.estimated_seconds,
            timeout_seconds: escrow.timeout_seconds,
            verification: escrow.verification,
            created_at: escrow.created_at,
        };
        self.assign_node_on(terms, accounts, signers)
    }

    /// `assign_node` on these terms.
    pub fn assign_node_on(
        &mut self,
        terms: AssignTerms,
        accounts: accounts::AssignNode,
        signers: &[&Keypair],
    ) -> Sent {
        let data = ix::AssignNode { terms };
        self.call(job_escrow::ID, accounts, data, signers)
    }

    /// `assign_node` by the coordinator.
    pub fn do_assign_node(&mut self, job: &Job, node: &Wallet) {
        let coordinator = self.coordinator.insecure_clone();
        let accounts = self.assign_node_accounts(job, &node.pubkey());
        succeed("assign_node", self.assign_node(accounts, &[&coordinator]));
    }

    /// `anchor_checkpoint`.
    pub fn anchor_checkpoint(&mut self, job: &Job, epoch: u32, signer: &Keypair) -> Sent {
        let accounts = accounts::AnchorCheckpoint {
            node: signer.pubkey(),
            escrow: job.escrow,
        };
        let root = [epoch as u8; 32];
        let data = ix::AnchorCheckpoint { epoch, root };
        self.call(job_escrow::ID, accounts, data, &[signer])
    }

    /// The instruction `present_receipt`, without the signature check that must precede it.
    pub fn present_receipt_instruction(job: &Job, receipt: Receipt) -> Instruction {
        let accounts = accounts::PresentReceipt {
            escrow: job.escrow,
            instructions: solana_sdk_ids::sysvar::instructions::ID,
        };
        instruction(job_escrow::ID, accounts, ix::PresentReceipt { receipt })
    }

    /// `present_receipt` behind the signature check of `signer` for `signed`.
    pub fn present_receipt(
        &mut self,
        job: &Job,
        receipt: Receipt,
        signed: &Receipt,
        signer: &Keypair,
    ) -> Sent {
        let check = signed_receipt(&job.escrow, signed, signer);
        let present = Self::present_receipt_instruction(job, receipt);
        self.send(&[check, present], &[])
    }

    /// `present_receipt` of `seen` and `held` epochs, signed by the user.
    pub fn do_present_receipt(&mut self, job: &Job, user: &Wallet, seen: u32, held: u32) {
        let receipt = receipt_of(seen, held);
        let sent = self.present_receipt(job, receipt, &receipt, &user.key);
        succeed("present_receipt", sent);
    }

    /// The job's transcript, where its escrow pins a tier.
    pub fn transcript_address(&self, escrow: &Pubkey) -> Option<Pubkey> {
        let proven = |escrow: Escrow| escrow.verification.tier.is_proven();
        let proven = self.exists(escrow) && proven(self.read(escrow));
        proven.then(|| address::transcript(escrow))
    }

    /// What `submit_completion` takes.
    pub fn submit_completion_accounts(
        &self,
        job: &Job,
        node_owner: &Pubkey,
    ) -> accounts::SubmitCompletion {
        accounts::SubmitCompletion {
            node: *node_owner,
            escrow: job.escrow,
            transcript: self.transcript_address(&job.escrow),
        }
    }

    /// `submit_completion`.
    pub fn submit_completion(&mut self, job: &Job, args: Completion, signer: &Keypair) -> Sent {
        let accounts = self.submit_completion_accounts(job, &signer.pubkey());
        let data = ix::SubmitCompletion { args };
        self.call(job_escrow::ID, accounts, data, &[signer])
    }

    /// `submit_completion` of all 20 epochs.
    pub fn do_submit_completion(&mut self, job: &Job, node: &Wallet) {
        let sent = self.submit_completion(job, completion(), &node.key);
        succeed("submit_completion", sent);
    }

    /// What settles a job after assignment.
    pub fn settlement(&self, job: &Job) -> accounts::Settlement {
        let escrow = self.escrow_of(job);
        let node = address::node(&escrow.node);
        accounts::Settlement {
            config: address::escrow_config(),
            escrow: job.escrow,
            vault: job.vault,
            node_token: self.token_of(&escrow.node),
            user_token: self.token_of(&escrow.user),
            platform_vault: address::platform_vault(),
            authority: address::authority(),
            registry_config: address::registry_config(),
            node,
            lock: address::lock(&job.escrow),
            lock_payer: self.coordinator.pubkey(),
            reputation_config: address::reputation_config(),
            node_reputation: address::reputation(&escrow.node),
            user_reputation: address::user_reputation(&escrow.user),
            registry_program: node_registry::ID,
            reputation_program: reputation::ID,
            token_program: spl_token_interface::ID,
        }
    }

    /// What settles a job and may slash its node.
    pub fn slashing(&self, settlement: accounts::Settlement) -> accounts::Slashing {
        accounts::Slashing {
            mint: self.mint,
            stake_vault: address::stake_vault(&settlement.node),
            insurance_vault: address::insurance_vault(),
            settlement,
        }
    }

    /// What ends a job that the node has failed.
    pub fn end_failed(
        &self,
        settlement: accounts::Settlement,
        signer: &Keypair,
    ) -> accounts::EndFailed {
        accounts::EndFailed {
            signer: signer.pubkey(),
            transcript: self.transcript_address(&settlement.escrow),
            slashing: self.slashing(settlement),
        }
    }

    /// `accept`.
    pub fn accept(&mut self, settlement: accounts::Settlement, signer: &Keypair) -> Sent {
        let user = signer.pubkey();
        let accounts = accounts::Accept { user, settlement };
        let data = ix::Accept {};
        self.call(job_escrow::ID, accounts, data, &[signer])
    }

    /// `accept` by the user.
    pub fn do_accept(&mut self, job: &Job, user: &Wallet) {
        let settlement = self.settlement(job);
        succeed("accept", self.accept(settlement, &user.key));
    }

    fn by_anyone(settlement: accounts::Settlement, signer: &Keypair) -> accounts::SettleByAnyone {
        accounts::SettleByAnyone {
            signer: signer.pubkey(),
            settlement,
        }
    }

    /// `release`.
    pub fn release(&mut self, settlement: accounts::Settlement, signer: &Keypair) -> Sent {
        let (accounts, data) = (Self::by_anyone(settlement, signer), ix::Release {});
        self.call(job_escrow::ID, accounts, data, &[signer])
    }

    /// `settle_cancel`.
    pub fn settle_cancel(&mut self, settlement: accounts::Settlement, signer: &Keypair) -> Sent {
        let (accounts, data) = (Self::by_anyone(settlement, signer), ix::SettleCancel {});
        self.call(job_escrow::ID, accounts, data, &[signer])
    }

    /// What `decline` takes.
    pub fn decline_accounts(
        &self,
        settlement: accounts::Settlement,
        signer: &Keypair,
    ) -> accounts::Decline {
        accounts::Decline {
            signer: signer.pubkey(),
            transcript: self.transcript_address(&settlement.escrow),
            settlement,
        }
    }

    /// `decline`.
    pub fn decline(&mut self, settlement: accounts::Settlement, signer: &Keypair) -> Sent {
        let accounts = self.decline_accounts(settlement, signer);
        self.call(job_escrow::ID, accounts, ix::Decline {}, &[signer])
    }

    /// `fail`.
    pub fn fail(&mut self, settlement: accounts::Settlement, signer: &Keypair) -> Sent {
        let (accounts, data) = (self.end_failed(settlement, signer), ix::Fail {});
        self.call(job_escrow::ID, accounts, data, &[signer])
    }

    /// `timeout_refund`.
    pub fn timeout_refund(&mut self, settlement: accounts::Settlement, signer: &Keypair) -> Sent {
        let (accounts, data) = (self.end_failed(settlement, signer), ix::TimeoutRefund {});
        self.call(job_escrow::ID, accounts, data, &[signer])
    }

    /// `settle_refuted`.
    pub fn settle_refuted(&mut self, settlement: accounts::Settlement, signer: &Keypair) -> Sent {
        let (accounts, data) = (self.end_failed(settlement, signer), ix::SettleRefuted {});
        self.call(job_escrow::ID, accounts, data, &[signer])
    }

    /// `expire_dispute`.
    pub fn expire_dispute(&mut self, settlement: accounts::Settlement, signer: &Keypair) -> Sent {
        let (accounts, data) = (Self::by_anyone(settlement, signer), ix::ExpireDispute {});
        self.call(job_escrow::ID, accounts, data, &[signer])
    }

    /// What `open_dispute` takes.
    pub fn open_dispute_accounts(&self, job: &Job) -> accounts::OpenDispute {
        accounts::OpenDispute {
            user: job.user,
            config: address::escrow_config(),
            escrow: job.escrow,
            vault: job.vault,
            user_token: self.token_of(&job.user),
            token_program: spl_token_interface::ID,
        }
    }

    /// `open_dispute`.
    pub fn open_dispute(&mut self, accounts: accounts::OpenDispute, signers: &[&Keypair]) -> Sent {
        let data = ix::OpenDispute { evidence: [5; 32] };
        self.call(job_escrow::ID, accounts, data, signers)
    }

    /// `open_dispute` by the user.
    pub fn do_open_dispute(&mut self, job: &Job, user: &Wallet) {
        let accounts = self.open_dispute_accounts(job);
        succeed("open_dispute", self.open_dispute(accounts, &[&user.key]));
    }

    /// `settle_dispute`.
    pub fn settle_dispute(
        &mut self,
        settlement: accounts::Settlement,
        verdict: Verdict,
        signer: &Keypair,
    ) -> Sent {
        let accounts = accounts::SettleDispute {
            dispute_authority: signer.pubkey(),
            slashing: self.slashing(settlement),
        };
        let data = ix::SettleDispute { verdict };
        self.call(job_escrow::ID, accounts, data, &[signer])
    }

    /// What `extend_deadline` takes.
    pub fn extend_deadline_accounts(&self, job: &Job) -> accounts::ExtendDeadline {
        accounts::ExtendDeadline {
            user: job.user,
            config: address::escrow_config(),
            escrow: job.escrow,
        }
    }

    /// `extend_deadline`.
    pub fn extend_deadline(
        &mut self,
        accounts: accounts::ExtendDeadline,
        extra_seconds: u32,
        signers: &[&Keypair],
    ) -> Sent {
        let data = ix::ExtendDeadline { extra_seconds };
        self.call(job_escrow::ID, accounts, data, signers)
    }

    /// What refunds an open job.
    pub fn refund(&self, job: &Job) -> accounts::Refund {
        accounts::Refund {
            config: address::escrow_config(),
            escrow: job.escrow,
            vault: job.vault,
            user_token: self.token_of(&job.user),
            token_program: spl_token_interface::ID,
        }
    }

    /// `cancel`.
    pub fn cancel(&mut self, job: &Job, signer: &Keypair) -> Sent {
        let accounts = accounts::Cancel {
            user: signer.pubkey(),
            refund: self.refund(job),
        };
        let data = ix::Cancel {};
        self.call(job_escrow::ID, accounts, data, &[signer])
    }

    /// `expire_unassigned`.
    pub fn expire_unassigned(&mut self, refund: accounts::Refund) -> Sent {
        let accounts = accounts::ExpireUnassigned { refund };
        let data = ix::ExpireUnassigned {};
        self.call(job_escrow::ID, accounts, data, &[])
    }

    /// What `close` takes.
    pub fn close_accounts(&self, job: &Job, signer: &Pubkey) -> accounts::Close {
        accounts::Close {
            signer: *signer,
            escrow: job.escrow,
            vault: job.vault,
            user_token: self.token_of(&job.user),
            rent_payer: job.user,
            token_program: spl_token_interface::ID,
        }
    }

    /// `close`.
    pub fn close(&mut self, accounts: accounts::Close, signers: &[&Keypair]) -> Sent {
        let data = ix::Close {};
        self.call(job_escrow::ID, accounts, data, signers)
    }

    /// A job's escrow.
    pub fn escrow_of(&self, job: &Job) -> Escrow {
        self.read(&job.escrow)
    }

    pub(crate) fn token_of(&self, owner: &Pubkey) -> Pubkey {
        spl_associated_token_account_interface::address::get_associated_token_address(
            owner, &self.mint,
        )
    }
}

/// A receipt of that much progress.
pub fn receipt_of(seen: u32, held: u32) -> Receipt {
    Receipt {
        epochs_seen: seen,
        epochs_held: held,
        checkpoint_hash: [seen as u8; 32],
    }
}

/// The result of a 20-epoch job.
pub fn completion() -> Completion {
    Completion {
        final_root: [3; 32],
        weights_hash: [4; 32],
        epochs: 20,
        training_seconds: 300,
    }
}
