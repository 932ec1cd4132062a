//! The layers a model is made of.

use serde::{Deserialize, Serialize};

use super::SpecError;

/// One layer. Shapes below are of one sample, without the batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Layer {
    /// `[c, h, w]` to `[out, h', w']`.
    Conv2d {
        /// Channels out.
        out: u32,
        /// Side of the square kernel.
        kernel: u32,
        /// Step.
        #[serde(default = "super::one")]
        stride: u32,
        /// Zeros added on each side.
        #[serde(default)]
        padding: u32,
        /// Distance between kernel points.
        #[serde(default = "super::one")]
        dilation: u32,
        /// Groups of channels that do not mix.
        #[serde(default = "super::one")]
        groups: u32,
        /// Whether a bias is added.
        #[serde(default = "super::yes")]
        bias: bool,
    },
    /// Largest value of each window of `[c, h, w]`.
    MaxPool2d {
        /// Side of the window.
        kernel: u32,
        /// Step; absent for the window's side.
        #[serde(default)]
        stride: Option<u32>,
        /// Border added on each side, at most half the window.
        #[serde(default)]
        padding: u32,
    },
    /// Mean of each window of `[c, h, w]`.
    AvgPool2d {
        /// Side of the window.
        kernel: u32,
        /// Step; absent for the window's side.
        #[serde(default)]
        stride: Option<u32>,
        /// Zeros added on each side, at most half the window.
        #[serde(default)]
        padding: u32,
    },
    /// `[c, h, w]` to `[c]`, the mean over the image.
    GlobalAvgPool2d {},
    /// `[t, d]` to `[d]`, the mean over the sequence.
    MeanPool1d {},
    /// Any shape to one dimension.
    Flatten {},
    /// Acts on the last dimension.
    Linear {
        /// Size out.
        out: u32,
        /// Whether a bias is added.
        #[serde(default = "super::yes")]
        bias: bool,
    },
    /// Token numbers `[t]` to vectors `[t, dim]`; only as the first layer.
    Embedding {
        /// Token numbers are below this.
        vocab: u32,
        /// Size of a vector.
        dim: u32,
    },
    /// Adds a learned vector for each place of `[t, d]`.
    Position {},
    /// Self-attention over `[t, d]`.
    Attention {
        /// Heads; they divide `d`.
        heads: u32,
        /// Whether a place sees only itself and earlier ones.
        #[serde(default)]
        causal: bool,
    },
    /// The layers' output added to their input; the shape must not change.
    Residual {
        /// First to last.
        layers: Vec<Layer>,
    },
    /// Normalises each feature of `[d]` over the batch.
    BatchNorm1d {
        /// Added to the variance.
        #[serde(default = "epsilon")]
        eps: f64,
        /// Weight of the newest batch in the running statistics.
        #[serde(default = "tenth")]
        momentum: f64,
    },
    /// Normalises each channel of `[c, h, w]` over the batch.
    BatchNorm2d {
        /// Added to the variance.
        #[serde(default = "epsilon")]
        eps: f64,
        /// Weight of the newest batch in the running statistics.
        #[serde(default = "tenth")]
        momentum: f64,
    },
    /// Normalises over the last dimension.
    LayerNorm {
        /// Added to the variance.
        #[serde(default = "epsilon")]
        eps: f64,
    },
    /// Zeroes values at random while training.
    Dropout {
        /// Probability of zero, below 1.
        p: f64,
    },
    /// max(0, x).
    Relu {},
    /// max(slope x, x).
    LeakyRelu {
        /// Slope below zero.
        #[serde(default = "hundredth")]
        slope: f64,
    },
    /// x times the normal distribution function of x.
    Gelu {},
    /// x times the logistic function of x.
    Silu {},
    /// Hyperbolic tangent.
    Tanh {},
    /// The logistic function.
    Sigmoid {},
}

fn epsilon() -> f64 {
    1e-5
}

fn tenth() -> f64 {
    0.1
}

fn hundredth() -> f64 {
    0.01
}

impl Layer {
    /// The types a spec may name.
    pub const NAMES: &'static [&'static str] = &[
        "conv2d",
        "max_pool2d",
        "avg_pool2d",
        "global_avg_pool2d",
        "mean_pool1d",
        "flatten",
        "linear",
        "embedding",
        "position",
        "attention",
        "residual",
        "batch_norm1d",
        "batch_norm2d",
        "layer_norm",
        "dropout",
        "relu",
        "leaky_relu",
        "gelu",
        "silu",
        "tanh",
        "sigmoid",
    ];
}

/// Looks at the layer types before the rest is read, because an unknown one
/// deserves the list of those that exist and its exact place.
pub(super) fn check_names(layers: &serde_json::Value, path: &str) -> Result<(), SpecError> {
    for (i, layer) in layers.as_array().into_iter().flatten().enumerate() {
        let path = format!("{path}[{i}]");
        if let Some(name) = layer["type"].as_str()
            && !Layer::NAMES.contains(&name)
        {
            return Err(SpecError::UnknownLayer {
                path,
                layer: name.to_owned(),
                known: Layer::NAMES,
            });
        }
        check_names(&layer["layers"], &format!("{path}.layers"))?;
    }
    Ok(())
}
