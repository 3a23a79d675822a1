//! Copies that are made from the desk and kept in the data directory until somebody takes them elsewhere.
//!
//! One is made at a time, aside, while people go on. It has its name only once it was read back and found to be what was
//! written. Keys and credentials are in none: whoever wants them in a copy is at the machine and says so there. That a copy was
//! made, taken and removed is in the record. A copy on the same disk is no backup yet: pages say so. It is let go of after a
//! week, so that what must be deleted does not live on in it.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use caifeng_plugin_host::contract::Timestamp;

use super::{BackupError, Order, Stage, make_telling, parcel};
use crate::clock::rfc3339;
use crate::control::Refusal;
use crate::directory::Directory;
use crate::handling::Clerk;
use crate::store::{self, Caller};
use crate::user::UserEvent;
use crate::user::right::Act;

/// How the names of copies begin.
const HEAD: &str = "caifeng-";
/// How they end.
const TAIL: &str = ".zip";
/// The form of what is between: 20260309T040000Z.
const MOMENT: usize = 16;

/// The copies of one data directory.
#[derive(Clone, Debug)]
pub struct Backups {
    directory: Directory,
    config: PathBuf,
    state: Arc<Mutex<Standing>>,
}

/// How the making stands.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Since when one is being made, and how far it is.
    pub running: Option<(Timestamp, Stage)>,
    /// What came of the last one: its name, or why there is none.
    pub last: Option<Result<String, String>>,
}

/// One that lies here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The name of its file.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// When it was written, by its file.
    pub at: Option<Timestamp>,
}

/// One that is to be made; whoever holds it runs it where waiting costs nobody anything.
#[derive(Debug)]
pub struct Making {
    backups: Backups,
    clerk: Clerk,
    caller: Caller,
    name: String,
    now: Timestamp,
}

/// Whether this could be the name of a copy; nothing else is opened.
fn is_one(name: &str) -> bool {
    let moment = name.strip_prefix(HEAD).and_then(|rest| rest.strip_suffix(TAIL));
    moment.is_some_and(|moment| {
        moment.len() == MOMENT && moment.bytes().all(|b| b.is_ascii_digit() || b == b'T' || b == b'Z')
    })
}

fn refused(error: &BackupError) -> Refusal {
    match error {
        BackupError::Drill(_) => Refusal::Refused(error.to_string()),
        _ => Refusal::Internal(error.to_string()),
    }
}

fn lies_there(path: PathBuf, name: String) -> Option<Kept> {
    let meta = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let at = meta.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    Some(Kept { name, bytes: meta.len(), at: at.and_then(|at| i64::try_from(at.as_secs()).ok()) })
}

impl Backups {
    /// Those of a data directory, whose configuration stands at `config`.
    #[must_use]
    pub fn of(directory: &Directory, config: PathBuf) -> Self {
        Self { directory: directory.clone(), config, state: Arc::default() }
    }

    /// How the making stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All that lie here, the newest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn all(&self) -> io::Result<Vec<Kept>> {
        let folder = self.directory.backups();
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).filter(|name| is_one(name));
        let mut all: Vec<Kept> = names.filter_map(|name| lies_there(folder.join(&name), name)).collect();
        all.sort_by(|a, b| b.name.cmp(&a.name));
        Ok(all)
    }

    /// What lies beside the store since it was converted: each is let go of by itself.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn before_conversions(&self) -> io::Result<Vec<Kept>> {
        let copies = store::copies(self.directory.path())?.into_iter();
        Ok(copies
            .filter_map(|path| {
                let name = path.file_name()?.to_str()?.to_owned();
                lies_there(path, name)
            })
            .collect())
    }

    /// Begins one.
    ///
    /// # Errors
    /// The caller may not, one is being made, or this is a drill.
    pub fn begin(&self, clerk: &Clerk, caller: &Caller) -> Result<Making, Refusal> {
        let now = clerk.clock.now();
        self.directory.not_in_a_drill("nothing leaves it: back up the data directory that it was made from")?;
        clerk.store.may_one_of(caller, &[Act::BackUp], now)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.running.is_some() {
            return Err(Refusal::Refused("a backup is being made already: wait until it is there".to_owned()));
        }
        state.running = Some((now, Stage::Database));
        let moment: String = rfc3339(now).chars().filter(|c| !matches!(c, '-' | ':')).collect();
        let name = format!("{HEAD}{moment}{TAIL}");
        Ok(Making { backups: self.clone(), clerk: clerk.clone(), caller: caller.clone(), name, now })
    }

    /// Opens one, to be taken elsewhere; and its length.
    ///
    /// # Errors
    /// There is no such copy, or the caller may not.
    pub fn take(&self, clerk: &Clerk, caller: &Caller, name: &str) -> Result<(File, u64), Refusal> {
        let path = self.path(name)?;
        let file = File::open(&path).map_err(|error| gone(name, &error))?;
        let bytes = file.metadata().map_err(|error| gone(name, &error))?.len();
        let event = UserEvent::BackupTaken { file: name.to_owned() };
        clerk.store.note_kept(caller, &[Act::BackUp], vec![event], clerk.clock.now())?;
        Ok((file, bytes))
    }

    /// Removes one.
    ///
    /// # Errors
    /// There is no such copy, or the caller may not.
    pub fn remove(&self, clerk: &Clerk, caller: &Caller, name: &str) -> Result<(), Refusal> {
        let path = self.path(name)?;
        let event = UserEvent::BackupRemoved { file: name.to_owned() };
        clerk.store.note_kept(caller, &[Act::BackUp], vec![event], clerk.clock.now())?;
        fs::remove_file(path).map_err(|error| gone(name, &error))
    }

    fn path(&self, name: &str) -> Result<PathBuf, Refusal> {
        let path = self.directory.backups().join(name);
        if is_one(name) && path.is_file() {
            return Ok(path);
        }
        Err(Refusal::Usage(format!("there is no backup {name:?} here: look again")))
    }

    fn reach(&self, stage: Stage) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, reached)) = &mut state.running {
            *reached = stage;
        }
    }

    fn end(&self, came: Option<Result<String, String>>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.running.take().is_some() {
            state.last = came.or_else(|| Some(Err("it ended before its time: make another".to_owned())));
        }
    }
}

/// Lets go of copies of a data directory that have lain there longer than what mentions nothing is kept: what must be deleted
/// stays in none of them for longer. Returns how many went.
///
/// # Errors
/// The folder cannot be read, or a copy not removed.
pub fn expire(directory: &Directory) -> io::Result<u64> {
    let folder = directory.backups();
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut went = 0;
    for entry in entries {
        let entry = entry?;
        let ours = entry.file_name().to_str().is_some_and(is_one);
        // One from the future is kept: the machine's clock is wrong.
        if ours && entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age > store::COPIES_KEPT) {
            fs::remove_file(entry.path())?;
            tracing::info!("let go of {}", entry.path().display());
            went += 1;
        }
    }
    Ok(went)
}

fn gone(name: &str, error: &io::Error) -> Refusal {
    Refusal::Internal(format!("the backup {name}: {error}"))
}

impl Making {
    /// Makes it, and reads it back. Blocks, for as long as all of it takes to be read twice and written once.
    pub fn run(self) {
        let came = self.made();
        self.backups.end(Some(came.map_err(|refusal| refusal.to_string())));
    }

    fn made(&self) -> Result<String, Refusal> {
        let Self { backups, clerk, caller, name, now } = self;
        let folder = backups.directory.backups();
        parcel::folder(&folder).map_err(|error| refused(&error))?;
        let to = folder.join(name);
        let (directory, config) = (backups.directory.clone(), backups.config.clone());
        let order = Order { directory, config, secrets: false, to: to.clone(), now: rfc3339(*now) };
        make_telling(&order, &|stage| backups.reach(stage)).map_err(|error| refused(&error))?;
        let bytes = fs::metadata(&to).map(|meta| meta.len()).unwrap_or_default();
        let event = UserEvent::BackupMade { file: name.clone(), bytes };
        let noted = clerk.store.note_kept(caller, &[Act::BackUp], vec![event], clerk.clock.now());
        // What the record does not know of is not kept.
        noted.inspect_err(|_| drop(fs::remove_file(&to)))?;
        Ok(name.clone())
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        self.backups.end(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_goes_after_a_week_and_nothing_else_does() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::at(place.path());
        fs::create_dir(directory.backups()).unwrap();
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        for name in ["caifeng-20260309T040000Z.zip", "caifeng-20260310T040000Z.zip", "mine.zip"] {
            let file = File::create(directory.backups().join(name)).unwrap();
            if name != "caifeng-20260310T040000Z.zip" {
                file.set_modified(old).unwrap();
            }
        }
        assert_eq!(expire(&directory).unwrap(), 1);
        let all = Backups::of(&directory, directory.config()).all().unwrap();
        assert_eq!(all.iter().map(|kept| kept.name.as_str()).collect::<Vec<_>>(), ["caifeng-20260310T040000Z.zip"]);
        assert!(directory.backups().join("mine.zip").exists());
    }

    #[test]
    fn nothing_but_a_copy_has_the_name_of_one() {
        assert!(is_one("caifeng-20260309T040000Z.zip"));
        for other in
            ["", "caifeng-.zip", "../caifeng-20260309T040000Z.zip", "caifeng-2026/309T040000Z.zip", "caifeng.db"]
        {
            assert!(!is_one(other), "{other}");
        }
    }
}
