//! gRPC services and messages, generated from the `.proto` files beside this
//! crate, and nothing else. Module paths are the proto packages.
#![allow(missing_docs, clippy::all)]

/// Wallet sign-in at the coordinator.
pub mod auth {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("cyxwiz.auth.v1");
    }
}

/// What a user asks of the coordinator.
pub mod job {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("cyxwiz.job.v1");
    }
}

/// What a node asks of the coordinator.
pub mod node {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("cyxwiz.node.v1");
    }
}

/// What an engine asks of a node.
pub mod training {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("cyxwiz.training.v1");
    }
}

/// All files as an encoded descriptor set, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
