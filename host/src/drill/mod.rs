//! 演练: a case replayed against the plan's clocks (P22).
//!
//! A drill is a data directory of its own below `DATA/drills`, made of a released case ([`stage`]): its sites show what was
//! said when it was said, its people are those of the office with the tokens they have, its plan is the one in force,
//! and its clock begins at the case's first sight and runs at its own pace, or stands until it is moved. It is
//! the demo's mechanism again ([`recording`](crate::recording)): plugins, stages, store, commands and pages are the real
//! ones, and only the network and the clock are not. The team acts with the ordinary commands (`--data DRILL`); the trainer adds
//! posts and moves the clock ([`order`]); [`play`] lets happen what is due; [`score`] holds what was done against the clocks
//! and against what was done then.
//!
//! Nothing of a drill leaves it. Its directory bears a mark ([`Directory::is_drill`]) that every door asks for: the fetcher has only
//! the recording, whoever would be told is written into a file, and nothing is handed out as evidence. Its sites
//! are hosts below `.invalid`, which no name server knows (RFC 2606): even without its mark it would reach nobody.
//!
//! | question | module |
//! | --- | --- |
//! | what do its sites show | [`web`] |
//! | how is one set up | [`stage`] |
//! | what happens until when | [`play`] |
//! | what may the trainer do | [`order`] |
//! | how well did the team do | [`score`], as a document [`sheet`] |

pub mod order;
pub mod play;
pub mod score;
pub mod sheet;
pub mod stage;
pub mod web;

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseId};
use crate::clock::{Clock, Pace, SystemClock};
use crate::config::{Config, ConfigError};
use crate::directory::Directory;
use crate::evidence::archive::Archive;
use crate::recording::Recording;
use crate::store::StoreError;

/// The rule of the core that acts in a drill.
pub const RULE: &str = "drill@1";

/// Why a drill cannot be set up or played.
#[derive(Debug, thiserror::Error)]
pub enum DrillError {
    /// The directory or a file in it cannot be used.
    #[error("{}: {source}", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The mark was changed by somebody.
    #[error("{}: {why}: set the drill up anew", path.display())]
    Mark {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The directory is the real thing, or the demo.
    #[error("{} is no drill: name one of those that `caifeng drill list` prints", .0.display())]
    NoDrill(PathBuf),
    /// A drill within a drill.
    #[error("{} is a drill itself: name the real data directory, in which the cases are", .0.display())]
    Within(PathBuf),
    /// Something in it leads out of it.
    #[error("{} leads out of the drill: remove it, nothing of a drill may reach what is real", .0.display())]
    WayOut(PathBuf),
    /// Its clock would go back.
    #[error("the drill's clock stands at {0} and only goes forward: name a later time")]
    Back(String),
    /// A site that it does not have.
    #[error("the drill has no site {site:?}: one of {}", known.join(", "))]
    Site {
        /// What was named.
        site: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Its configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the directory of a drill remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The case; what it says lies beside the mark ([`Directory::case`]), so that a drill needs nothing of the real store.
    pub case: CaseId,
    /// When it begins, on its own clock: the case's first sight.
    pub begins: Timestamp,
    /// When it ends: nothing more is said, and every clock of then has ended.
    pub ends: Timestamp,
    /// How its time passes.
    pub pace: Pace,
}

impl Mark {
    /// Reads the mark of a drill.
    ///
    /// # Errors
    /// It is no drill, or the mark cannot be read.
    pub fn read(directory: &Directory) -> Result<Self, DrillError> {
        let path = directory.drill();
        match std::fs::read(&path) {
            Ok(text) => {
                serde_json::from_slice(&text).map_err(|error| DrillError::Mark { path, why: error.to_string() })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Err(DrillError::NoDrill(directory.path().to_owned())),
            Err(source) => Err(DrillError::Directory { path, source }),
        }
    }

    /// Writes it so that whoever reads it meanwhile reads the old one or the new one.
    pub(crate) fn write(&self, directory: &Directory) -> Result<(), DrillError> {
        let path = directory.drill();
        let draft = directory.path().join(format!("drill.json.{}", std::process::id()));
        let text = serde_json::to_vec(self)
            .map_err(|error| DrillError::Mark { path: path.clone(), why: error.to_string() })?;
        let written = private(&draft, &text).and_then(|()| std::fs::rename(&draft, &path));
        written.map_err(|source| DrillError::Directory { path, source })
    }
}

/// Writes a file that only its owner reads.
fn private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The recording of a drill.
///
/// # Errors
/// It is none, leads out of its directory, or its files cannot be read.
pub fn open(directory: &Directory) -> Result<Recording, DrillError> {
    Mark::read(directory)?;
    if let Some(path) = directory.way_out() {
        return Err(DrillError::WayOut(path));
    }
    let path = directory.web();
    let archive = Archive::open(&path).map_err(|source| DrillError::Directory { path, source })?;
    Ok(Recording { config: Config::read(&directory.config())?, archive, shift: 0 })
}

/// The case that a drill replays.
///
/// # Errors
/// It cannot be read.
pub fn case(directory: &Directory) -> Result<Case, DrillError> {
    let path = directory.case();
    let text = std::fs::read(&path).map_err(|source| DrillError::Directory { path: path.clone(), source })?;
    serde_json::from_slice(&text).map_err(|error| DrillError::Mark { path, why: error.to_string() })
}

/// The clock of a drill: the mark says how its time passes, to every process that asks.
#[derive(Debug)]
pub struct DrillClock {
    directory: Directory,
    /// As last read: a mark that cannot be read for a moment changes nothing.
    pace: Mutex<Pace>,
}

impl DrillClock {
    /// The clock of the drill in `directory`.
    ///
    /// # Errors
    /// It is none.
    pub fn new(directory: &Directory) -> Result<Self, DrillError> {
        let pace = Mark::read(directory)?.pace;
        Ok(Self { directory: directory.clone(), pace: Mutex::new(pace) })
    }
}

impl Clock for DrillClock {
    fn now(&self) -> Timestamp {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(mark) = Mark::read(&self.directory) {
            *pace = mark.pace;
        }
        pace.now(SystemClock.milliseconds())
    }
}
