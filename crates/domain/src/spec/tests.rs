use proptest::prelude::*;

use super::*;

mod verification;

const DIGITS: &str = r#"
[job]
name = "digits"
epochs = 20
seed = 7

[dataset]
path = "digits.csv.gz"
format = "csv.gz"
shape = [1, 8, 8]
scale = 16

[model]
layers = [
  { type = "conv2d", out = 16, kernel = 3, padding = 1 },
  { type = "relu" },
  { type = "max_pool2d", kernel = 2 },
  { type = "flatten" },
  { type = "linear", out = 10 },
]

[training]
loss = "cross_entropy"
batch = 32

[optimizer]
type = "adam"
lr = 0.002
"#;

fn digits() -> JobSpec {
    JobSpec::from_toml(DIGITS).expect("valid")
}

/// The refusal of the digits job with `from` replaced by `to`.
fn refusal(from: &str, to: &str) -> String {
    assert!(DIGITS.contains(from), "{from}");
    JobSpec::from_toml(&DIGITS.replace(from, to))
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn toml_and_canonical_json_are_the_same_job() {
    let spec = digits();
    let canonical = spec.canonical_bytes();
    let read = JobSpec::from_json(&canonical).expect("canonical form is valid");
    assert_eq!(read.canonical_bytes(), canonical);
    assert_eq!(read.spec_hash(), spec.spec_hash());
    let text = String::from_utf8(canonical).expect("text");
    assert!(text.starts_with(r#"{"dataset":{"features":null,"format":"csv.gz","header":false,"label":null,"path":"","#), "{text}");
    assert!(
        text.contains(r#""lr":0.002"#) && text.contains(r#""scale":16.0"#),
        "{text}"
    );
}

#[test]
fn the_hash_covers_all_but_the_path() {
    let hash = digits().spec_hash();
    let with = |from, to| {
        JobSpec::from_toml(&DIGITS.replace(from, to))
            .expect("valid")
            .spec_hash()
    };
    assert_eq!(with("digits.csv.gz\"", "elsewhere/d.gz\""), hash);
    assert_eq!(with("scale = 16", "scale = 16.0"), hash);
    for (from, to) in [
        ("epochs = 20", "epochs = 21"),
        ("seed = 7", "seed = 8"),
        ("lr = 0.002", "lr = 0.0020000000000000005"),
        ("out = 16", "out = 17"),
        ("\"digits\"", "\"digit\""),
    ] {
        assert_ne!(with(from, to), hash, "{to}");
    }
}

/// Escrows are bound to this hash: what a spec leaves out must not change it.
#[test]
fn sections_left_out_keep_the_hash() {
    assert_eq!(
        hex::encode(digits().spec_hash()),
        "ccb667a61e1d19bb31cfc6083d9776f488848662cb69e2c449338c4718f9a1e5"
    );
}

proptest! {
    #[test]
    fn every_float_survives_the_wire(lr in 1e-9f64..1e3, decay in 0f64..1.0) {
        let mut spec = digits();
        spec.optimizer = OptimizerSpec::Adamw { lr, betas: [0.9, decay * 0.999], eps: 1e-8, weight_decay: decay };
        let read = JobSpec::from_json(&spec.canonical_bytes()).expect("valid");
        prop_assert_eq!(read.spec_hash(), spec.spec_hash());
        prop_assert_eq!(read.optimizer, spec.optimizer);
    }

    #[test]
    fn no_sizes_make_shape_inference_overflow(
        shape in prop::collection::vec(1u32..=u32::MAX, 1..4),
        out: u32, kernel: u32, stride: u32, padding: u32, dilation: u32,
    ) {
        let layers = [
            Layer::Conv2d { out, kernel, stride, padding, dilation, groups: 1, bias: true },
            Layer::Conv2d { out, kernel: 1, stride: 1, padding: 0, dilation: 1, groups: 1, bias: true },
            Layer::Linear { out, bias: true },
        ];
        for layers in [&layers[..], &layers[2..]] {
            if let Ok(plan) = ModelPlan::new(layers, &shape) {
                let _ = (plan.parameter_count(), plan.flops(), plan.activations());
            }
        }
    }
}

#[test]
fn refusals_name_the_place_and_the_remedy() {
    let cases = [
        (
            "\"relu\"",
            "\"relo\"",
            "`model.layers[1]`: unknown layer 'relo'; the layers are conv2d, max_pool2d",
        ),
        (
            "kernel = 3,",
            "kernal = 3,",
            "`model.layers[0]`: unknown field `kernal`",
        ),
        (
            "{ type = \"relu\" }",
            "{ type = \"relu\", p = 1 }",
            "`model.layers[1]`: unknown field `p`",
        ),
        (
            "format = \"csv.gz\"",
            "format = \"parquet\"",
            "`dataset.format`: unknown variant `parquet`, expected one of `csv`",
        ),
        (
            "epochs = 20",
            "epochs = \"many\"",
            "`job.epochs`: invalid type: string \"many\", expected u32",
        ),
        (
            "epochs = 20",
            "epochs = 0",
            "`job.epochs`: is 0; it must be 1 to",
        ),
        (
            "batch = 32",
            "batch = 32\ncolour = 1",
            "`training.colour`: unknown field `colour`",
        ),
        ("lr = 0.002", "lr = nan", "`optimizer`: "),
        (
            "lr = 0.002",
            "lr = -1",
            "`optimizer.lr`: is -1; it must be above 0",
        ),
        (
            "out = 10",
            "out = 1",
            "`training.loss`: cross_entropy needs one score per class",
        ),
        (
            "\"cross_entropy\"",
            "\"mse\"",
            "`training.loss`: mse needs one number",
        ),
        (
            "kernel = 2",
            "kernel = 9",
            "`model.layers[2]`: a window of 9 does not fit in 8",
        ),
        (
            "[1, 8, 8]",
            "[64]",
            "`model.layers[0]`: it takes [channels, height, width] but is given [64]",
        ),
        ("[1, 8, 8]", "[]", "`dataset.shape`: must be 1 to 4 sizes"),
        (
            "out = 16",
            "out = 16, groups = 2",
            "`model.layers[0]`: `groups` must divide",
        ),
        (
            "{ type = \"flatten\" }",
            "{ type = \"residual\", layers = [{ type = \"flatten\" }] }",
            "`model.layers[3]`: a residual block must keep its shape",
        ),
        (
            "{ type = \"flatten\" }",
            "{ type = \"residual\", layers = [{ type = \"cov2d\" }] }",
            "`model.layers[3].layers[0]`: unknown layer 'cov2d'",
        ),
        (
            "out = 10",
            "out = 9000000",
            "`resources.ram_mib`: training takes about",
        ),
        (
            "[model]",
            "[model",
            "not valid TOML: TOML parse error at line 13",
        ),
    ];
    for (from, to, expected) in cases {
        let message = refusal(from, to);
        assert!(message.contains(expected), "{to}: {message}");
    }
}

#[test]
fn every_listed_layer_exists() {
    for name in Layer::NAMES {
        let error = serde_json::from_value::<Layer>(serde_json::json!({ "type": name, "?": 0 }));
        let message = error.expect_err("unknown field").to_string();
        assert!(message.contains("unknown field `?`"), "{name}: {message}");
    }
    let error = serde_json::from_value::<Layer>(serde_json::json!({ "type": "?" }));
    let listed = error
        .expect_err("unknown type")
        .to_string()
        .matches('`')
        .count()
        / 2
        - 1;
    assert_eq!(listed, Layer::NAMES.len());
}

#[test]
fn shapes_names_and_counts_are_known_before_training() {
    let plan = digits().plan().expect("plan");
    let shapes: Vec<_> = plan.layers.iter().map(|l| l.output.clone()).collect();
    assert_eq!(
        shapes,
        [
            vec![16, 8, 8],
            vec![16, 8, 8],
            vec![16, 4, 4],
            vec![256],
            vec![10]
        ]
    );
    let names: Vec<_> = plan
        .walk()
        .flat_map(|l| &l.parameters)
        .map(|p| p.name.as_str())
        .collect();
    assert_eq!(names, ["0.weight", "0.bias", "4.weight", "4.bias"]);
    assert_eq!(digits().parameter_count(), 16 * 9 + 16 + 2560 + 10);
    assert_eq!(digits().classes(), Some(10));
}

#[test]
fn the_estimate_follows_work_and_rate() {
    let spec = digits();
    assert_eq!(
        (spec.test_rows(1797), spec.steps_per_epoch(1797)),
        (359, 45)
    );
    let slow = spec.estimated_seconds(1_000_000, 1.0);
    let fast = spec.estimated_seconds(1_000_000, 10.0);
    assert!(slow > 9 * fast && slow < 11 * fast, "{slow} {fast}");
    assert_eq!(
        spec.estimated_seconds(1797, f64::INFINITY),
        spec.estimated_seconds(1797, 1.0)
    );
    assert_eq!(spec.estimated_seconds(u64::MAX / 4, 1e-9), u32::MAX);
}

#[test]
fn schedules_move_the_rate() {
    let step = Schedule::Step {
        every: 2,
        gamma: 0.5,
    };
    let rates: Vec<_> = (0..5).map(|e| step.lr(1.0, e, 5)).collect();
    assert_eq!(rates, [1.0, 1.0, 0.5, 0.5, 0.25]);
    let cosine = Schedule::Cosine { min_lr: 0.2 };
    assert_eq!(cosine.lr(1.0, 0, 10), 1.0);
    assert!((cosine.lr(1.0, 5, 10) - 0.6).abs() < 1e-12);
}

fn wide_layer(batch: u32) -> JobSpec {
    let document = serde_json::json!({
        "job": { "name": "test", "epochs": 1 },
        "dataset": { "format": "csv", "shape": [1000] },
        "model": { "layers": [{ "type": "linear", "out": 1000 }] },
        "training": { "loss": "cross_entropy", "batch": batch },
        "optimizer": { "type": "adam", "lr": 0.01 },
    });
    JobSpec::from_json(document.to_string().as_bytes()).expect("spec")
}

#[test]
fn threads_follow_the_work_of_a_step() {
    // About six million operations a row.
    assert_eq!(wide_layer(8).useful_threads(16), 1);
    assert_eq!(wide_layer(100).useful_threads(16), 3);
    assert_eq!(wide_layer(4096).useful_threads(16), 16);
    assert_eq!(wide_layer(4096).useful_threads(1), 1);
}
