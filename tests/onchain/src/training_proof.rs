//! Client of training-proof.

use anchor_lang::{AnchorSerialize, prelude::Pubkey};
use cyxwiz_statement::Registered;
use job_escrow::Verification;
use solana_clock::Clock;
use solana_hash::Hash;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_slot_hashes::{MAX_ENTRIES, SlotHashes};
use training_proof::{
    Claim, Commitment, Nonces, OpenArgs, Stage, Transcript, accounts, instruction as ix,
};

use crate::{
    address,
    escrow::Job,
    world::{Sent, Wallet, World},
};

/// The hash of a slot on every test's chain.
pub fn slot_hash(slot: u64) -> [u8; 32] {
    let mut hash = [7; 32];
    hash[..8].copy_from_slice(&slot.to_le_bytes());
    hash
}

impl World {
    /// Sets the chain's slot; the list of slot hashes has all slots before it that it has room for.
    pub fn set_slot(&mut self, slot: u64) {
        let first = slot.saturating_sub(MAX_ENTRIES as u64);
        let slots: Vec<u64> = (first..slot).collect();
        self.set_slots(slot, &slots);
    }

    /// Sets the chain's slot and the slots whose hashes are listed.
    pub fn set_slots(&mut self, slot: u64, listed: &[u64]) {
        let mut clock = self.svm.get_sysvar::<Clock>();
        clock.slot = slot;
        self.svm.set_sysvar(&clock);
        let hashes: Vec<(u64, Hash)> = listed
            .iter()
            .map(|slot| (*slot, Hash::new_from_array(slot_hash(*slot))))
            .collect();
        self.svm.set_sysvar(&SlotHashes::new(&hashes));
    }

    /// What `open` takes, where the user pays the rent too.
    pub fn open_transcript_accounts(&self, job: &Job) -> accounts::Open {
        accounts::Open {
            user: job.user,
            payer: job.user,
            escrow: job.escrow,
            transcript: address::transcript(&job.escrow),
            system_program: solana_sdk_ids::system_program::ID,
        }
    }

    /// `open` of training-proof.
    pub fn open_transcript(
        &mut self,
        accounts: accounts::Open,
        args: OpenArgs,
        signers: &[&Keypair],
    ) -> Sent {
        self.call(training_proof::ID, accounts, ix::Open { args }, signers)
    }

    /// What `commit` takes.
    pub fn commit_accounts(&self, job: &Job, node: &Pubkey) -> accounts::Commit {
        accounts::Commit {
            node: *node,
            escrow: job.escrow,
            transcript: address::transcript(&job.escrow),
        }
    }

    /// `commit`.
    pub fn commit(&mut self, job: &Job, args: Commitment, node: &Wallet) -> Sent {
        let accounts = self.commit_accounts(job, &node.pubkey());
        self.call(
            training_proof::ID,
            accounts,
            ix::Commit { args },
            &[&node.key],
        )
    }

    /// What `reveal` takes.
    pub fn reveal_accounts(&self, job: &Job) -> accounts::Reveal {
        accounts::Reveal {
            transcript: address::transcript(&job.escrow),
        }
    }

    /// `reveal`, by nobody in particular.
    pub fn reveal(&mut self, job: &Job, nonces: Nonces) -> Sent {
        let accounts = self.reveal_accounts(job);
        self.call(training_proof::ID, accounts, ix::Reveal { nonces }, &[])
    }

    /// What `verify` takes.
    pub fn verify_accounts(&self, job: &Job, node: &Pubkey) -> accounts::Verify {
        accounts::Verify {
            node: *node,
            transcript: address::transcript(&job.escrow),
        }
    }

    /// The public input that a proof of the job's transcript must have; zero before the challenge is drawn.
    pub fn public_input_of(&self, job: &Job) -> [u8; 32] {
        self.transcript_of(job).public_input().unwrap_or_default()
    }

    /// The claim that a proof shows what the job's transcript asks for.
    pub fn claim_of(&self, job: &Job, proof: [u8; 256]) -> Claim {
        Claim {
            proof,
            subject: self.transcript_of(job).subject(),
            public_input: self.public_input_of(job),
            key: self.key_of(job),
        }
    }

    /// `verify` of a proof that the node claims to be of the job's transcript.
    pub fn verify(&mut self, job: &Job, proof: [u8; 256], signer: &Keypair) -> Sent {
        let claim = self.claim_of(job, proof);
        self.verify_claim(job, claim, signer)
    }

    /// `verify` of a proof that the node claims to be of this public input.
    pub fn verify_of(
        &mut self,
        job: &Job,
        proof: [u8; 256],
        public_input: [u8; 32],
        signer: &Keypair,
    ) -> Sent {
        let claim = Claim {
            public_input,
            ..self.claim_of(job, proof)
        };
        self.verify_claim(job, claim, signer)
    }

    /// `verify` of whatever the node claims.
    pub fn verify_claim(&mut self, job: &Job, claim: Claim, signer: &Keypair) -> Sent {
        let accounts = self.verify_accounts(job, &signer.pubkey());
        self.call(
            training_proof::ID,
            accounts,
            ix::Verify { claim },
            &[signer],
        )
    }

    /// SHA-256 of the verifying key of the job's circuit.
    pub fn key_of(&self, job: &Job) -> [u8; 32] {
        let circuit = Registered::by_id(&self.transcript_of(job).circuit);
        let key = circuit.and_then(|circuit| circuit.key);
        key.map(|key| key.sha256).unwrap_or_default()
    }

    /// What `close` of training-proof takes.
    pub fn close_transcript_accounts(&self, job: &Job) -> accounts::Close {
        accounts::Close {
            transcript: address::transcript(&job.escrow),
            escrow: job.escrow,
            rent_payer: self.transcript_of(job).rent_payer,
        }
    }

    /// `close` of training-proof, by nobody in particular.
    pub fn close_transcript(&mut self, accounts: accounts::Close) -> Sent {
        self.call(training_proof::ID, accounts, ix::Close {}, &[])
    }

    /// Writes another stage into a job's transcript, past its program.
    pub fn put_stage(&mut self, job: &Job, stage: Stage) {
        const STAGE_OFFSET: usize = 10;
        let transcript = address::transcript(&job.escrow);
        self.patch(transcript, STAGE_OFFSET, &[stage as u8]);
    }

    /// Writes into a job's transcript who has committed, past its program.
    pub fn put_committer(&mut self, job: &Job, node: &Pubkey) {
        const NODE_OFFSET: usize = 52;
        let transcript = address::transcript(&job.escrow);
        self.patch(transcript, NODE_OFFSET, node.as_ref());
    }

    /// Writes into a job's escrow what its proof must be, past its program.
    pub fn put_verification(&mut self, job: &Job, pinned: &Verification) {
        const VERIFICATION_OFFSET: usize = 530;
        let mut bytes = Vec::new();
        let encoded = pinned.serialize(&mut bytes);
        encoded.expect("a vector grows");
        self.patch(job.escrow, VERIFICATION_OFFSET, &bytes);
    }

    fn patch(&mut self, address: Pubkey, at: usize, bytes: &[u8]) {
        let account = self.svm.get_account(&address);
        let mut account = account.expect("the account is there");
        account.data[at..at + bytes.len()].copy_from_slice(bytes);
        self.svm
            .set_account(address, account)
            .expect("it stays rent-exempt");
    }

    /// A job's transcript.
    pub fn transcript_of(&self, job: &Job) -> Transcript {
        self.read(&address::transcript(&job.escrow))
    }
}
