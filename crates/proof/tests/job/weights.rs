use cyxwiz_domain::{Digest, training::StateRecord};
use cyxwiz_proof::{
    commitment::SegmentState,
    field::to_word,
    intsgd::Weights,
    job::{INTEGER_WEIGHTS, JobError, RecordError, state_commitment, trained_commitment},
};
use safetensors::{Dtype, tensor::TensorView};

use crate::made_up::{Run, spec};

/// Name, type, shape and bytes of a tensor.
type Tensor<'a> = (&'a str, Dtype, &'a [usize], &'a [u8]);

fn file(tensors: &[Tensor<'_>]) -> Vec<u8> {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        let view = TensorView::new(*dtype, shape.to_vec(), bytes).unwrap();
        (*name, view)
    });
    safetensors::serialize(views, None).unwrap()
}

/// The bytes of weights as integers, and as floats in PyTorch's order.
fn bytes(weights: &Weights) -> [Vec<u8>; 2] {
    let integers = weights.values().iter().flat_map(|w| w.to_le_bytes());
    let floats = weights.to_f32();
    let places = (0..4).flat_map(|output| (0..16).map(move |input| input * 4 + output));
    let loaded = places.flat_map(|place| floats[place].to_le_bytes());
    [integers.collect(), loaded.collect()]
}

const INTEGERS: (&str, Dtype, &[usize]) = (INTEGER_WEIGHTS, Dtype::I64, &[16, 4]);
const FLOATS: (&str, Dtype, &[usize]) = ("0.weight", Dtype::F32, &[4, 16]);

fn with<'a>((name, dtype, shape): (&'a str, Dtype, &'a [usize]), bytes: &'a [u8]) -> Tensor<'a> {
    (name, dtype, shape, bytes)
}

fn refused(file: &[u8]) -> JobError {
    trained_commitment(&spec(), file).unwrap_err()
}

#[test]
fn the_weights_delivered_are_those_proven_or_not() {
    let run = Run::honest();
    let [before, trained] = run.trajectory.last_chunk().unwrap();
    let [integers, floats] = bytes(trained);
    let delivered = file(&[with(INTEGERS, &integers), with(FLOATS, &floats)]);
    let commitment = trained_commitment(&spec(), &delivered).unwrap();
    assert_eq!(commitment, to_word(trained.commitment()));
    let [others, other_floats] = bytes(before);
    let other = file(&[with(INTEGERS, &others), with(FLOATS, &other_floats)]);
    assert_ne!(trained_commitment(&spec(), &other).unwrap(), commitment);

    for file in [
        b"no safetensors".to_vec(),
        file(&[with(FLOATS, &floats)]),
        file(&[
            ("2.weight", Dtype::I64, &[16, 4], &integers),
            with(FLOATS, &floats),
        ]),
        file(&[
            (INTEGER_WEIGHTS, Dtype::F64, &[16, 4], &integers),
            with(FLOATS, &floats),
        ]),
        file(&[
            (INTEGER_WEIGHTS, Dtype::I64, &[4, 16], &integers),
            with(FLOATS, &floats),
        ]),
        delivered[..delivered.len() - 8].to_vec(),
    ] {
        let error = refused(&file);
        assert!(matches!(error, JobError::WeightsFile(_)), "{error}");
        assert!(
            error
                .to_string()
                .contains("the one that the node delivered")
        );
    }
    let mut large = integers;
    large[..8].copy_from_slice(&i64::MAX.to_le_bytes());
    let large = file(&[with(INTEGERS, &large), with(FLOATS, &floats)]);
    assert!(matches!(refused(&large), JobError::Weights(_)));
}

/// The proof speaks of the integers, and the user loads the floats.
#[test]
fn honest_integers_beside_other_floats_are_refused() {
    let run = Run::honest();
    let [integers, floats] = bytes(run.trajectory.last().unwrap());
    let mut off = floats.clone();
    off[100] ^= 1;
    let whole = with(INTEGERS, &integers);
    for (problem, file) in [
        ("none", file(&[whole])),
        ("one bit off", file(&[whole, with(FLOATS, &off)])),
        (
            "not transposed",
            file(&[whole, ("0.weight", Dtype::F32, &[16, 4], &floats)]),
        ),
        (
            "another type",
            file(&[whole, ("0.weight", Dtype::I32, &[4, 16], &floats)]),
        ),
        (
            "another name",
            file(&[whole, ("1.weight", Dtype::F32, &[4, 16], &floats)]),
        ),
        (
            "one more",
            file(&[
                whole,
                with(FLOATS, &floats),
                ("0.bias", Dtype::F32, &[1], &[0; 4]),
            ]),
        ),
    ] {
        let error = refused(&file);
        assert!(
            matches!(error, JobError::WeightsFile(_)),
            "{problem}: {error}"
        );
    }
}

/// In floats, what a leaf commits to besides the weights is told by its digests.
#[test]
fn the_state_that_training_ended_in_has_the_weights_delivered() {
    let mut record = Run::honest().record;
    let weights = Digest([1; 32]);
    let none = state_commitment(&record, weights);
    assert_eq!(none, Err(RecordError::NoState));
    let last = StateRecord {
        optimizer: Digest([2; 32]),
        random: Digest([3; 32]),
        epoch: 6,
        batch: 9,
    };
    record.last = Some(last);
    let state = SegmentState {
        weights: weights.0,
        optimizer: last.optimizer.0,
        random: last.random.0,
        epoch: 6,
        batch: 9,
    };
    let commitment = state_commitment(&record, weights);
    assert_eq!(commitment, Ok(to_word(state.commitment())));
    assert_ne!(state_commitment(&record, Digest([4; 32])), commitment);
    record.last = Some(StateRecord { epoch: 5, ..last });
    let early = RecordError::State {
        epochs: 6,
        epoch: 5,
    };
    assert_eq!(state_commitment(&record, weights), Err(early));
}
