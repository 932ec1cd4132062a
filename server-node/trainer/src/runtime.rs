//! The runtime class that a job asks for, and the process's environment.

use std::{env, io, os::unix::process::CommandExt as _, path::Path, process};

use cyxwiz_domain::spec::RuntimeClass;
use tch::Device;

use crate::{DeviceChoice, TrainError};

/// cuBLAS gives the same bits twice only with a workspace of fixed size.
pub const FIXED_WORKSPACE: &[(&str, &str)] = &[("CUBLAS_WORKSPACE_CONFIG", ":4096:8")];

/// The device of a job that must be trained in `class`: the CPU, if this process can keep the class.
/// `threads` is the number asked for on the command line.
///
/// # Errors
/// [`TrainError::Class`] with what is other here.
pub fn class_device(
    class: RuntimeClass,
    choice: DeviceChoice,
    threads: Option<u32>,
) -> Result<Device, TrainError> {
    keep(class, &libtorch_version(), has_avx2(), choice, threads).map_err(|problem| {
        TrainError::Class {
            class: class.name(),
            problem,
        }
    })
}

/// The classes that this process can keep.
pub fn kept_classes() -> Vec<RuntimeClass> {
    let (libtorch, avx2) = (libtorch_version(), has_avx2());
    let kept = |class: &_| keep(*class, &libtorch, avx2, DeviceChoice::Auto, None).is_ok();
    RuntimeClass::all().filter(kept).collect()
}

fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// The device, or what the class takes that is not here.
fn keep(
    class: RuntimeClass,
    libtorch: &str,
    avx2: bool,
    choice: DeviceChoice,
    threads: Option<u32>,
) -> Result<Device, String> {
    if libtorch != class.libtorch() {
        let wanted = class.libtorch();
        return Err(format!("libtorch {wanted}, and this is {libtorch}"));
    }
    if !avx2 {
        return Err("a CPU with AVX2 and FMA".to_owned());
    }
    if choice == DeviceChoice::Cuda {
        return Err("the CPU; leave --device out".to_owned());
    }
    match threads {
        Some(other) if other != class.threads() => Err(format!(
            "{} threads, not {other}; leave --threads out",
            class.threads()
        )),
        _ => Ok(Device::Cpu),
    }
}

/// Begins this process again where a variable has another value: libraries read them before `main`.
///
/// # Errors
/// [`TrainError::File`] where the program cannot be started again.
pub fn restart_with(environment: &[(&str, &str)]) -> Result<(), TrainError> {
    let set = |(name, value): &(&str, &str)| env::var_os(name).is_some_and(|now| now == *value);
    if environment.iter().all(set) {
        return Ok(());
    }
    let failed = |path: &Path, source: io::Error| TrainError::File {
        path: path.to_owned(),
        source,
    };
    let program = env::current_exe().map_err(|e| failed(Path::new("/proc/self/exe"), e))?;
    let mut again = process::Command::new(&program);
    again.args(env::args_os().skip(1));
    again.envs(environment.iter().copied());
    // Returns only where it could not.
    Err(failed(&program, again.exec()))
}

/// The version of the libtorch loaded, like `2.11.0`.
#[expect(
    unsafe_code,
    reason = "libtorch tells its version through its C interface alone"
)]
pub fn libtorch_version() -> String {
    unsafe extern "C" {
        fn aoti_torch_abi_version() -> u64;
    }
    // SAFETY: the function takes nothing, returns a constant, and is in every libtorch since 2.7.
    let version = unsafe { aoti_torch_abi_version() };
    let [major, minor, patch, ..] = version.to_be_bytes();
    format!("{major}.{minor}.{patch}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_kept_or_refused() {
        let class = RuntimeClass::DEFAULT;
        let here = class_device(class, DeviceChoice::Auto, None).expect("kept");
        assert_eq!(
            (here, libtorch_version().as_str()),
            (Device::Cpu, class.libtorch())
        );
        let cpu = DeviceChoice::Cpu;
        assert_eq!(keep(class, "2.11.0", true, cpu, Some(1)), Ok(Device::Cpu));
        let cases = [
            (
                keep(class, "2.10.1", true, cpu, None),
                "libtorch 2.11.0, and this is 2.10.1",
            ),
            (
                keep(class, "2.11.0", false, cpu, None),
                "a CPU with AVX2 and FMA",
            ),
            (
                keep(class, "2.11.0", true, DeviceChoice::Cuda, None),
                "the CPU; leave --device out",
            ),
            (
                keep(class, "2.11.0", true, cpu, Some(2)),
                "1 threads, not 2; leave --threads out",
            ),
        ];
        for (result, problem) in cases {
            assert_eq!(result, Err(problem.to_owned()));
        }
    }
}
