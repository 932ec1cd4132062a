//! Transcripts as the trainer leaves them, and what the chain is told of them.

use cyxwiz_domain::{
    Digest,
    training::{EpochRecord, TranscriptRecord},
};
use cyxwiz_statement::{Circuit, Registered, Word};

use super::RecordError;
use crate::{
    commitment::MerkleTree,
    field::{Fr, NotCanonical, from_word, sha256, to_word},
    transcript::{Transcript, TranscriptError, epochs_depth},
};

/// The transcript of a record, its hash chain checked.
///
/// # Errors
/// [`RecordError`] for a record that is no transcript.
pub fn read_record(record: &TranscriptRecord) -> Result<Transcript, RecordError> {
    let entry = Registered::by_name(&record.circuit);
    let entry = entry.ok_or_else(|| RecordError::UnknownCircuit(record.circuit.clone()))?;
    let word = |word: &Digest| from_word(&word.0);
    let [context, dataset, initial] = [&record.context, &record.dataset, &record.initial].map(word);
    let mut transcript = Transcript::new(entry.circuit, context?, dataset?, initial?);
    for (number, epoch) in (1..).zip(&record.epochs) {
        let leaves = epoch.leaves.iter().map(word);
        let leaves = leaves.collect::<Result<Vec<Fr>, NotCanonical>>()?;
        let head = transcript.push(leaves, word(&epoch.metrics)?, epoch.time)?;
        if to_word(head) != epoch.head.0 {
            return Err(RecordError::Head(number));
        }
    }
    Ok(transcript)
}

/// The record of a transcript of this registered circuit, complete or under way. Which state a leaf
/// commits to only the trainer knows: `last` is for it to fill in.
pub fn write_record(circuit: &Registered, transcript: &Transcript) -> TranscriptRecord {
    let word = |element| Digest(to_word(element));
    let epochs = transcript.epochs().iter().map(|epoch| EpochRecord {
        leaves: epoch.leaves.iter().copied().map(word).collect(),
        metrics: word(epoch.metrics),
        time: epoch.time,
        head: word(epoch.head),
    });
    TranscriptRecord {
        circuit: circuit.name.to_owned(),
        context: word(transcript.context()),
        dataset: word(transcript.dataset()),
        initial: word(transcript.initial()),
        epochs: epochs.collect(),
        last: None,
    }
}

/// SHA-256 over all leaves in order, 32 bytes each: with the commitment on the chain, a node that
/// later shows other leaves, or none, is known to.
pub fn leaves_hash(record: &TranscriptRecord) -> Digest {
    let leaves = record.epochs.iter().flat_map(|epoch| &epoch.leaves);
    let leaves: Vec<&[u8]> = leaves.map(|leaf| &leaf.0[..]).collect();
    Digest(sha256(&leaves))
}

/// The Merkle root over the heads streamed while the job trained, in order: what the node must commit
/// to.
///
/// # Errors
/// [`RecordError::Word`], or [`RecordError::Epoch`] for more heads than the circuit has epochs.
pub fn heads_root(circuit: &Circuit, heads: &[Word]) -> Result<Word, RecordError> {
    if heads.len() > usize::from(circuit.epochs) {
        return Err(TranscriptError::Full(circuit.epochs).into());
    }
    let heads: Vec<Fr> = heads.iter().map(from_word).collect::<Result<_, _>>()?;
    Ok(to_word(
        MerkleTree::new(epochs_depth(circuit), heads).root(),
    ))
}
