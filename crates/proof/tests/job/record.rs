use cyxwiz_domain::{Digest, training::TranscriptRecord};
use cyxwiz_proof::{
    field::{NotCanonical, sha256, to_word},
    job::{RecordError, heads_root, leaves_hash, read_record, write_record},
    transcript::TranscriptError,
};
use cyxwiz_statement::Word;

use crate::made_up::{Run, circuit};

#[test]
fn a_record_is_read_as_it_was_written() {
    let record = Run::honest().record;
    let text = serde_json::to_vec(&record).unwrap();
    let read: TranscriptRecord = serde_json::from_slice(&text).unwrap();
    let transcript = read_record(&read).unwrap();
    assert_eq!(write_record(circuit(), &transcript), record);
}

#[test]
fn damage_is_named() {
    let honest = Run::honest().record;
    let refused = |change: fn(&mut TranscriptRecord)| {
        let mut record = honest.clone();
        change(&mut record);
        read_record(&record).unwrap_err()
    };
    let unknown = refused(|r| r.circuit = "mine".to_owned());
    assert_eq!(unknown, RecordError::UnknownCircuit("mine".to_owned()));
    // Every part of an epoch is in its head, and what comes before it is.
    let head = RecordError::Head;
    assert_eq!(refused(|r| r.epochs[2].leaves[5].0[31] ^= 1), head(3));
    assert_eq!(refused(|r| r.epochs[2].metrics.0[31] ^= 1), head(3));
    assert_eq!(refused(|r| r.epochs[2].head.0[31] ^= 1), head(3));
    assert_eq!(refused(|r| r.epochs[2].time += 1), head(3));
    assert_eq!(refused(|r| drop(r.epochs.remove(1))), head(2));
    assert_eq!(refused(|r| r.context.0[31] ^= 1), head(1));
    assert_eq!(refused(|r| r.dataset.0[31] ^= 1), head(1));
    assert_eq!(refused(|r| r.initial.0[31] ^= 1), head(1));
    let word = RecordError::Word(NotCanonical);
    assert_eq!(
        refused(|r| r.epochs[0].leaves[0] = Digest([0xff; 32])),
        word
    );
    let wanted = TranscriptError::Leaves {
        given: 7,
        wanted: 8,
    };
    let short = refused(|r| r.epochs[0].leaves.truncate(7));
    assert_eq!(short, RecordError::Epoch(wanted));
    let backward = refused(|r| r.epochs[3].time -= 100);
    assert!(matches!(
        backward,
        RecordError::Epoch(TranscriptError::Time { .. })
    ));
    let other = refused(|r| r.circuit = "z64x10".to_owned());
    assert!(matches!(
        other,
        RecordError::Epoch(TranscriptError::Leaves { .. })
    ));
}

#[test]
fn the_root_follows_from_the_heads_streamed() {
    let record = Run::honest().record;
    let transcript = read_record(&record).unwrap();
    let heads: Vec<Word> = record.epochs.iter().map(|epoch| epoch.head.0).collect();
    let circuit = &circuit().circuit;
    let root = to_word(transcript.root());
    assert_eq!(heads_root(circuit, &heads), Ok(root));
    assert_ne!(heads_root(circuit, &heads[..5]), Ok(root));
    let mut swapped = heads.clone();
    swapped.swap(0, 1);
    assert_ne!(heads_root(circuit, &swapped), Ok(root));
    let full = RecordError::Epoch(TranscriptError::Full(8));
    assert_eq!(heads_root(circuit, &[[0; 32]; 9]), Err(full));
    let word = Err(RecordError::Word(NotCanonical));
    assert_eq!(heads_root(circuit, &[[0xff; 32]]), word);
}

#[test]
fn the_leaves_hash_covers_every_leaf() {
    let mut record = Run::honest().record;
    let all: Vec<u8> = record
        .epochs
        .iter()
        .flat_map(|e| &e.leaves)
        .flat_map(|l| l.0)
        .collect();
    assert_eq!(all.len(), 6 * 8 * 32);
    let hash = leaves_hash(&record);
    assert_eq!(hash.0, sha256(&[&all]));
    record.epochs[5].leaves[7].0[31] ^= 1;
    assert_ne!(leaves_hash(&record), hash);
}
