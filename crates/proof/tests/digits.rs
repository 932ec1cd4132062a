//! IntSGD-v1 on real data: the handwritten digits of the examples, in the circuit registered for them.
#![allow(clippy::unwrap_used)]

use std::io::Read as _;

use cyxwiz_proof::intsgd::{Batch, Dataset, Recipe, StepId, Weights, preactivations, quantize};
use cyxwiz_statement::Registered;

/// One row in this many is kept from training. The file has writers one after the other, so that a
/// share of each is.
const HELD_OUT: usize = 5;

/// Features of ±1 in rows of 64, and a class per row: those to train on, and those kept.
fn digits() -> [(Vec<i8>, Vec<u16>); 2] {
    let file = include_bytes!("../../../examples/digits/digits.csv.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&file[..])
        .read_to_string(&mut text)
        .unwrap();
    let mut sets = <[(Vec<i8>, Vec<u16>); 2]>::default();
    for (number, line) in text.lines().enumerate() {
        let row: Vec<u16> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        let (pixels, class) = row.split_at(64);
        let (features, classes) = &mut sets[usize::from(number % HELD_OUT == 0)];
        let scaled = pixels.iter().map(|pixel| f32::from(*pixel) / 8.0 - 1.0);
        features.extend(scaled.map(quantize));
        classes.push(class[0]);
    }
    sets
}

#[test]
fn integers_learn_to_read_digits() {
    let circuit = Registered::by_name("z64x10").unwrap().circuit;
    let training = circuit.training.unwrap();
    let [(features, classes), (held_features, held_classes)] = digits();
    let batches = Batch::split(&training, &features, &classes).unwrap();
    let dataset = Dataset::new(&training, batches).unwrap();
    let recipe = Recipe::new(&circuit, &dataset, [7; 32], 6).unwrap();
    let mut weights = Weights::zero(&training);
    for epoch in 1..=20 {
        for step in 0..recipe.steps() {
            weights = recipe.step(&weights, StepId { epoch, step }).unwrap();
        }
    }
    let held_out = Batch::split(&training, &held_features, &held_classes).unwrap();
    let mut right = 0_u32;
    for (batch, classes) in held_out.iter().zip(held_classes.chunks(32)) {
        let z = preactivations(&weights, batch).unwrap();
        for (z, class) in z.chunks(10).zip(classes) {
            let best = (0..10_u16).max_by_key(|o| z[usize::from(*o)]);
            right += u32::from(best == Some(*class));
        }
    }
    let accuracy = f64::from(right) / held_classes.len() as f64;
    assert!(accuracy >= 0.9, "held-out accuracy {accuracy}");
}
