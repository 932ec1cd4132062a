//! Compiles the `.proto` files with protox, so that no `protoc` is needed.

use std::{env, error::Error, path::PathBuf};

use prost::Message as _;

const PROTOS: [&str; 4] = [
    "cyxwiz/auth/v1/auth.proto",
    "cyxwiz/job/v1/job.proto",
    "cyxwiz/node/v1/node.proto",
    "cyxwiz/training/v1/training.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=cyxwiz");
    let descriptors = protox::compile(PROTOS, ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        // Bulk data is handed on without a copy.
        .bytes(".cyxwiz.training.v1.DatasetChunk.data")
        .bytes(".cyxwiz.training.v1.FileChunk.data")
        .compile_fds(descriptors)?;
    Ok(())
}
