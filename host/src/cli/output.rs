//! The terminal: the only module that prints.
#![expect(clippy::print_stderr, reason = "errors of a command line go to standard error")]

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use super::workplace::colours;

/// What is printed comes from a drill.
static DRILL: AtomicBool = AtomicBool::new(false);
/// What everything begins with that comes from a drill, in both languages: nobody may take it for the real thing.
const MARK: &str = "【演练 DRILL】 以下均为演练，并非真实情况 · none of this is real";

/// From now on all that is printed says that it comes from a drill (P22): a line before text, `"drill": true` in
/// each JSON object, and a line on standard error.
pub(crate) fn mark_as_drill() {
    if !DRILL.swap(true, Ordering::Relaxed) {
        note(MARK);
    }
}

/// Lines on standard output, buffered. A reader that has gone away (`| head`)
/// ends the command quietly.
pub(crate) struct Lines(BufWriter<StdoutLock<'static>>, Begun);

/// Whether a line of text was printed.
type Begun = bool;

impl Lines {
    /// Opens standard output.
    pub(crate) fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()), false)
    }

    /// Prints one line of text.
    pub(crate) fn text(&mut self, line: impl std::fmt::Display) -> io::Result<()> {
        self.begin()?;
        writeln!(self.0, "{}", harmless(&line.to_string()))
    }

    /// Before the first line of text from a drill.
    fn begin(&mut self) -> io::Result<()> {
        if !self.1 && DRILL.load(Ordering::Relaxed) {
            writeln!(self.0, "{MARK}")?;
        }
        self.1 = true;
        Ok(())
    }

    /// Prints one line in pieces, those that are marked so that a person sees them: by colour where there is any.
    pub(crate) fn marked<'a>(&mut self, indent: &str, pieces: impl Iterator<Item = (bool, &'a str)>) -> io::Result<()> {
        self.begin()?;
        let (on, off) =
            if io::stdout().is_terminal() && colours() { ("\x1b[1;33m", "\x1b[0m") } else { ("【", "】") };
        self.0.write_all(indent.as_bytes())?;
        for (marked, piece) in pieces {
            let piece = harmless(piece);
            let shown = if marked { format!("{on}{piece}{off}") } else { piece };
            self.0.write_all(shown.as_bytes())?;
        }
        self.0.write_all(b"\n")
    }

    /// Prints one value as a line of JSON.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        if DRILL.load(Ordering::Relaxed) {
            let mut value = serde_json::to_value(value)?;
            if let Some(object) = value.as_object_mut() {
                object.insert("drill".to_owned(), true.into());
            }
            serde_json::to_writer(&mut self.0, &value)?;
        } else {
            serde_json::to_writer(&mut self.0, value)?;
        }
        self.0.write_all(b"\n")
    }

    /// Prints bytes as they are: a file that is asked for on standard output.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Shows what was printed so far.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A progress bar on long work when standard error is a terminal, else nothing.
pub(crate) fn progress(total: u64, what: &'static str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style).with_message(what)
}

/// What is being done, and for how long already, where nobody knows how much there is to do; hidden as a bar is.
pub(crate) fn waiting(what: impl Into<Cow<'static, str>>) -> ProgressBar {
    let bar = progress(0, "");
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.set_message(what);
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}

/// A line for the person at the terminal, beside the results.
pub(crate) fn note(line: impl std::fmt::Display) {
    eprintln!("{}", harmless(&line.to_string()));
}

/// Without what would move the cursor, change colours or turn the direction of
/// reading: what a page or a plugin wrote is shown, not obeyed.
fn harmless(text: &str) -> String {
    let obeyed = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if obeyed(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The head of a text without control characters: what is printed cannot move the cursor.
pub(crate) fn one_line(text: &str) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(80).collect()
}

/// An error with its causes, then how to go on where the error says so.
pub(crate) fn error(error: &anyhow::Error) {
    let mut message = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Library errors often print their cause already.
        if !message.contains(&cause) {
            message.push_str(": ");
            message.push_str(&cause);
        }
    }
    eprintln!("error: {}", harmless(&message));
}

/// Whether an error only says that nobody reads standard output any more.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}

/// Logs to standard error; `RUST_LOG` chooses what, warnings by default.
pub(crate) fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
}
