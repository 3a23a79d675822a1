//! The demo: a recorded month of a county that does not exist, played to its end.
//!
//! The recording (`host/demo/web.warc.gz`, packed from `host/demo/posts` by
//! `cargo run --example pack-demo`) holds what each site showed at each moment
//! of a month; it is played ([`recording`](crate::recording)) so that the month ends when the demo was first started in
//! this directory.
//!
//! A demo whose clock is first put to a moment of the month itself is not moved: it has seen what was recorded
//! before, and sees the rest as its clock comes to it, so that incidents can be handled from first sight on.

pub mod removal;

use std::io::ErrorKind;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::rfc3339;
use crate::config::{Config, ConfigError};
use crate::directory::Directory;
use crate::evidence::archive::Archive;
use crate::recording::Recording;

const WEB: &[u8] = include_bytes!("../demo/web.warc.gz");
const CONFIG: &str = include_str!("../demo/caifeng.toml");

/// The demo in one data directory.
#[derive(Clone, Copy, Debug)]
pub struct Demo;

/// What a directory remembers of its demo.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    shift: i64,
    /// Seconds that its clock is ahead of the system's.
    #[serde(default)]
    ahead: i64,
}

impl Mark {
    fn read(directory: &Directory) -> Result<Option<Self>, DemoError> {
        match std::fs::read(directory.demo()) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn write(self, directory: &Directory) -> Result<Self, DemoError> {
        std::fs::write(directory.demo(), serde_json::to_vec(&self)?)?;
        Ok(self)
    }
}

/// The demo cannot be shown in this directory.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The directory cannot be used.
    #[error("demo: {0}")]
    Directory(#[from] std::io::Error),
    /// The mark was changed by somebody.
    #[error("demo.json: {0}: delete the data directory to start the demo afresh")]
    Mark(#[from] serde_json::Error),
    /// Its clock would go back.
    #[error("the demo's clock stands at {0} and only goes forward: name a later time, or delete the data directory")]
    Back(String),
    /// The bundled configuration is wrong: a fault of this release.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Demo {
    /// Opens the demo in `directory`, where it ends at the time it was first opened.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn open(directory: &Directory, now: Timestamp) -> Result<Recording, DemoError> {
        let archive = Archive::from_bytes(WEB)?;
        let config = Self::config()?;
        let end = archive.entries().iter().map(|entry| entry.date).max().unwrap_or(now);
        let mark = match Mark::read(directory)? {
            Some(mark) => mark,
            None => Mark { shift: now - end, ahead: 0 }.write(directory)?,
        };
        Ok(Recording { config, archive, shift: mark.shift })
    }

    /// Organisation, topics and watches of the county.
    ///
    /// # Errors
    /// A fault of this release.
    pub fn config() -> Result<Config, ConfigError> {
        Config::parse(CONFIG, "demo/caifeng.toml".as_ref())
    }

    /// How many seconds the clock of a directory is ahead of the system's; 0 where there is no demo.
    ///
    /// # Errors
    /// The mark cannot be read.
    pub fn ahead(directory: &Directory) -> Result<i64, DemoError> {
        Ok(Mark::read(directory)?.map_or(0, |mark| mark.ahead))
    }

    /// Puts the clock of the demo in `directory`, opened or not, to `at`; `now` is the system's time. Time only
    /// goes forward: what was decided stays decided. Returns where the clock stood, if there was a demo already.
    ///
    /// # Errors
    /// It stands later already, or the directory cannot be written.
    pub fn set_clock(directory: &Directory, at: Timestamp, now: Timestamp) -> Result<Option<Timestamp>, DemoError> {
        let ahead = at.saturating_sub(now);
        let before = Mark::read(directory)?;
        let stood = before.as_ref().map(|mark| now.saturating_add(mark.ahead));
        let mark = match before {
            Some(mark) if ahead < mark.ahead => return Err(DemoError::Back(rfc3339(now.saturating_add(mark.ahead)))),
            Some(mark) => Mark { ahead, ..mark },
            None => {
                let archive = Archive::from_bytes(WEB)?;
                let dates = || archive.entries().iter().map(|entry| entry.date);
                let (first, end) = (dates().min().unwrap_or(at), dates().max().unwrap_or(at));
                let shift = if (first..=end).contains(&at) { 0 } else { at - end };
                Mark { shift, ahead }
            }
        };
        mark.write(directory)?;
        Ok(stood)
    }
}
