use cyxwiz_proof::{
    field::to_word,
    job::{INTEGER_WEIGHTS, JobError, trained_commitment},
};
use safetensors::{Dtype, tensor::TensorView};

use crate::made_up::{Run, spec};

/// A file with one tensor.
fn file(name: &str, dtype: Dtype, shape: &[usize], bytes: &[u8]) -> Vec<u8> {
    let view = TensorView::new(dtype, shape.to_vec(), bytes).unwrap();
    safetensors::serialize([(name, view)], None).unwrap()
}

#[test]
fn the_weights_delivered_are_those_proven_or_not() {
    let run = Run::honest();
    let trained = run.trajectory.last().unwrap();
    let bytes: Vec<u8> = trained
        .values()
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    let delivered = file(INTEGER_WEIGHTS, Dtype::I64, &[16, 4], &bytes);
    let commitment = trained_commitment(&spec(), &delivered).unwrap();
    assert_eq!(commitment, to_word(trained.commitment()));

    let mut off = bytes.clone();
    off[100] ^= 1;
    let off = file(INTEGER_WEIGHTS, Dtype::I64, &[16, 4], &off);
    assert_ne!(trained_commitment(&spec(), &off).unwrap(), commitment);

    let refused = |file: &[u8]| trained_commitment(&spec(), file).unwrap_err();
    for file in [
        &b"no safetensors"[..],
        &file("1.weight", Dtype::I64, &[16, 4], &bytes),
        &file(INTEGER_WEIGHTS, Dtype::F64, &[16, 4], &bytes),
        &file(INTEGER_WEIGHTS, Dtype::I64, &[4, 16], &bytes),
        &delivered[..delivered.len() - 8],
    ] {
        let error = refused(file);
        assert!(matches!(error, JobError::WeightsFile(_)), "{error}");
        assert!(
            error
                .to_string()
                .contains("the one that the node delivered")
        );
    }
    let mut large = bytes;
    large[..8].copy_from_slice(&i64::MAX.to_le_bytes());
    let large = file(INTEGER_WEIGHTS, Dtype::I64, &[16, 4], &large);
    assert!(matches!(refused(&large), JobError::Weights(_)));
}
