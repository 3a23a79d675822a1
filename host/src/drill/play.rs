//! What happens in a drill by itself: sites show what was said, clocks tell what they have to tell, each at its own second.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use super::DrillError;
use crate::clock::rfc3339;
use crate::directory::Directory;
use crate::fetch::Fetcher;
use crate::fetch::replay::Replay;
use crate::incident::IncidentId;
use crate::incident::clock::ClockEvent;
use crate::incident::event::{Event, Role};
use crate::recording::{self, Happened, Moment, Recording, Ringing};
use crate::store::Reader;
use crate::sweep::{Sweeper, When, blocking};

/// What happened meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Played {
    /// Sites that were swept.
    pub sweeps: u64,
    /// Notices that clocks gave.
    pub notices: u64,
}

/// Plays a drill; holds its recording until that has grown.
#[derive(Debug)]
pub struct Player {
    directory: Directory,
    sweeper: Sweeper,
    /// What is still to be played, the next one first.
    moments: VecDeque<Moment>,
    /// Bytes of the recording when it was read.
    read: u64,
}

impl Player {
    /// A player that has read nothing yet.
    #[must_use]
    pub const fn new(directory: Directory, sweeper: Sweeper) -> Self {
        Self { directory, sweeper, moments: VecDeque::new(), read: 0 }
    }

    /// Lets happen what is due until a moment on the drill's clock, in its order: what is said before what is told of it
    /// in the same second.
    ///
    /// # Errors
    /// See [`DrillError`]; what happened before stays.
    pub async fn until(&mut self, end: Timestamp) -> Result<Played, DrillError> {
        self.refresh().await?;
        let (mut played, directory) = (Played::default(), &self.directory);
        let happened = |happened| {
            match happened {
                Happened::Swept => played.sweeps += 1,
                Happened::Rung(rung) => {
                    // Whoever would be told is written down instead: nothing of a drill is sent.
                    let of = |(incident, event): &(IncidentId, Event)| Notice::of(*incident, event);
                    let notices: Vec<Notice> = rung.iter().filter_map(of).collect();
                    keep(directory, &notices)?;
                    played.notices += notices.len() as u64;
                }
            }
            Ok::<_, DrillError>(())
        };
        recording::pass(&self.sweeper, &mut self.moments, end, Ringing::OnTheWay, happened).await?;
        Ok(played)
    }

    /// Sweeps a site at a moment, whether or not it was swept in the same second before.
    ///
    /// # Errors
    /// See [`DrillError`].
    pub async fn hear(&mut self, watch: &str, at: Timestamp) -> Result<(), DrillError> {
        self.refresh().await?;
        let reader = self.sweeper.reader.clone();
        let rows = blocking(move || reader.watches()).await?;
        if let Some(row) = rows.into_iter().find(|row| row.watch.id == watch) {
            self.sweeper.sweep(&row.watch, When::Recorded { at, shift: 0 }).await?;
        }
        self.moments.retain(|moment| moment.watch.id != watch || moment.at != at);
        Ok(())
    }

    /// Reads the recording again if the trainer has added to it.
    async fn refresh(&mut self) -> Result<(), DrillError> {
        let path = self.directory.web();
        let size = std::fs::metadata(&path).map_err(|source| DrillError::Directory { path, source })?.len();
        if size == self.read {
            return Ok(());
        }
        let (directory, reader) = (self.directory.clone(), self.sweeper.reader.clone());
        let (recording, moments) = blocking(move || read(&directory, &reader)).await?;
        self.sweeper.fetcher = Arc::new(Fetcher::Replay(Replay::new(recording.archive)));
        (self.moments, self.read) = (moments.into(), size);
        Ok(())
    }
}

fn read(directory: &Directory, reader: &Reader) -> Result<(Recording, Vec<Moment>), DrillError> {
    let recording = super::open(directory)?;
    let moments = recording::unplayed(&recording.moments(), 0, reader)?;
    Ok((recording, moments))
}

/// Whom a clock would have told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// When, RFC 3339.
    pub at: String,
    /// Of which incident.
    pub incident: IncidentId,
    /// Which clock.
    pub clock: String,
    /// Seconds before (negative) or after its end.
    pub moment: i64,
    /// The owner.
    pub owner: bool,
    /// These roles.
    pub tell: Vec<Role>,
    /// It becomes their matter.
    pub escalate: bool,
}

impl Notice {
    fn of(incident: IncidentId, event: &Event) -> Option<Self> {
        let Event::Clock(ClockEvent::Rung { clock, moment, planned, owner, tell, escalate }) = event else {
            return None;
        };
        let (at, clock, tell) = (rfc3339(*planned), clock.clone(), tell.clone());
        Some(Self { at, incident, clock, moment: *moment, owner: *owner, tell, escalate: *escalate })
    }
}

/// Writes notices down in the directory of a drill, as JSON Lines: where they would have gone, and nowhere else.
///
/// # Errors
/// The file cannot be written.
pub fn keep(directory: &Directory, notices: &[impl Serialize]) -> Result<(), DrillError> {
    if notices.is_empty() {
        return Ok(());
    }
    let path = directory.notices();
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
        let mut lines = Vec::new();
        for notice in notices {
            serde_json::to_writer(&mut lines, notice)?;
            lines.push(b'\n');
        }
        file.write_all(&lines)
    };
    write().map_err(|source| DrillError::Directory { path: path.clone(), source })
}
