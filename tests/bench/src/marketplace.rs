//! What the market adds to a training: seconds from submission to payment, against
//! the same training as a bare loop over libtorch in one process; and what each
//! instruction costs. One JSON object a line.

mod plain;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use cyxwiz_domain::spec::JobSpec;
use serde_json::{Value, json};

/// Compute units a transaction may use by default, per instruction.
const DEFAULT_UNITS: u64 = 200_000;

fn main() -> anyhow::Result<()> {
    let epochs: Vec<u32> = std::env::args()
        .skip(1)
        .map(|argument| argument.parse().context("usage: marketplace [EPOCHS…]"))
        .collect::<anyhow::Result<_>>()?;
    let epochs = if epochs.is_empty() {
        vec![20, 200]
    } else {
        epochs
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()?;
    compute_units(&root)?;
    let stack = Stack::up(root.clone())?;
    for epochs in epochs {
        jobs(&stack, &root, epochs)?;
    }
    Ok(())
}

/// The market against the bare loop.
fn jobs(stack: &Stack, root: &Path, epochs: u32) -> anyhow::Result<()> {
    let example = root.join("examples/digits");
    let text = std::fs::read_to_string(example.join("job.toml"))?
        .replace("epochs = 20", &format!("epochs = {epochs}"));
    let data = example.join("digits.csv.gz");
    let spec = JobSpec::from_toml(&text)?;

    let (reference, accuracy) = plain::train(&spec, &data)?;
    let job = stack.dir.path().join(format!("digits-{epochs}.toml"));
    let absolute = format!("{:?}", data.display().to_string());
    std::fs::write(&job, text.replace("\"digits.csv.gz\"", &absolute))?;
    let result = stack.cyxwiz(&["job", "run", &job.display().to_string()])?;
    let seconds = result["seconds"]["total"]
        .as_f64()
        .context("seconds.total")?;
    line(json!({
        "bench": format!("marketplace.digits.{epochs}_epochs"),
        "value": seconds, "unit": "s",
        "reference": "the same training as a bare libtorch loop in one process",
        "reference_value": reference, "ratio": seconds / reference,
        "accuracy": result["accuracy"], "reference_accuracy": accuracy,
        "seconds": result["seconds"],
    }))
}

/// `programs/cu.json`, which a test keeps from growing, against the default budget.
fn compute_units(root: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(root.join("programs/cu.json"))?;
    let units: std::collections::BTreeMap<String, u64> = serde_json::from_str(&text)?;
    for (instruction, units) in units {
        line(json!({
            "bench": format!("compute_units.{instruction}"),
            "value": units, "unit": "CU",
            "reference": "default budget of an instruction",
            "reference_value": DEFAULT_UNITS, "ratio": units as f64 / DEFAULT_UNITS as f64,
        }))?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the bench's result")]
fn line(value: Value) -> anyhow::Result<()> {
    println!("{value}");
    Ok(())
}

/// A local stack of release binaries.
struct Stack {
    dir: tempfile::TempDir,
    root: PathBuf,
}

impl Stack {
    fn up(root: PathBuf) -> anyhow::Result<Self> {
        let stack = Self {
            dir: tempfile::tempdir()?,
            root,
        };
        stack.cyxwiz(&["dev", "up"])?;
        Ok(stack)
    }

    fn cyxwiz(&self, args: &[&str]) -> anyhow::Result<Value> {
        let binary = std::env::current_exe()?.with_file_name("cyxwiz");
        let output = Command::new(binary)
            .args(args)
            .arg("--json")
            .current_dir(&self.root)
            .env("CYXWIZ_DEV_DIR", self.dir.path())
            .stderr(Stdio::inherit())
            .output()
            .context("run cyxwiz; build it with `cargo build --release --workspace --bins`")?;
        if !output.status.success() {
            bail!("cyxwiz {} failed", args.join(" "));
        }
        let text = String::from_utf8(output.stdout)?;
        Ok(serde_json::from_str(
            text.lines().last().unwrap_or_default(),
        )?)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Err(error) = self.cyxwiz(&["dev", "down", "--wipe"]) {
            eprintln!(
                "failed to stop the stack in {}: {error:#}",
                self.dir.path().display()
            );
        }
    }
}
