//! Lets the binaries and tests of this crate find libtorch at run time.
//!
//! `cargo:rustc-link-arg` reaches the targets of this package alone: a crate that
//! links the trainer's library (a benchmark, say) needs the same two lines in a
//! build script of its own. Programs that run the trainer as a process need none.

use std::{env, path::PathBuf};

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    println!("cargo:rerun-if-env-changed=LIBTORCH_LIB");
    // torch-sys looks in the same order; with LIBTORCH_USE_PYTORCH it asks Python,
    // whose own installation is then found by LD_LIBRARY_PATH.
    let root = env::var_os("LIBTORCH_LIB").or_else(|| env::var_os("LIBTORCH"));
    let Some(lib) = root.map(|root| PathBuf::from(root).join("lib")) else {
        return;
    };
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", lib.display());
    // Nothing names a symbol of torch_cuda, so the linker would drop it and with it
    // every CUDA device.
    if lib.join("libtorch_cuda.so").exists() {
        println!(
            "cargo:rustc-link-arg=-Wl,--no-as-needed,-L{},-ltorch_cuda,--as-needed",
            lib.display()
        );
    }
}
