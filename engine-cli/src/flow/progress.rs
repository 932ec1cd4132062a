//! What a run looks like while it runs: a bar on a terminal, plain lines elsewhere.

use std::{cell::RefCell, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::epochs::EpochRecord;
use crate::printer::Printer;

/// Different lines in a row that are remembered; beyond, a node that has ever more to say is not listened to.
const REMEMBERED: usize = 64;

/// Progress of one run, on standard error.
pub struct Progress {
    printer: Printer,
    bar: ProgressBar,
    /// Waiting and remarks repeat themselves: each is said once in a row.
    said: RefCell<Vec<String>>,
}

impl Progress {
    /// Shows nothing yet.
    pub fn new(printer: Printer) -> Self {
        Self {
            printer,
            bar: ProgressBar::hidden(),
            said: RefCell::default(),
        }
    }

    /// A line that stays.
    pub fn note(&self, text: impl std::fmt::Display) {
        self.said.borrow_mut().clear();
        self.bar.suspend(|| self.printer.note(&text));
    }

    /// A passing remark: on a terminal beside the bar, elsewhere a line.
    pub fn remark(&self, text: impl std::fmt::Display) {
        if self.printer.shows_bar() {
            self.bar.set_message(text.to_string());
        } else {
            self.say_once(text.to_string());
        }
    }

    /// How far something has come, 0 to 1, beside what is shown; elsewhere than on a terminal only that it is
    /// going on.
    pub fn share(&self, what: &str, share: f64) {
        if self.printer.shows_bar() {
            let percent = (share.clamp(0.0, 1.0)) * 100.0;
            self.bar.set_message(format!("{what} {percent:.0} %"));
        } else if !what.is_empty() {
            self.say_once(what.to_owned());
        }
    }

    /// Something is waited for, and nobody knows how long.
    pub fn wait(&mut self, what: &str) {
        self.clear();
        if !self.printer.shows_bar() {
            return self.say_once(format!("{what} ..."));
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        self.show(bar, "{spinner} {prefix} {msg:.dim}", what);
        self.bar.enable_steady_tick(Duration::from_millis(120));
    }

    /// Bytes are moved.
    pub fn bytes(&mut self, what: &str, total: u64) {
        self.clear();
        if !self.printer.shows_bar() {
            return self.printer.note(format_args!("{what}: {total} bytes"));
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let template = "{prefix} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} eta {eta}";
        self.show(bar, template, what);
    }

    /// How many bytes so far.
    pub fn bytes_done(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// The same for somebody who works beside.
    pub fn meter(&self) -> impl Fn(u64) + use<> {
        let bar = self.bar.clone();
        move |done| bar.set_position(done)
    }

    /// Epochs are trained, `done` of `total` before now.
    pub fn epochs(&mut self, done: u32, total: u32) {
        self.clear();
        if !self.printer.shows_bar() {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(total.into()), ProgressDrawTarget::stderr());
        bar.set_position(done.into());
        bar.reset_eta();
        self.show(
            bar,
            "{prefix} [{bar:30}] {pos}/{len} {msg} eta {eta}",
            "training",
        );
    }

    /// A sample between two epochs.
    pub fn sample(&self, loss: f64, accuracy: f64, per_second: f64) {
        let accuracy = accuracy * 100.0;
        self.bar.set_message(format!(
            "loss {loss:.4} accuracy {accuracy:.1} % {per_second:.0} rows/s"
        ));
    }

    /// An epoch is done.
    pub fn epoch(&self, record: &EpochRecord, epochs: u32) {
        let line = epoch_line(record);
        if self.printer.shows_bar() {
            self.bar.set_position(record.epoch.into());
            self.bar.set_message(line);
        } else {
            self.note(format_args!("epoch {}/{epochs}  {line}", record.epoch));
        }
    }

    /// A plain line, unless it was said since the last line that stays.
    fn say_once(&self, text: String) {
        let mut said = self.said.borrow_mut();
        if said.len() < REMEMBERED && !said.contains(&text) {
            self.printer.note(&text);
            said.push(text);
        }
    }

    /// Takes the bar away.
    pub fn clear(&mut self) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::hidden();
    }

    fn show(&mut self, bar: ProgressBar, template: &str, prefix: &str) {
        let style = ProgressStyle::with_template(template).expect("a valid template");
        self.bar = bar
            .with_style(style.progress_chars("=> "))
            .with_prefix(prefix.to_owned());
        self.bar.tick();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn epoch_line(record: &EpochRecord) -> String {
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    let percent = |value: Option<f64>| {
        value.map_or("-".to_owned(), |value| format!("{:.2} %", value * 100.0))
    };
    format!(
        "loss {}  accuracy {}  held out {}  {:.2} s",
        number(record.train_loss),
        percent(record.train_accuracy),
        percent(record.test_accuracy),
        record.seconds
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_of_a_talkative_node_is_bounded() {
        let progress = Progress::new(Printer::new(false, true));
        for stage in 0..10 * REMEMBERED {
            progress.say_once(stage.to_string());
            progress.say_once(stage.to_string());
        }
        assert_eq!(progress.said.borrow().len(), REMEMBERED);
        progress.note("an epoch");
        progress.say_once("again".to_owned());
        assert_eq!(*progress.said.borrow(), ["again"]);
    }
}
