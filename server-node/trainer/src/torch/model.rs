//! The layers of a plan as libtorch calls.

use cyxwiz_domain::spec::{Layer, LayerPlan, ModelPlan};
use tch::{Device, Kind, TchError, Tensor};

use super::{flat::Flat, to_i64};

/// A model whose parameters live in a [`Flat`].
pub(super) struct Model {
    nodes: Vec<Node>,
}

/// One layer with its tensors, in the order of its plan.
struct Node {
    layer: Layer,
    name: String,
    parameters: Vec<Tensor>,
    statistics: Option<Statistics>,
    inner: Vec<Node>,
}

/// What batch normalisation has seen, for use outside training.
struct Statistics {
    mean: Tensor,
    variance: Tensor,
    batches: Tensor,
}

impl Model {
    pub fn new(plan: &ModelPlan, parameters: &Flat, device: Device) -> Result<Self, TchError> {
        let mut leaves = parameters.leaves.iter().map(Tensor::shallow_clone);
        let nodes = Node::sequence(&plan.layers, &mut leaves, device)?;
        Ok(Self { nodes })
    }

    /// Output for a batch. Training updates the running statistics and drops at
    /// random from libtorch's current seed.
    pub fn forward(&self, input: &Tensor, training: bool) -> Result<Tensor, TchError> {
        forward(&self.nodes, input, training)
    }

    /// Running statistics by PyTorch's names.
    pub fn buffers(&self) -> Vec<(String, Tensor)> {
        let mut buffers = Vec::new();
        let mut stack: Vec<&Node> = self.nodes.iter().collect();
        while let Some(node) = stack.pop() {
            stack.extend(&node.inner);
            if let Some(seen) = &node.statistics {
                let mut add = |name: &str, tensor: &Tensor| {
                    buffers.push((format!("{}.{name}", node.name), tensor.shallow_clone()));
                };
                add("running_mean", &seen.mean);
                add("running_var", &seen.variance);
                add("num_batches_tracked", &seen.batches);
            }
        }
        buffers
    }
}

fn forward(nodes: &[Node], input: &Tensor, training: bool) -> Result<Tensor, TchError> {
    let mut current = input.shallow_clone();
    for node in nodes {
        current = node.forward(&current, training)?;
    }
    Ok(current)
}

impl Node {
    fn sequence(
        plans: &[LayerPlan],
        leaves: &mut dyn Iterator<Item = Tensor>,
        device: Device,
    ) -> Result<Vec<Self>, TchError> {
        let mut nodes = Vec::with_capacity(plans.len());
        for plan in plans {
            nodes.push(Self {
                layer: plan.layer.clone(),
                name: plan.name.clone(),
                parameters: leaves.take(plan.parameters.len()).collect(),
                statistics: Statistics::new(plan, device)?,
                inner: Self::sequence(&plan.inner, leaves, device)?,
            });
        }
        Ok(nodes)
    }

    fn forward(&self, x: &Tensor, training: bool) -> Result<Tensor, TchError> {
        let square = |side: u32| [i64::from(side); 2];
        let parameter = |i: usize| self.parameters.get(i);
        match &self.layer {
            Layer::Conv2d {
                stride,
                padding,
                dilation,
                groups,
                ..
            } => x.f_conv2d(
                &self.parameters[0],
                parameter(1),
                square(*stride),
                square(*padding),
                square(*dilation),
                i64::from(*groups),
            ),
            Layer::MaxPool2d {
                kernel,
                stride,
                padding,
            } => {
                let stride = square(stride.unwrap_or(*kernel));
                x.f_max_pool2d(square(*kernel), stride, square(*padding), [1, 1], false)
            }
            Layer::AvgPool2d {
                kernel,
                stride,
                padding,
            } => {
                let stride = square(stride.unwrap_or(*kernel));
                x.f_avg_pool2d(square(*kernel), stride, square(*padding), false, true, None)
            }
            Layer::GlobalAvgPool2d {} => x.f_mean_dim([2i64, 3].as_slice(), false, None),
            Layer::MeanPool1d {} => x.f_mean_dim([1i64].as_slice(), false, None),
            Layer::Flatten {} => x.f_flatten(1, -1),
            Layer::Linear { .. } => x.f_linear(&self.parameters[0], parameter(1)),
            Layer::Embedding { .. } => {
                Tensor::f_embedding(&self.parameters[0], x, -1, false, false)
            }
            Layer::Position {} => x.f_add(&self.parameters[0]),
            Layer::Attention { heads, causal } => self.attention(x, i64::from(*heads), *causal),
            Layer::Residual { .. } => forward(&self.inner, x, training)?.f_add(x),
            Layer::BatchNorm1d { eps, momentum } | Layer::BatchNorm2d { eps, momentum } => {
                self.batch_norm(x, training, *momentum, *eps)
            }
            Layer::LayerNorm { eps } => {
                let width = x.size().last().copied().unwrap_or(1);
                x.f_layer_norm([width], parameter(0), parameter(1), *eps, true)
            }
            Layer::Dropout { p } => x.f_dropout(*p, training),
            Layer::Relu {} => x.f_relu(),
            Layer::LeakyRelu { slope } => x
                .f_clamp_min(0.0)?
                .f_add(&x.f_clamp_max(0.0)?.f_mul_scalar(*slope)?),
            Layer::Gelu {} => x.f_gelu("none"),
            Layer::Silu {} => x.f_silu(),
            Layer::Tanh {} => x.f_tanh(),
            Layer::Sigmoid {} => x.f_sigmoid(),
        }
    }

    /// Written out instead of libtorch's fused attention, whose CUDA kernels do not
    /// give the same gradients twice.
    fn attention(&self, x: &Tensor, heads: i64, causal: bool) -> Result<Tensor, TchError> {
        let [batch, length, width] = x.size3().map(|(b, l, w)| [b, l, w])?;
        let head = width / heads;
        let projected = x.f_linear(&self.parameters[0], Some(&self.parameters[1]))?;
        let split = |part: i64| {
            let part = projected.f_narrow(2, part * width, width)?;
            part.f_reshape([batch, length, heads, head])?
                .f_transpose(1, 2)
        };
        let (query, key, value) = (split(0)?, split(1)?, split(2)?);
        let scale = 1.0 / (head as f64).sqrt();
        let mut scores = query
            .f_matmul(&key.f_transpose(-2, -1)?)?
            .f_mul_scalar(scale)?;
        if causal {
            let ones = Tensor::f_ones([length, length], (Kind::Bool, x.device()))?;
            scores = scores.f_masked_fill(&ones.f_triu(1)?, f64::NEG_INFINITY)?;
        }
        let mixed = scores.f_softmax(-1, None)?.f_matmul(&value)?;
        let mixed = mixed.f_transpose(1, 2)?.f_reshape([batch, length, width])?;
        mixed.f_linear(&self.parameters[2], Some(&self.parameters[3]))
    }

    fn batch_norm(
        &self,
        x: &Tensor,
        training: bool,
        momentum: f64,
        eps: f64,
    ) -> Result<Tensor, TchError> {
        let seen = self.statistics.as_ref();
        if let (true, Some(seen)) = (training, seen) {
            let _ = seen.batches.shallow_clone().f_add_scalar_(1)?;
        }
        x.f_batch_norm(
            self.parameters.first(),
            self.parameters.get(1),
            seen.map(|s| &s.mean),
            seen.map(|s| &s.variance),
            training,
            momentum,
            eps,
            true,
        )
    }
}

impl Statistics {
    fn new(plan: &LayerPlan, device: Device) -> Result<Option<Self>, TchError> {
        let (Layer::BatchNorm1d { .. } | Layer::BatchNorm2d { .. }) = plan.layer else {
            return Ok(None);
        };
        let width = to_i64(plan.input[0]);
        Ok(Some(Self {
            mean: Tensor::f_zeros([width], (Kind::Float, device))?,
            variance: Tensor::f_ones([width], (Kind::Float, device))?,
            batches: Tensor::f_zeros(&[] as &[i64], (Kind::Int64, device))?,
        }))
    }
}
