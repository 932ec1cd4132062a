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

    /// A part of the result for people, before the rest is known; JSON comes as one object at the end.
    pub fn part(self, text: impl FnOnce() -> String) {
        if !self.json {
            let _ = writeln!(io::stdout(), "{}", text());
        }
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
            match error {
                Error::Ended(ending) => object["error"]["ending"] = serde_json::json!(ending),
                Error::Dishonest {
                    job,
                    problem,
                    paid,
                    replay,
                } => {
                    object["error"]["dishonest"] = serde_json::json!({
                        "job_id": job, "problem": problem, "paid": paid, "replay": replay,
                    });
                }
                _ => {}
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

/// A name and a text a row, under such a header. On a terminal, texts that are too long for it are broken between
/// words; an address or a signature stays whole, to be copied.
pub fn facts(header: [&str; 2], rows: &[[String; 2]]) -> String {
    let mut facts = table(&header);
    let names = rows.iter().map(|[name, _]| name.chars().count());
    let widest = names.chain([header[0].chars().count()]).max().unwrap_or(0);
    // A space on either side of both columns, and what is between them.
    let room = facts
        .width()
        .map(|width| usize::from(width).saturating_sub(widest + 5));
    for [name, text] in rows {
        let text = room.map_or_else(|| text.clone(), |room| fold(text, room));
        facts.add_row([name.clone(), text]);
    }
    facts.trim_fmt()
}

/// Breaks `text` between words into lines of at most `width` characters; a longer word has a line of its own.
fn fold(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_broken_between_words_and_words_never() {
        assert_eq!(fold("one two three", 80), "one two three");
        assert_eq!(fold("one two three", 7), "one two\nthree");
        assert_eq!(fold("see 4GVM9xNGPZg2 now", 6), "see\n4GVM9xNGPZg2\nnow");
        assert_eq!(fold("µs é ü", 4), "µs é\nü");
        assert_eq!(fold("", 4), "");
    }

    #[test]
    fn facts_stand_in_two_columns() {
        // Tests have no terminal: nothing is broken.
        let long = "word ".repeat(100).trim_end().to_owned();
        let rows = [
            ["shown".to_owned(), long.clone()],
            ["circuit".to_owned(), "z64x10".to_owned()],
        ];
        let text = facts(["price", "1 CYXWIZ"], &rows);
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        assert!(lines[0].starts_with("price "), "{text}");
        assert_eq!(lines[2], format!("shown     {long}"));
        assert_eq!(lines[3], "circuit   z64x10");
    }
}
