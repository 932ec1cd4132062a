//! Tensors to safetensors bytes and back. The same tensors give the same bytes.

use safetensors::{
    SafeTensors,
    tensor::{Dtype, TensorView, serialize},
};
use tch::{Device, Kind, TchError, Tensor};

use crate::TrainError;

pub(crate) fn write(tensors: &[(String, Tensor)]) -> Result<Vec<u8>, TrainError> {
    let mut copies = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let tensor = tensor.f_to_device(Device::Cpu)?.f_contiguous()?;
        let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
        tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
        let shape = tensor
            .size()
            .iter()
            .map(|&d| d as usize)
            .collect::<Vec<_>>();
        copies.push((name.as_str(), dtype(tensor.kind())?, shape, bytes));
    }
    let views: Vec<_> = copies
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            TensorView::new(*dtype, shape.clone(), bytes).map(|view| (*name, view))
        })
        .collect::<Result<_, _>>()
        .map_err(|e| TchError::Convert(e.to_string()))?;
    // No metadata: it is a hash map in that crate, and has no order.
    Ok(serialize(views, None).map_err(|e| TchError::Convert(e.to_string()))?)
}

/// Overwrites `tensors` in place with those of the same names; each must be there,
/// of the same shape and kind, and no others.
pub(super) fn read_into(bytes: &[u8], tensors: &mut [(String, Tensor)]) -> Result<(), String> {
    let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    if file.len() != tensors.len() {
        return Err(format!(
            "it holds {} tensors, not {}",
            file.len(),
            tensors.len()
        ));
    }
    for (name, tensor) in tensors {
        let view = file.tensor(name).map_err(|e| e.to_string())?;
        let shape: Vec<i64> = view.shape().iter().map(|&d| d as i64).collect();
        let kind = tensor.kind();
        if shape != tensor.size() || Some(view.dtype()) != dtype(kind).ok() {
            return Err(format!("`{name}` is of another shape or kind"));
        }
        let copied = Tensor::f_from_data_size(view.data(), &shape, kind);
        copied
            .and_then(|source| tensor.f_copy_(&source))
            .map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn dtype(kind: Kind) -> Result<Dtype, TchError> {
    match kind {
        Kind::Float => Ok(Dtype::F32),
        Kind::Int64 => Ok(Dtype::I64),
        kind => Err(TchError::Kind(format!(
            "{kind:?} is not written to weights"
        ))),
    }
}
