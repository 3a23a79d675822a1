//! The demo: a recorded month of a county that does not exist, played to its end.
//!
//! The recording (`host/demo/web.warc.gz`, packed from `host/demo/posts` by
//! `cargo run --example pack-demo`) holds what each site showed at each moment
//! of a month. Every answer is swept at the moment it was recorded, moved so
//! that the month ends when the demo was first started in this directory: the
//! same plugins, stages and store as on a live web, and no network.
//!
//! A demo whose clock is first put to a moment of the month itself is not moved: it has seen what was recorded
//! before, and sees the rest as its clock comes to it, so that incidents can be handled from first sight on.

use std::io::ErrorKind;

use caifeng_plugin_host::contract::{Target, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::rfc3339;
use crate::config::{Config, ConfigError};
use crate::directory::Directory;
use crate::evidence::archive::Archive;
use crate::watch::Watch;

const WEB: &[u8] = include_bytes!("../demo/web.warc.gz");
const CONFIG: &str = include_str!("../demo/caifeng.toml");

/// The demo as it stands in one data directory.
#[derive(Debug)]
pub struct Demo {
    /// Organisation, topics and watches of the county.
    pub config: Config,
    /// Its recorded web.
    pub archive: Archive,
    /// Seconds from the recording's time to the time shown.
    pub shift: i64,
}

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

/// One sweep of the recorded month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// What was swept.
    pub watch: Watch,
    /// When, on the recording's clock.
    pub at: Timestamp,
}

impl Demo {
    /// Opens the demo in `directory`, where it ends at the time it was first opened.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn open(directory: &Directory, now: Timestamp) -> Result<Self, DemoError> {
        let archive = Archive::from_bytes(WEB)?;
        let config = Self::config()?;
        let end = archive.entries().iter().map(|entry| entry.date).max().unwrap_or(now);
        let mark = match Mark::read(directory)? {
            Some(mark) => mark,
            None => Mark { shift: now - end, ahead: 0 }.write(directory)?,
        };
        Ok(Self { config, archive, shift: mark.shift })
    }

    /// Organisation, topics and watches of the county, as they come with the program.
    ///
    /// # Errors
    /// A fault of this release.
    pub fn config() -> Result<Config, DemoError> {
        Ok(Config::parse(CONFIG, "demo/caifeng.toml".as_ref())?)
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

    /// Every sweep of the month, in the order in which it happened.
    #[must_use]
    pub fn moments(&self) -> Vec<Moment> {
        let watches = self.config.watches(self.end());
        let listed = |url: &str| watches.iter().find(|w| matches!(&w.target, Target::Listing(at) if at == url));
        let entries = self.archive.entries().iter();
        let mut moments: Vec<Moment> =
            entries.filter_map(|entry| Some(Moment { watch: listed(&entry.url)?.clone(), at: entry.date })).collect();
        moments.sort_by_key(|moment| moment.at);
        moments
    }

    /// When the recording ends, on its own clock.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.archive.entries().iter().map(|entry| entry.date).max().unwrap_or_default()
    }
}
