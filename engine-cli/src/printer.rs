//! All output. Data goes to standard output and nothing else does; progress,
//! notes and errors go to standard error. Colours only where a terminal shows them.

use std::io::{self, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, TableComponent, presets::NOTHING};
use serde::Serialize;

use crate::error::Error;

/// Where and how output goes.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    json: bool,
    quiet: bool,
    stderr_is_terminal: bool,
}

impl Printer {
    /// `json`: results as JSON; `quiet`: no progress and no notes.
    pub fn new(json: bool, quiet: bool) -> Self {
        Self {
            json,
            quiet,
            stderr_is_terminal: io::stderr().is_terminal(),
        }
    }

    /// Whether results are JSON.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Whether a moving progress bar makes sense.
    pub fn shows_bar(self) -> bool {
        self.stderr_is_terminal && !self.quiet
    }

    /// Whether plain progress lines are wanted.
    pub fn shows_notes(self) -> bool {
        !self.quiet
    }

    /// The result of a command: `value` as one line of JSON, or `text` for people.
    pub fn result<T: Serialize>(self, value: &T, text: impl FnOnce() -> String) {
        let line = if self.json {
            serde_json::to_string(value).expect("results have string keys")
        } else {
            text()
        };
        // A reader that has left, like `head`, is no error of ours.
        let _ = writeln!(io::stdout(), "{line}");
    }

    /// What is going on.
    pub fn note(self, text: impl std::fmt::Display) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Something the user should know even with `--quiet`.
    pub fn warn(self, text: impl std::fmt::Display) {
        let _ = writeln!(io::stderr(), "{} {text}", self.paint("33", "warning:"));
    }

    /// Asks for a yes or no on the terminal; `None` where nobody can answer: elsewhere than on a terminal, or with
    /// `--json`. Anything but a yes is a no.
    pub fn ask(self, question: impl std::fmt::Display) -> Option<bool> {
        if self.json || !self.stderr_is_terminal || !io::stdin().is_terminal() {
            return None;
        }
        let _ = write!(io::stderr(), "{question} [y/N] ");
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).ok()?;
        let answer = answer.trim().to_lowercase();
        Some(answer == "y" || answer == "yes")
    }

    /// Why the command failed; with `--json` also as an object on standard output.
    pub fn error(self, error: &Error) {
        let _ = writeln!(io::stderr(), "{} {error}", self.paint("31", "error:"));
        if self.json {
            let mut object = serde_json::json!({
                "error": { "kind": error.kind(), "message": error.to_string() }
            });
            if let Error::Ended(ending) = error {
                object["error"]["ending"] = serde_json::json!(ending);
            }
            let _ = writeln!(io::stdout(), "{object}");
        }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.stderr_is_terminal && std::env::var_os("NO_COLOR").is_none() {
            format!("\x1b[1;{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// A moment for people; `seconds` of Unix time.
pub fn utc(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).map_or("-".to_owned(), |time| {
        time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
    })
}

/// A table for people.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(NOTHING)
        .set_style(TableComponent::HeaderLines, '─')
        .set_style(TableComponent::MiddleHeaderIntersections, '─')
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    table
}
