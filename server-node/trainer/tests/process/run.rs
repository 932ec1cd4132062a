//! The trainer as a child process.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio},
};

use cyxwiz_domain::training::{Command, Event};

pub const TRAINER: &str = env!("CARGO_BIN_EXE_cyxwiz-trainer");

/// A trainer process; killed when dropped.
pub struct Run {
    child: Child,
    /// Commands go here; `None` closes it.
    pub input: Option<ChildStdin>,
    events: Lines<BufReader<ChildStdout>>,
}

impl Run {
    pub fn start(spec: &Path, data: &Path, work: &Path) -> Self {
        Self::start_with(&[], spec, data, work)
    }

    /// With more arguments.
    pub fn start_with(more: &[&str], spec: &Path, data: &Path, work: &Path) -> Self {
        Self::start_in(&[], more, spec, data, work)
    }

    /// With more arguments, and with these variables.
    pub fn start_in(
        environment: &[(&str, &str)],
        more: &[&str],
        spec: &Path,
        data: &Path,
        work: &Path,
    ) -> Self {
        let mut child = Process::new(TRAINER)
            .envs(environment.iter().copied())
            .args([
                "run",
                "--resume",
                "--device",
                "cpu",
                "--threads",
                "1",
                "--spec",
            ])
            .arg(spec)
            .arg("--data")
            .arg(data)
            .arg("--work")
            .arg(work)
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the trainer");
        let input = child.stdin.take();
        let output = child.stdout.take().expect("piped");
        Self {
            child,
            input,
            events: BufReader::new(output).lines(),
        }
    }

    pub fn send(&mut self, command: Command) {
        let line = serde_json::to_string(&command).expect("json");
        let input = self.input.as_mut().expect("open");
        writeln!(input, "{line}").expect("the trainer reads");
    }

    /// The next event, `None` at the end. A hung trainer is ended by the test
    /// runner's limit.
    pub fn next(&mut self) -> Option<Event> {
        let line = self.events.next()?.expect("text");
        Some(serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}")))
    }

    /// Reads on to the first event that `wanted` accepts.
    pub fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.next().expect("the run ended early");
            if wanted(&event) {
                return event;
            }
            assert!(!matches!(event, Event::Failed { .. }), "{event:?}");
        }
    }

    /// All events to the end, and the exit code.
    pub fn finish(mut self) -> (Vec<Event>, Option<i32>) {
        let events = std::iter::from_fn(|| self.next()).collect();
        (events, self.child.wait().expect("wait").code())
    }

    pub fn kill(mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // Ended already in most tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
