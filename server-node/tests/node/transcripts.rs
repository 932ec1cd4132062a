//! Transcripts in memory that follow the rules of training-proof.

use cyxwiz_chain::{
    ChainError, EscrowAccount, EscrowState, TranscriptAccount, TranscriptStage, context_word,
    nonce_hash,
};
use cyxwiz_domain::{Digest, dataset::Table, spec::JobSpec};
use cyxwiz_node::{jobs::Shown, ledger::Write, steps::transcript::demanded};
use cyxwiz_proof::{
    field::{from_word, sha256},
    groth16::{Proof, VerifyingKey},
    job::opening,
};
use cyxwiz_statement::{ChallengeSeed, Registered};
use cyxwiz_test_support::transcript_account;

use crate::escrows::refused;

/// What the user keeps to itself until the challenge is drawn.
pub const USER_NONCE: [u8; 32] = [21; 32];
/// What the coordinator does.
pub const COORDINATOR_NONCE: [u8; 32] = [22; 32];
/// The hash of whatever slot.
const SLOT_HASH: [u8; 32] = [23; 32];
const REVEAL_DELAY: u64 = 32;
const NONCE_TIMEOUT: u64 = 450;
const TOLERANCE: i64 = 600;

/// As an honest user opens it.
pub fn opened(spec: &JobSpec, data: &[u8], escrow: &EscrowAccount) -> TranscriptAccount {
    // Of rows that cannot be read the user can claim anything.
    let sample_len = spec.dataset.sample_len() as usize;
    let table = Table::read(data, spec).unwrap_or_else(|_| Table {
        features: vec![0.0; sample_len],
        labels: vec![0.0],
        sample_len,
    });
    let opening = opening(spec, Some(&table), escrow.dataset_root);
    let opening = opening.expect("opening").expect("a proof");
    TranscriptAccount {
        samples: opening.circuit.circuit.samples(),
        circuit: Digest(opening.circuit.id),
        dataset: Digest(opening.dataset),
        initial: Digest(opening.initial),
        user_nonce_hash: nonce_hash(escrow.address, &USER_NONCE),
        coordinator_nonce_hash: nonce_hash(escrow.address, &COORDINATOR_NONCE),
        rate: opening.rate,
        ..transcript_account(escrow, TranscriptStage::Opened)
    }
}

/// What the program does with a write of the node's.
pub fn apply(
    transcript: &mut TranscriptAccount,
    escrow: &EscrowAccount,
    write: &Write,
    now: i64,
    slot: u64,
) -> Result<(), ChainError> {
    let require = |stage, what: &str| match transcript.stage == stage {
        true => Ok(()),
        false => Err(refused(&format!("{what} in {:?}", transcript.stage))),
    };
    match write {
        Write::Commit {
            root,
            trained,
            leaves_hash,
            epochs,
        } => {
            require(TranscriptStage::Opened, "commit")?;
            if escrow.state != EscrowState::Assigned || u32::from(*epochs) != escrow.required_epochs
            {
                return Err(refused("commit"));
            }
            transcript.stage = TranscriptStage::Committed;
            transcript.node = escrow.node;
            (transcript.root, transcript.trained) = (*root, *trained);
            transcript.leaves_hash = *leaves_hash;
            transcript.epochs = *epochs;
            transcript.starts_at = (escrow.assigned_at - TOLERANCE) as u64;
            transcript.ends_at = (now + TOLERANCE) as u64;
            transcript.commit_slot = slot;
            transcript.context = context_word(escrow, transcript.circuit);
        }
        Write::Reveal => reveal(transcript, slot, None, None)?,
        Write::Verify(claim) => {
            require(TranscriptStage::Revealed, "verify")?;
            let shown = Shown {
                subject: claim.subject,
                public_input: claim.public_input,
            };
            if demanded(transcript) != Some(shown) {
                return Err(refused("OtherStatement"));
            }
            let circuit = Registered::by_id(&transcript.circuit.0).expect("registered");
            let key = circuit.key.expect("a key");
            if claim.key.0 != key.sha256 {
                return Err(refused("OtherKey"));
            }
            let key = VerifyingKey::from_bytes(key.bytes).expect("key");
            let input = from_word(&claim.public_input.0).expect("a word");
            transcript.stage = match key.verify(&Proof(claim.proof), input) {
                Ok(()) => TranscriptStage::Verified,
                Err(_) => TranscriptStage::Refuted,
            };
            transcript.verified_at = now;
        }
        Write::Submit { .. } => require(TranscriptStage::Verified, "submit")?,
        Write::Fail if transcript.stage == TranscriptStage::Refuted => {
            return Err(refused("fail in Refuted"));
        }
        _ => {}
    }
    transcript.seq += 1;
    Ok(())
}

/// What the program does with anybody's nonces.
pub fn reveal(
    transcript: &mut TranscriptAccount,
    slot: u64,
    user: Option<[u8; 32]>,
    coordinator: Option<[u8; 32]>,
) -> Result<(), ChainError> {
    if transcript.stage != TranscriptStage::Committed {
        return Err(refused("WrongStage"));
    }
    let mut news = false;
    if transcript.target_slot == 0 {
        let target = transcript.commit_slot + REVEAL_DELAY;
        if slot <= target {
            return Err(refused("RevealTooEarly"));
        }
        (transcript.target_slot, news) = (target, true);
    }
    for (shown, kept) in [
        (user, &mut transcript.user_nonce),
        (coordinator, &mut transcript.coordinator_nonce),
    ] {
        news |= shown.is_some() && *kept != shown;
        *kept = shown.or(*kept);
    }
    let both = transcript.user_nonce.is_some() && transcript.coordinator_nonce.is_some();
    if both || slot > transcript.commit_slot + NONCE_TIMEOUT {
        let seed = ChallengeSeed {
            escrow: transcript.escrow.0,
            root: transcript.root.0,
            trained: transcript.trained.0,
            slot_hash: SLOT_HASH,
            user_nonce: transcript.user_nonce.unwrap_or_default(),
            coordinator_nonce: transcript.coordinator_nonce.unwrap_or_default(),
        };
        transcript.challenge_seed = Digest(seed.digest(sha256));
        transcript.stage = TranscriptStage::Revealed;
    } else if !news {
        return Err(refused("NonceMissing"));
    }
    transcript.seq += 1;
    Ok(())
}
