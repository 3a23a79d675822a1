//! One file that a person wrote, with its places: what every reader of TOML here begins with.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::reading::Problem;
use super::written::{self, Spot};

/// A file as it was read.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// Where everything in it stands; nothing when it cannot be read.
    pub(crate) spot: Spot,
}

impl Sheet {
    /// Reads `bytes` as a `T`: what could be read of it, and everything that is wrong with that.
    pub(crate) fn read<T: DeserializeOwned>(path: &Path, bytes: Vec<u8>) -> (Self, Option<T>, Vec<Problem>) {
        let (text, cut) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(good))
            }
        };
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let mut sheet = Self { path: path.to_owned(), text, spot: Spot::default() };
        if let Some(good) = cut {
            let message = "not UTF-8 from here on: save the file as UTF-8".to_owned();
            let problem = sheet.problem(good, message);
            return (sheet, None, vec![problem]);
        }
        let (value, spot, wrong) = written::read::<T>(&sheet.text);
        sheet.spot = spot;
        let problems = wrong.into_iter().map(|wrong| sheet.problem(wrong.offset, wrong.message)).collect();
        (sheet, value, problems)
    }

    /// Something that is wrong at a byte offset.
    pub(crate) fn problem(&self, offset: usize, message: String) -> Problem {
        Problem { path: self.path.clone(), at: Some(self.position(offset)), message }
    }

    /// Line and column, both from 1, of a byte offset.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(offset)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
        (line, column)
    }
}
