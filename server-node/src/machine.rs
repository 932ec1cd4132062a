//! What this machine has: memory, disk, and the name of its device.

use std::{fs, io, path::Path, process::Command};

use nix::sys::statvfs::statvfs;

const MIB: u64 = 1024 * 1024;

/// A device that trains.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DeviceInfo {
    /// Model name, at most 64 bytes.
    pub model: String,
    /// Its memory, 0 for a CPU.
    pub vram_mib: u32,
}

/// Main memory in MiB.
pub fn total_memory_mib() -> u64 {
    meminfo("MemTotal:")
}

/// Main memory that could be used now, in MiB.
pub fn available_memory_mib() -> u64 {
    meminfo("MemAvailable:")
}

fn meminfo(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    number_after(&text, field).unwrap_or(0) / 1024
}

fn number_after(text: &str, field: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Disk that could be used at `path`, in MiB.
///
/// # Errors
/// What the system says.
pub fn free_disk_mib(path: &Path) -> io::Result<u64> {
    let stat = statvfs(path)?;
    Ok(stat.blocks_available() as u64 * stat.fragment_size() as u64 / MIB)
}

/// Name and memory of the device that the trainer calls `device` (`cpu`, `cuda:0`).
pub fn device_info(device: &str) -> DeviceInfo {
    let info = match device.strip_prefix("cuda") {
        Some(index) => nvidia(index.trim_start_matches(':').parse().unwrap_or(0)),
        None => None,
    };
    let info = info.unwrap_or_else(|| DeviceInfo {
        model: cpu_model(),
        vram_mib: 0,
    });
    DeviceInfo {
        model: shorten(&info.model),
        ..info
    }
}

/// The driver's tool knows the name; libtorch's C interface does not say it.
fn nvidia(index: usize) -> Option<DeviceInfo> {
    let output = Command::new("nvidia-smi")
        .args([
            "--query-gpu=name,memory.total",
            "--format=csv,noheader,nounits",
        ])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (model, memory) = text.lines().nth(index)?.rsplit_once(',')?;
    Some(DeviceInfo {
        model: model.trim().to_owned(),
        vram_mib: memory.trim().parse().ok()?,
    })
}

fn cpu_model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or_else(|| "CPU".to_owned(), |(_, name)| name.trim().to_owned())
}

/// Cut to the 64 bytes that the chain has room for.
fn shorten(name: &str) -> String {
    let end = (0..=64)
        .rev()
        .find(|&i| name.is_char_boundary(i.min(name.len())));
    name[..end.unwrap_or(0).min(name.len())].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_is_read() {
        let text = "MemTotal:       2048 kB\nMemAvailable:   1024 kB\n";
        assert_eq!(number_after(text, "MemAvailable:"), Some(1024));
        assert_eq!(number_after(text, "Swap:"), None);
        assert!(total_memory_mib() >= available_memory_mib());
    }

    #[test]
    fn names_fit_the_chain() {
        assert_eq!(shorten("Some CPU"), "Some CPU");
        let long = "é".repeat(40);
        assert_eq!(shorten(&long), "é".repeat(32));
        assert!(!device_info("cpu").model.is_empty());
    }
}
