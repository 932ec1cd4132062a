//! The runtime classes that this node keeps.

use cyxwiz_domain::spec::RuntimeClass;

use super::PreflightError;
use crate::{config::Settings, trainer_process};

/// Asks the trainer, which knows its libtorch and its processor. Each start anew: both may have changed.
///
/// # Errors
/// [`PreflightError::Trainer`], [`PreflightError::Answer`].
pub(super) async fn find(settings: &Settings) -> Result<Vec<RuntimeClass>, PreflightError> {
    let line = trainer_process::classes(settings).await?;
    let kept = read(&line, settings.threads())?;
    if kept.is_empty() {
        tracing::warn!(
            kept_by_trainer = line,
            "this node keeps no runtime class, so it gets no audited jobs; classes take an x86 processor with AVX2, a libtorch of their own, and no more threads than trainer.threads"
        );
    }
    Ok(kept)
}

/// Of the classes that the trainer named those that this node knows, with no more than `threads`: no
/// job takes more than the operator grants.
fn read(line: &str, threads: u32) -> Result<Vec<RuntimeClass>, PreflightError> {
    let names: Vec<String> =
        serde_json::from_str(line).map_err(|problem| PreflightError::Answer {
            what: "list of runtime classes",
            problem,
        })?;
    let known = names.iter().filter_map(|name| RuntimeClass::by_name(name));
    Ok(known.filter(|class| class.threads() <= threads).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_announced_that_the_trainer_keeps_within_the_operators_threads() {
        let line = r#"["torch-2.11-avx2-1", "torch-2.11-avx2-4", "torch-9.0-avx512-1"]"#;
        let names = |line, threads| {
            let kept = read(line, threads).expect("a list");
            kept.iter().map(RuntimeClass::name).collect::<Vec<_>>()
        };
        assert_eq!(names(line, 3), ["torch-2.11-avx2-1"]);
        assert_eq!(names(line, 4), ["torch-2.11-avx2-1", "torch-2.11-avx2-4"]);
        assert_eq!(names("[]", 4), [""; 0]);
        let error = read("torch", 4).expect_err("no list");
        let words = "the trainer's list of runtime classes cannot be read";
        assert!(error.to_string().starts_with(words), "{error}");
    }
}
