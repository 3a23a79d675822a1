//! What commands read from standard input or a file: one JSON object a line.

use std::io::{BufRead, stdin};

use anyhow::Context as _;
use serde::de::DeserializeOwned;

use super::{Exit, Failed, OrExit as _};

/// Reads standard input to its end; empty lines are passed over.
///
/// An error names the line, and says what to write on it: `wanted`.
pub(crate) fn lines<T: DeserializeOwned>(wanted: &'static str) -> impl Iterator<Item = Result<(usize, T), Failed>> {
    lines_of(stdin().lock(), wanted)
}

/// Reads a source of lines to its end, like [`lines`].
pub(crate) fn lines_of<T: DeserializeOwned>(
    source: impl BufRead,
    wanted: &'static str,
) -> impl Iterator<Item = Result<(usize, T), Failed>> {
    source.lines().zip(1..).filter_map(move |(line, number)| {
        let line = match line.with_context(|| format!("line {number}: not UTF-8 text")).or_exit(Exit::Usage) {
            Ok(line) => line,
            Err(failed) => return Some(Err(failed)),
        };
        if line.trim().is_empty() {
            return None;
        }
        let read = serde_json::from_str(&line).with_context(|| format!("line {number}: {wanted}"));
        Some(read.or_exit(Exit::Usage).map(|input| (number, input)))
    })
}
