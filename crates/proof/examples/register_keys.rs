//! Makes the development keys of all registered circuits, writes their verifying keys where the
//! registry includes them from and their proving keys where tests look for them, and prints the
//! registry's numbers.
//!
//! cargo run --release -p cyxwiz-proof --no-default-features --features parallel --example register_keys

use std::{error::Error, fs, io::Write as _, path::Path};

use cyxwiz_proof::{
    field::sha256,
    keys::{KeyStore, insecure_dev_prover},
};
use cyxwiz_statement::REGISTRY;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("statement/keys/insecure-dev");
    fs::create_dir_all(&folder)?;
    let mut out = std::io::stdout();
    for entry in REGISTRY {
        let prover = insecure_dev_prover(&entry.circuit)?;
        let key = prover.verifying_key();
        fs::write(folder.join(format!("{}.vk", entry.name)), key.to_bytes())?;
        writeln!(out, "{}", entry.name)?;
        writeln!(out, "  id {}", hex::encode(entry.circuit.id(sha256)))?;
        let constraints = prover.constraints();
        writeln!(out, "  constraints {}", constraints.constraints())?;
        writeln!(out, "  r1cs {}", hex::encode(constraints.digest()))?;
        writeln!(out, "  key {}", hex::encode(key.digest()))?;
        let proving_key = fs::read(KeyStore::of_build().save(&prover)?)?;
        let digest = sha256(&[&proving_key]);
        writeln!(out, "  proving key {}", hex::encode(digest))?;
    }
    Ok(())
}
