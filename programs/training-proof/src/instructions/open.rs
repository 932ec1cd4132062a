use anchor_lang::prelude::*;
use cyxwiz_statement::Registered;
use job_escrow::{Escrow, State, Tier};
use node_registry::creation::allocate;

use crate::{
    ProofError, Stage, Transcript, VERSION,
    events::{TranscriptOpened, TranscriptPost},
    state::{key_of, registered},
    verifier::require_canonical,
};

/// What a proof must show, as the user wants it.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenArgs {
    /// The circuit; with it the number of steps that a proof recomputes.
    pub circuit: [u8; 32],
    /// The root of the dataset's batches, a field element.
    pub dataset: [u8; 32],
    /// The commitment of the weights before training, a field element.
    pub initial: [u8; 32],
    /// The learning rate's numerator; 0 for a transcript alone.
    pub rate: u16,
    /// Hash of the user's nonce.
    pub user_nonce_hash: [u8; 32],
    /// Hash of the coordinator's nonce.
    pub coordinator_nonce_hash: [u8; 32],
}

impl OpenArgs {
    /// Refuses what the escrow does not pin, and what no proof could show of its job; the steps that a proof
    /// recomputes.
    fn validate(&self, entry: &Registered, escrow: &Escrow) -> Result<u8> {
        key_of(entry)?;
        let circuit = &entry.circuit;
        let trains = circuit.training.is_some();
        let pinned = &escrow.verification;
        let same = pinned.tier.is_proven()
            && pinned.circuit == self.circuit
            && pinned.samples == circuit.samples()
            && (pinned.tier == Tier::ZkExact) == trains;
        require!(same, ProofError::VerificationMismatch);
        let room = (1..=u32::from(circuit.epochs)).contains(&escrow.required_epochs);
        require!(room, ProofError::TooManyEpochs);
        require!((self.rate != 0) == trains, ProofError::InvalidRate);
        require_canonical(&self.dataset)?;
        require_canonical(&self.initial)?;
        Ok(circuit.samples())
    }
}

/// Accounts of `open`.
#[derive(Accounts)]
pub struct Open<'info> {
    pub user: Signer<'info>,
    /// Pays the rent, and gets it back at the end.
    #[account(mut)]
    pub payer: Signer<'info>,
    #[account(
        has_one = user @ ProofError::NotEscrowUser,
        constraint = escrow.state == State::Open @ ProofError::EscrowNotOpen,
    )]
    pub escrow: Box<Account<'info, Escrow>>,
    /// CHECK: created here, at PDA ["transcript", escrow].
    #[account(mut)]
    pub transcript: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

/// Creates the transcript, before any node can have taken the job: who takes it knows what it must show.
pub fn open(ctx: Context<Open>, args: OpenArgs) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    let samples = args.validate(registered(&args.circuit)?, &accounts.escrow)?;
    let (address, escrow) = (accounts.transcript.key(), accounts.escrow.key());
    let bump = allocate(
        &crate::ID,
        &accounts.transcript,
        &accounts.payer,
        &[Transcript::SEED, escrow.as_ref()],
        8 + Transcript::INIT_SPACE,
        &crate::ID,
    )?;
    let mut transcript = Box::new(Transcript {
        version: VERSION,
        bump,
        stage: Stage::Opened,
        samples,
        escrow,
        escrow_created_at: accounts.escrow.created_at,
        user: accounts.user.key(),
        rent_payer: accounts.payer.key(),
        circuit: args.circuit,
        dataset: args.dataset,
        initial: args.initial,
        rate: args.rate,
        user_nonce_hash: args.user_nonce_hash,
        coordinator_nonce_hash: args.coordinator_nonce_hash,
        ..Transcript::EMPTY
    });
    emit!(TranscriptOpened {
        circuit: args.circuit,
        dataset: args.dataset,
        initial: args.initial,
        post: TranscriptPost::at(address, &mut transcript, &clock),
    });
    let mut data = accounts.transcript.try_borrow_mut_data()?;
    transcript.try_serialize(&mut &mut data[..])
}

#[cfg(test)]
mod tests {
    use cyxwiz_statement::REGISTRY;
    use job_escrow::Verification;

    use super::*;

    /// An escrow and a transcript of it that are right.
    fn asked(entry: &Registered) -> (Escrow, OpenArgs) {
        let trains = entry.circuit.training.is_some();
        let escrow = Escrow {
            required_epochs: 1,
            verification: Verification {
                tier: if trains { Tier::ZkExact } else { Tier::Audited },
                samples: entry.circuit.samples(),
                circuit: entry.id,
                runtime_class: [0; 32],
            },
            ..Escrow::EMPTY
        };
        let args = OpenArgs {
            circuit: entry.id,
            dataset: [1; 32],
            initial: [1; 32],
            rate: u16::from(trains),
            user_nonce_hash: [1; 32],
            coordinator_nonce_hash: [1; 32],
        };
        (escrow, args)
    }

    /// A build for real money has no other keys.
    #[test]
    fn no_circuit_opens_without_a_key_from_a_ceremony() {
        for entry in REGISTRY {
            let (escrow, args) = asked(entry);
            let keyless = Registered {
                key: None,
                ..*entry
            };
            let refused = args.validate(&keyless, &escrow);
            assert_eq!(refused, Err(ProofError::NoVerifyingKey.into()));
            if entry.key.is_some() {
                let opened = args.validate(entry, &escrow);
                assert_eq!(opened, Ok(entry.circuit.samples()));
            }
        }
    }
}
