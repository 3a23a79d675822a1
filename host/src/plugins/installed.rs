//! The plugins of a data directory and what they were granted, as they are now.
//!
//! Commands change both while the daemon runs. Before each sweep it is looked whether a file has changed since; then both are
//! read anew, together. A sweep that is under way ends with the version that it began with, and the next one begins
//! with the new: none is lost, and nothing is restarted. While something there cannot be read, what was read last holds.
//!
//! A plugin that is at fault again and again is let rest: [`suspension`](super::suspension).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::suspension::Suspensions;
use super::tally::Tally;
use super::{Origin, PluginError, Registry};
use crate::directory::Directory;
use crate::grant::{GrantError, Grants};

/// What is installed now. Shared by all sweeps.
#[derive(Debug)]
pub struct Installed {
    /// Where grants are; `None`: nothing changes here.
    grants: Option<PathBuf>,
    now: Mutex<Read>,
    /// Which plugins rest.
    pub suspensions: Suspensions,
    /// What became of their calls.
    pub tally: Tally,
}

/// What was read, and what the files looked like then.
#[derive(Debug)]
struct Read {
    seen: Vec<Seen>,
    registry: Arc<Registry>,
    grants: Arc<Grants>,
}

/// A file, when it was changed and how long it is.
type Seen = (PathBuf, Option<SystemTime>, u64);

impl Installed {
    /// Those of a data directory, of which `registry` was read; follows what changes there.
    ///
    /// # Errors
    /// `grants.toml` is wrong.
    pub fn of(directory: &Directory, registry: Arc<Registry>) -> Result<Self, GrantError> {
        let path = directory.grants();
        // Looked at before it is read: what changes in between is seen the next time.
        let seen = look(&registry, &path);
        let grants = Arc::new(Grants::read(&path)?);
        let now = Mutex::new(Read { seen, registry, grants });
        Ok(Self { grants: Some(path), now, suspensions: Suspensions::of(directory), tally: Tally::default() })
    }

    /// These, whatever happens on the disk; `directory` holds which of them rest.
    #[must_use]
    pub fn fixed(registry: Arc<Registry>, grants: Arc<Grants>, directory: &Directory) -> Self {
        let now = Mutex::new(Read { seen: Vec::new(), registry, grants });
        Self { grants: None, now, suspensions: Suspensions::of(directory), tally: Tally::default() }
    }

    /// The plugins and their grants. Blocks: looks at the disk.
    #[must_use]
    pub fn now(&self) -> (Arc<Registry>, Arc<Grants>) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &self.grants {
            let seen = look(&now.registry, path);
            if seen != now.seen {
                match read(&now.registry, path) {
                    Ok((registry, grants)) => (now.registry, now.grants) = (registry, grants),
                    Err(error) => tracing::error!("what is installed has changed and cannot be read: {error}"),
                }
                now.seen = seen;
            }
        }
        (Arc::clone(&now.registry), Arc::clone(&now.grants))
    }

    /// The plugins.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        self.now().0
    }
}

#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    Plugins(#[from] PluginError),
    #[error(transparent)]
    Grants(#[from] GrantError),
}

fn read(registry: &Registry, grants: &Path) -> Result<(Arc<Registry>, Arc<Grants>), ReadError> {
    let grants = Grants::read(grants)?;
    Ok((Arc::new(Registry::read(&registry.directories)?), Arc::new(grants)))
}

/// What the files that may change look like: the operator's plugins and grants, not the release.
fn look(registry: &Registry, grants: &Path) -> Vec<Seen> {
    let installed = registry.directories.iter().filter(|(_, origin)| *origin == Origin::Installed);
    let files = installed.flat_map(|(folder, _)| super::wasm_files(folder).unwrap_or_default());
    let files = files.chain([grants.to_owned()]);
    files
        .map(|path| {
            let meta = std::fs::metadata(&path).ok();
            let changed = meta.as_ref().and_then(|meta| meta.modified().ok());
            (path, changed, meta.map_or(0, |meta| meta.len()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_on_the_disk_is_seen_and_what_cannot_be_read_changes_nothing() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::at(place.path());
        let registry = Registry::read(&[(directory.plugins(), Origin::Installed)]).unwrap();
        let installed = Installed::of(&directory, Arc::new(registry)).unwrap();
        assert_eq!(installed.registry().all().len(), 0);
        std::fs::create_dir(directory.plugins()).unwrap();
        std::fs::write(directory.plugins().join("board.wasm"), "no plugin").unwrap();
        assert_eq!(installed.registry().all().len(), 1);
        // Nothing has changed: nothing is read.
        assert!(Arc::ptr_eq(&installed.registry(), &installed.registry()));
        std::fs::write(directory.grants(), "[[grant]]\nplugin = \"a\"\ndigest = \"00\"\nnetwork = []\n").unwrap();
        assert_eq!(installed.now().1.plugins().collect::<Vec<_>>(), ["a"]);
        std::fs::write(directory.grants(), "[[grant]").unwrap();
        assert_eq!(installed.now().1.plugins().collect::<Vec<_>>(), ["a"]);
        std::fs::remove_file(directory.grants()).unwrap();
        assert_eq!(installed.now().1.plugins().count(), 0);
    }
}
