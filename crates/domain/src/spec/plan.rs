//! Shape inference: what each layer receives, gives, and must learn. Pure, so a
//! model that cannot work is refused before any money moves.

use super::{
    Layer, SpecError,
    shape::{Shaper, volume},
};

/// Most numbers that one sample may have between two layers.
const MAX_ACTIVATION: u64 = 1 << 28;
/// Deepest nesting of residual blocks.
const MAX_DEPTH: usize = 8;
/// Most layers in a model, nested ones included.
const MAX_LAYERS: usize = 1024;

/// A model with all shapes known.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelPlan {
    /// First to last.
    pub layers: Vec<LayerPlan>,
    /// Shape of the model's output for one sample.
    pub output: Vec<u64>,
}

/// One layer with its shapes, without the batch dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerPlan {
    /// The layer as the spec has it.
    pub layer: Layer,
    /// Prefix of its names in the state dictionary, like `3` or `3.0`.
    pub name: String,
    /// Shape in.
    pub input: Vec<u64>,
    /// Shape out.
    pub output: Vec<u64>,
    /// What it learns.
    pub parameters: Vec<ParameterPlan>,
    /// Floating-point operations of one forward pass of one sample.
    pub flops: u64,
    /// The layers inside a residual block.
    pub inner: Vec<LayerPlan>,
}

/// A tensor that is learned.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterPlan {
    /// Full name in the state dictionary, like `0.weight`.
    pub name: String,
    /// Shape.
    pub shape: Vec<u64>,
    /// Values at the start.
    pub init: Init,
}

/// Values of a parameter at the start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// All the same.
    Constant(f64),
    /// Uniform in `-bound..bound`.
    Uniform {
        /// Largest absolute value.
        bound: f64,
    },
    /// Normal around 0.
    Normal {
        /// Standard deviation.
        std: f64,
    },
}

impl ModelPlan {
    /// Infers the shapes of `layers` on samples of shape `input`.
    ///
    /// # Errors
    /// [`SpecError::Invalid`] at the first layer that does not fit.
    pub fn new(layers: &[Layer], input: &[u32]) -> Result<Self, SpecError> {
        let input: Vec<u64> = input.iter().map(|&d| u64::from(d)).collect();
        let mut count = 0;
        let layers = sequence(layers, &input, "model.layers", "", &mut count, 0)?;
        let output = layers.last().map_or(input, |last| last.output.clone());
        Ok(Self { layers, output })
    }

    /// All layers, a block before what is inside it.
    pub fn walk(&self) -> impl Iterator<Item = &LayerPlan> {
        let mut stack: Vec<&LayerPlan> = self.layers.iter().rev().collect();
        std::iter::from_fn(move || {
            let next = stack.pop()?;
            stack.extend(next.inner.iter().rev());
            Some(next)
        })
    }

    /// Numbers that are learned.
    pub fn parameter_count(&self) -> u64 {
        self.walk()
            .flat_map(|layer| &layer.parameters)
            .map(|p| volume(&p.shape))
            .fold(0, u64::saturating_add)
    }

    /// Floating-point operations of one forward pass of one sample.
    pub fn flops(&self) -> u64 {
        self.walk().map(|l| l.flops).fold(0, u64::saturating_add)
    }

    /// Numbers that the layers of one sample give, kept for the backward pass.
    pub fn activations(&self) -> u64 {
        self.walk()
            .map(|layer| volume(&layer.output))
            .fold(0, u64::saturating_add)
    }
}

fn sequence(
    layers: &[Layer],
    input: &[u64],
    path: &str,
    prefix: &str,
    count: &mut usize,
    depth: usize,
) -> Result<Vec<LayerPlan>, SpecError> {
    if layers.is_empty() {
        return Err(SpecError::invalid(path, "at least one layer is needed"));
    }
    if depth > MAX_DEPTH {
        let problem = format!("residual blocks nest deeper than {MAX_DEPTH}");
        return Err(SpecError::invalid(path, problem));
    }
    let mut plans: Vec<LayerPlan> = Vec::with_capacity(layers.len());
    for (i, layer) in layers.iter().enumerate() {
        let path = format!("{path}[{i}]");
        *count += 1;
        if *count > MAX_LAYERS {
            let problem = format!("more than {MAX_LAYERS} layers");
            return Err(SpecError::invalid(path, problem));
        }
        let input = plans.last().map_or(input, |last| &last.output).to_vec();
        let mut shaper = Shaper {
            path: &path,
            name: format!("{prefix}{i}"),
            input: &input,
            first: i == 0 && depth == 0,
            parameters: Vec::new(),
        };
        let mut inner = Vec::new();
        let (output, flops) = match layer {
            Layer::Residual { layers } => {
                let prefix = format!("{}.", shaper.name);
                let inner_path = format!("{path}.layers");
                inner = sequence(layers, &input, &inner_path, &prefix, count, depth + 1)?;
                let output = inner.last().map(|l| l.output.clone()).unwrap_or_default();
                if output != input {
                    return Err(SpecError::invalid(
                        path,
                        format!(
                            "a residual block must keep its shape, but this one makes {output:?} of {input:?}"
                        ),
                    ));
                }
                let elements = volume(&output);
                (output, elements)
            }
            simple => shaper.shape(simple)?,
        };
        let (name, parameters) = (shaper.name, shaper.parameters);
        if volume(&output) > MAX_ACTIVATION {
            let problem = format!("its output {output:?} is too large for one sample");
            return Err(SpecError::invalid(path, problem));
        }
        plans.push(LayerPlan {
            layer: layer.clone(),
            name,
            input,
            output,
            parameters,
            flops,
            inner,
        });
    }
    Ok(plans)
}
