//! The shape, the parameters and the work of one layer.

use super::{Init, Layer, ParameterPlan, SpecError};

/// Largest kernel, stride or dilation.
const MAX_WINDOW: u32 = 1024;
/// Largest width or vocabulary.
const MAX_WIDTH: u32 = 1 << 24;

/// Product that stops at the largest number instead of wrapping.
pub(super) fn volume(factors: &[u64]) -> u64 {
    factors.iter().fold(1, |a, &b| a.saturating_mul(b))
}

/// One layer being shaped.
pub(super) struct Shaper<'a> {
    /// Place in the spec, for errors.
    pub path: &'a str,
    /// Prefix of the parameters' names.
    pub name: String,
    /// Shape in.
    pub input: &'a [u64],
    /// Whether it is the model's first layer.
    pub first: bool,
    /// What has been noted so far.
    pub parameters: Vec<ParameterPlan>,
}

impl Shaper<'_> {
    /// Output shape and operations of one sample; notes the parameters.
    pub fn shape(&mut self, layer: &Layer) -> Result<(Vec<u64>, u64), SpecError> {
        let elements = volume(self.input);
        let last = self.input.last().copied().unwrap_or(1);
        Ok(match *layer {
            Layer::Conv2d {
                out,
                kernel,
                stride,
                padding,
                dilation,
                groups,
                bias,
            } => {
                let [channels, height, width] = self.dims("[channels, height, width]")?;
                let (out, groups) = (self.width("out", out)?, u64::from(groups));
                if groups == 0 || channels % groups != 0 || out % groups != 0 {
                    return Err(self.error(format!(
                        "`groups` must divide the {channels} channels in and the {out} out"
                    )));
                }
                let side = |size| self.window(size, kernel, stride, padding, dilation);
                let (h, w) = (side(height)?, side(width)?);
                let kernel = u64::from(kernel);
                let fan_in = volume(&[channels / groups, kernel, kernel]);
                self.weighted(vec![out, channels / groups, kernel, kernel], fan_in, bias);
                (vec![out, h, w], volume(&[2, out, h, w, fan_in]))
            }
            Layer::MaxPool2d {
                kernel,
                stride,
                padding,
            }
            | Layer::AvgPool2d {
                kernel,
                stride,
                padding,
            } => {
                let [channels, height, width] = self.dims("[channels, height, width]")?;
                if padding > kernel / 2 {
                    return Err(self.error("`padding` is at most half of `kernel`"));
                }
                let side = |size| self.window(size, kernel, stride.unwrap_or(kernel), padding, 1);
                let (h, w) = (side(height)?, side(width)?);
                let area = u64::from(kernel) * u64::from(kernel);
                (vec![channels, h, w], volume(&[channels, h, w, area]))
            }
            Layer::GlobalAvgPool2d {} => {
                let [channels, ..] = self.dims::<3>("[channels, height, width]")?;
                (vec![channels], elements)
            }
            Layer::MeanPool1d {} => {
                let [_, width] = self.dims("[length, width]")?;
                (vec![width], elements)
            }
            Layer::Flatten {} => (vec![elements], 0),
            Layer::Linear { out, bias } => {
                let out = self.width("out", out)?;
                self.weighted(vec![out, last], last, bias);
                let mut shape = self.input.to_vec();
                shape.pop();
                shape.push(out);
                let flops = volume(&[2, last, volume(&shape)]);
                (shape, flops)
            }
            Layer::Embedding { vocab, dim } => {
                let [length] = self.dims("[length]")?;
                if !self.first {
                    return Err(self
                        .error("an embedding reads token numbers, so it must be the first layer"));
                }
                let shape = vec![self.width("vocab", vocab)?, self.width("dim", dim)?];
                self.parameter("weight", shape, Init::Normal { std: 1.0 });
                let output = vec![length, u64::from(dim)];
                let copied = volume(&output);
                (output, copied)
            }
            Layer::Position {} => {
                let shape = self.dims::<2>("[length, width]")?.to_vec();
                self.parameter("weight", shape.clone(), Init::Normal { std: 0.02 });
                (shape, elements)
            }
            Layer::Attention { heads, .. } => {
                let [length, width] = self.dims("[length, width]")?;
                if heads == 0 || width % u64::from(heads) != 0 {
                    return Err(self.error(format!("`heads` must divide the width {width}")));
                }
                self.attention(width);
                let projections = volume(&[8, length, width, width]);
                let scores = volume(&[4, length, length, width]);
                let products = projections.saturating_add(scores);
                (vec![length, width], products)
            }
            Layer::BatchNorm1d { .. } => {
                let [width] = self.dims("[width]")?;
                self.norm(width);
                (vec![width], volume(&[5, elements]))
            }
            Layer::BatchNorm2d { .. } => {
                let [channels, ..] = self.dims::<3>("[channels, height, width]")?;
                self.norm(channels);
                (self.input.to_vec(), volume(&[5, elements]))
            }
            Layer::LayerNorm { .. } => {
                self.norm(last);
                (self.input.to_vec(), volume(&[5, elements]))
            }
            Layer::Dropout { .. }
            | Layer::Relu {}
            | Layer::LeakyRelu { .. }
            | Layer::Gelu {}
            | Layer::Silu {}
            | Layer::Tanh {}
            | Layer::Sigmoid {} => (self.input.to_vec(), elements),
            Layer::Residual { .. } => unreachable!("blocks are shaped by `sequence`"),
        })
    }

    fn error(&self, problem: impl Into<String>) -> SpecError {
        SpecError::invalid(self.path, problem)
    }

    fn dims<const N: usize>(&self, expected: &str) -> Result<[u64; N], SpecError> {
        self.input.try_into().map_err(|_| {
            let got = self.input;
            self.error(format!("it takes {expected} but is given {got:?}"))
        })
    }

    fn width(&self, field: &str, value: u32) -> Result<u64, SpecError> {
        self.between(field, value, MAX_WIDTH)
    }

    fn between(&self, field: &str, value: u32, most: u32) -> Result<u64, SpecError> {
        if (1..=most).contains(&value) {
            Ok(u64::from(value))
        } else {
            Err(self.error(format!("`{field}` is {value}; it must be 1 to {most}")))
        }
    }

    /// Output length of a sliding window along one side.
    fn window(
        &self,
        size: u64,
        kernel: u32,
        stride: u32,
        padding: u32,
        dilation: u32,
    ) -> Result<u64, SpecError> {
        let kernel = self.between("kernel", kernel, MAX_WINDOW)?;
        let stride = self.between("stride", stride, MAX_WINDOW)?;
        let dilation = self.between("dilation", dilation, MAX_WINDOW)?;
        let span = dilation * (kernel - 1) + 1;
        let padding = u64::from(padding);
        if padding >= span && padding > 0 {
            return Err(self.error(format!("`padding` must be below the window of {span}")));
        }
        let padded = size + 2 * padding;
        if span > padded {
            return Err(self.error(format!(
                "a window of {span} does not fit in {padded} (an input side of {size} with its padding)"
            )));
        }
        Ok((padded - span) / stride + 1)
    }

    fn parameter(&mut self, name: &str, shape: Vec<u64>, init: Init) {
        let name = format!("{}.{name}", self.name);
        self.parameters.push(ParameterPlan { name, shape, init });
    }

    /// Weight and bias in the range PyTorch draws them from.
    fn weighted(&mut self, shape: Vec<u64>, fan_in: u64, bias: bool) {
        let bound = 1.0 / (fan_in.max(1) as f64).sqrt();
        let out = shape[0];
        self.parameter("weight", shape, Init::Uniform { bound });
        if bias {
            self.parameter("bias", vec![out], Init::Uniform { bound });
        }
    }

    fn norm(&mut self, width: u64) {
        self.parameter("weight", vec![width], Init::Constant(1.0));
        self.parameter("bias", vec![width], Init::Constant(0.0));
    }

    /// The names and ranges of PyTorch's `MultiheadAttention`.
    fn attention(&mut self, width: u64) {
        let wide = width as f64;
        let xavier = Init::Uniform {
            bound: (6.0 / (4.0 * wide)).sqrt(),
        };
        let kaiming = Init::Uniform {
            bound: 1.0 / wide.sqrt(),
        };
        self.parameter(
            "in_proj_weight",
            vec![width.saturating_mul(3), width],
            xavier,
        );
        self.parameter(
            "in_proj_bias",
            vec![width.saturating_mul(3)],
            Init::Constant(0.0),
        );
        self.parameter("out_proj.weight", vec![width, width], kaiming);
        self.parameter("out_proj.bias", vec![width], Init::Constant(0.0));
    }
}
