use cyxwiz_domain::{
    dataset::Table,
    spec::{JobSpec, Layer, ModelPlan, OptimizerSpec},
};
use serde_json::json;
use tch::{
    Device, Kind, Tensor,
    nn::{self, OptimizerConfig},
};

use super::{Flat, Model, Optimizer, TorchTrainer};
use crate::Trainer;

fn layers(value: serde_json::Value) -> Vec<Layer> {
    serde_json::from_value(value).expect("layers")
}

/// Distance of our optimiser from libtorch's after thirty steps of least squares.
fn distance<C: OptimizerConfig>(spec: OptimizerSpec, theirs: C) -> f64 {
    tch::manual_seed(1);
    let (x, y) = (
        Tensor::randn([32, 20], (Kind::Float, Device::Cpu)),
        Tensor::randn([32, 1], (Kind::Float, Device::Cpu)),
    );
    let plan =
        ModelPlan::new(&layers(json!([{ "type": "linear", "out": 1 }])), &[20]).expect("plan");
    let mut flat = Flat::new(&plan, 5, Device::Cpu).expect("flat");
    let model = Model::new(&plan, &flat, Device::Cpu).expect("model");
    let mut optimizer = Optimizer::new(&spec, &flat.values).expect("optimizer");

    let store = nn::VarStore::new(Device::Cpu);
    let weight = store.root().var_copy("weight", &flat.leaves[0].detach());
    let bias = store.root().var_copy("bias", &flat.leaves[1].detach());
    let mut reference = theirs.build(&store, spec.lr()).expect("optimizer");
    for _ in 0..30 {
        let loss = model
            .forward(&x, true)
            .expect("forward")
            .mse_loss(&y, tch::Reduction::Mean);
        let gradients = flat.gradients(&loss).expect("gradients");
        let _guard = tch::no_grad_guard();
        optimizer
            .step(&mut flat.values, &gradients, spec.lr())
            .expect("step");
        drop(_guard);
        let loss = x
            .linear(&weight, Some(&bias))
            .mse_loss(&y, tch::Reduction::Mean);
        reference.backward_step(&loss);
    }
    let moved = (&flat.leaves[0] - &weight).abs().max().double_value(&[]);
    moved.max((&flat.leaves[1] - &bias).abs().max().double_value(&[]))
}

#[test]
fn optimisers_take_libtorchs_steps() {
    let (lr, weight_decay) = (0.01, 0.05);
    let (betas, eps) = ([0.9, 0.99], 1e-7);
    let sgd = |momentum, nesterov| OptimizerSpec::Sgd {
        lr,
        momentum,
        nesterov,
        weight_decay,
    };
    let plain = nn::Sgd {
        momentum: 0.0,
        dampening: 0.0,
        wd: weight_decay,
        nesterov: false,
    };
    let distances = [
        distance(sgd(0.0, false), plain),
        distance(
            sgd(0.9, false),
            nn::Sgd {
                momentum: 0.9,
                ..plain
            },
        ),
        distance(
            sgd(0.9, true),
            nn::Sgd {
                momentum: 0.9,
                nesterov: true,
                ..plain
            },
        ),
        distance(
            OptimizerSpec::Adam {
                lr,
                betas,
                eps,
                weight_decay,
            },
            nn::Adam {
                beta1: 0.9,
                beta2: 0.99,
                wd: weight_decay,
                eps,
                amsgrad: false,
            },
        ),
        distance(
            OptimizerSpec::Adamw {
                lr,
                betas,
                eps,
                weight_decay,
            },
            nn::AdamW {
                beta1: 0.9,
                beta2: 0.99,
                wd: weight_decay,
                eps,
                amsgrad: false,
            },
        ),
        distance(
            OptimizerSpec::Rmsprop {
                lr,
                alpha: 0.95,
                eps,
                momentum: 0.8,
                weight_decay,
            },
            nn::RmsProp {
                alpha: 0.95,
                eps,
                wd: weight_decay,
                momentum: 0.8,
                centered: false,
            },
        ),
    ];
    assert!(distances.iter().all(|&d| d < 1e-5), "{distances:?}");
}

#[test]
fn inferred_shapes_are_libtorchs() {
    let image = [6u32, 9, 7];
    let cases = [
        (
            &image[..],
            json!([{ "type": "conv2d", "out": 4, "kernel": 3, "stride": 2, "padding": 1, "dilation": 2, "groups": 2 }]),
        ),
        (
            &image,
            json!([{ "type": "conv2d", "out": 4, "kernel": 2, "bias": false }, { "type": "batch_norm2d" }]),
        ),
        (
            &image,
            json!([{ "type": "max_pool2d", "kernel": 3, "stride": 2, "padding": 1 }]),
        ),
        (
            &image,
            json!([{ "type": "avg_pool2d", "kernel": 2 }, { "type": "silu" }]),
        ),
        (
            &image,
            json!([{ "type": "global_avg_pool2d" }, { "type": "batch_norm1d" }]),
        ),
        (
            &image,
            json!([{ "type": "flatten" }, { "type": "linear", "out": 5, "bias": false }, { "type": "gelu" }]),
        ),
        (
            &image,
            json!([{ "type": "linear", "out": 5 }, { "type": "layer_norm" }, { "type": "tanh" }]),
        ),
        (
            &image,
            json!([{ "type": "residual", "layers": [{ "type": "conv2d", "out": 6, "kernel": 3, "padding": 1 }, { "type": "leaky_relu" }] }]),
        ),
        (
            &[5],
            json!([
                { "type": "embedding", "vocab": 11, "dim": 8 },
                { "type": "position" },
                { "type": "residual", "layers": [{ "type": "layer_norm" }, { "type": "attention", "heads": 2, "causal": true }] },
                { "type": "mean_pool1d" },
                { "type": "sigmoid" },
            ]),
        ),
    ];
    for (shape, model) in cases {
        let layers = layers(model);
        let plan = ModelPlan::new(&layers, shape).expect("plan");
        let flat = Flat::new(&plan, 1, Device::Cpu).expect("flat");
        let model = Model::new(&plan, &flat, Device::Cpu).expect("model");
        let size: Vec<i64> = [3]
            .into_iter()
            .chain(shape.iter().map(|&d| i64::from(d)))
            .collect();
        let input = match layers[0] {
            Layer::Embedding { .. } => {
                Tensor::randint(11, size.as_slice(), (Kind::Int64, Device::Cpu))
            }
            _ => Tensor::randn(size.as_slice(), (Kind::Float, Device::Cpu)),
        };
        let output = model.forward(&input, true).expect("forward");
        let inferred: Vec<i64> = plan.output.iter().map(|&d| d as i64).collect();
        assert_eq!(output.size()[1..], inferred, "{layers:?}");
        let parameters: usize = flat.leaves.iter().map(Tensor::numel).sum();
        assert_eq!(parameters as u64, plan.parameter_count(), "{layers:?}");
        if parameters > 0 {
            let gradients = flat
                .gradients(&output.square().sum(Kind::Float))
                .expect("gradients");
            assert_eq!(gradients.size(), flat.values.size());
            assert!(
                bool::try_from(gradients.isfinite().all()).expect("bool"),
                "{layers:?}"
            );
        }
    }
}

#[test]
fn attention_is_libtorchs() {
    let plan = ModelPlan::new(
        &layers(json!([{ "type": "attention", "heads": 2, "causal": true }])),
        &[5, 8],
    )
    .expect("plan");
    let flat = Flat::new(&plan, 1, Device::Cpu).expect("flat");
    let model = Model::new(&plan, &flat, Device::Cpu).expect("model");
    let x = Tensor::randn([3, 5, 8], (Kind::Float, Device::Cpu));
    let heads: Vec<Tensor> = x
        .linear(&flat.leaves[0], Some(&flat.leaves[1]))
        .chunk(3, -1)
        .iter()
        .map(|part| part.reshape([3, 5, 2, 4]).transpose(1, 2))
        .collect();
    let mixed = Tensor::scaled_dot_product_attention::<Tensor>(
        &heads[0], &heads[1], &heads[2], None, 0.0, true, None, false,
    );
    let expected = mixed
        .transpose(1, 2)
        .reshape([3, 5, 8])
        .linear(&flat.leaves[2], Some(&flat.leaves[3]));
    let ours = model.forward(&x, false).expect("forward");
    assert!((ours - expected).abs().max().double_value(&[]) < 1e-6);
}

/// Two clouds of points, one class each, and a line to predict.
fn trainer(loss: &str, seed: u32) -> (TorchTrainer, Vec<u32>) {
    let (out, labels): (u32, fn(usize) -> f32) = match loss {
        "mse" => (1, |i| 2.0 * (i as f32 / 64.0) - 1.0),
        _ => (2, |i| f32::from(u8::from(i >= 32))),
    };
    let spec = json!({
        "job": { "name": "t", "epochs": 1, "seed": seed },
        "dataset": { "format": "csv", "shape": [1] },
        "model": { "layers": [{ "type": "linear", "out": 8 }, { "type": "tanh" }, { "type": "dropout", "p": 0.1 }, { "type": "linear", "out": out }] },
        "training": { "loss": loss, "batch": 64 },
        "optimizer": { "type": "adam", "lr": 0.05 },
    });
    let spec = JobSpec::from_json(spec.to_string().as_bytes()).expect("spec");
    let table = Table {
        features: (0..64).map(|i| i as f32 / 64.0).collect(),
        labels: (0..64).map(labels).collect(),
        sample_len: 1,
    };
    let trainer = TorchTrainer::new(&spec, &table, Device::Cpu, 1).expect("trainer");
    (trainer, (0..64).collect())
}

#[test]
fn both_losses_are_learned_and_counted() {
    for loss in ["cross_entropy", "mse"] {
        let (mut trainer, rows) = trainer(loss, 1);
        let before = trainer.evaluate(&rows).expect("evaluate");
        for step in 0..150 {
            trainer.step(&rows, 0.05, step).expect("step");
        }
        let after = trainer.evaluate(&rows).expect("evaluate");
        assert!(
            after.mean_loss() < before.mean_loss() / 4.0,
            "{loss}: {before:?} {after:?}"
        );
        assert_eq!(trainer.tally().expect("tally").rows, 150 * 64);
        match loss {
            "mse" => assert_eq!(after.correct, 0),
            _ => assert!(after.accuracy() > 0.9, "{after:?}"),
        }
    }
}

#[test]
fn the_seed_decides_the_bytes() {
    let bytes = |seed| {
        let (mut trainer, rows) = trainer("cross_entropy", seed);
        for step in 0..5 {
            trainer.step(&rows, 0.05, step).expect("step");
        }
        trainer.weights().expect("weights")
    };
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
}

#[test]
fn a_foreign_state_is_refused() {
    let (mut classes, _) = trainer("cross_entropy", 1);
    let (mut number, _) = trainer("mse", 1);
    let problem = classes
        .restore(&number.state().expect("state"))
        .expect_err("another model");
    assert!(problem.contains("another shape"), "{problem}");
    let weights = classes.weights().expect("weights");
    assert!(
        classes.restore(&weights).is_err(),
        "weights alone are no state"
    );
    assert!(classes.restore(b"junk").is_err());
}
