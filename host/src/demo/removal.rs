//! The end of a demo: everything that was recorded of it goes, and the directory begins anew.
//!
//! What is removed is named here, place by place; whatever else lies in the directory is its operator's and stays: plugins and
//! what they may reach, credentials, certificates. The mark goes last, so that a demo that was removed by half is still one
//! and can be removed again. Nothing is touched where anything speaks against it: no mark, a configuration, a drill, somebody
//! who owns the directory, or a store that has listened to what is none of the demo's.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::{Demo, Mark};
use crate::directory::Directory;
use crate::handling::handout;
use crate::store::{self, Reader, StoreError};

/// Files in which something of a demo is recorded.
const FILES: [&str; 5] = ["caifeng.db", "caifeng.db-wal", "caifeng.db-shm", "suspended.toml", "caifeng.sock"];
/// The key that stays: it seals machine code, which knows nothing of a demo.
const KEPT_KEY: &str = "compiled";

/// Why a demo is not removed, by who must act.
#[derive(Debug, thiserror::Error)]
pub enum NotRemoved {
    /// There is none.
    #[error("no demo lies in {}: nothing is removed", .0.display())]
    NoDemo(PathBuf),
    /// Somebody put a configuration there.
    #[error("{} lies in the demo's directory and is none of the demo's: move it away first", .0.display())]
    Configured(PathBuf),
    /// The store holds something real.
    #[error("this store has listened to {0}, which is none of the demo's: what is real is not removed")]
    Real(String),
    /// The store cannot be read, or somebody owns it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something could not be removed.
    #[error("{}: {source}: the demo is removed in part; remove it again when this is mended", path.display())]
    Left {
        /// Which place.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Looks whether what lies in a directory is a demo and nothing but one; changes nothing.
///
/// # Errors
/// Why it is not.
pub fn is_removable(directory: &Directory) -> Result<(), NotRemoved> {
    let mark = fs::symlink_metadata(directory.demo()).is_ok_and(|meta| meta.is_file());
    if !mark || directory.is_drill() || !matches!(Mark::read(directory), Ok(Some(_))) {
        return Err(NotRemoved::NoDemo(directory.path().to_owned()));
    }
    if fs::symlink_metadata(directory.config()).is_ok() {
        return Err(NotRemoved::Configured(directory.config()));
    }
    let reader = match Reader::open(directory.path()) {
        Ok(reader) => reader,
        // One that was removed by half has none.
        Err(StoreError::NoStore(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let config = Demo::config().map_err(|error| StoreError::Internal(error.to_string()))?;
    let own: BTreeSet<String> = config.watches(0).into_iter().map(|watch| watch.id).collect();
    match reader.watches_besides(&own)? {
        Some(foreign) => Err(NotRemoved::Real(foreign)),
        None => Ok(()),
    }
}

/// Removes everything that was recorded of the demo in a directory that nobody owns at present.
///
/// # Errors
/// See [`NotRemoved`]; but for the last kind nothing is removed.
pub fn remove(directory: &Directory) -> Result<(), NotRemoved> {
    // Held to the end: nobody opens what is half gone.
    let _owned = store::own(directory.path())?;
    is_removable(directory)?;
    for path in recorded(directory)? {
        gone(&path)?;
    }
    gone(&directory.demo())
}

/// The places, the store first: what is left of a demo without one says nothing.
fn recorded(directory: &Directory) -> Result<Vec<PathBuf>, NotRemoved> {
    let left = |path: &Path, source| NotRemoved::Left { path: path.to_owned(), source };
    let mut places: Vec<PathBuf> = FILES.iter().map(|name| directory.path().join(name)).collect();
    places.extend(store::copies(directory.path()).map_err(|source| left(directory.path(), source))?);
    places.extend([directory.documents(), directory.evidence(), directory.failed_calls(), directory.reports()]);
    places.extend([directory.drills(), directory.backups()]);
    places.extend(handout::left(directory).map_err(|source| left(directory.path(), source))?);
    match fs::read_dir(directory.keys()) {
        Ok(keys) => {
            let made = keys.filter_map(Result::ok).filter(|key| key.file_name() != KEPT_KEY);
            places.extend(made.map(|key| key.path()));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(source) => return Err(left(&directory.keys(), source)),
    }
    Ok(places)
}

/// Removes a file or a folder with what is in it; of a link the link alone.
fn gone(path: &Path) -> Result<(), NotRemoved> {
    let removed = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => Err(error),
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    removed.map_err(|source| NotRemoved::Left { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    /// A directory with everything that a demo leaves, and what its operator put there.
    fn demo() -> (tempfile::TempDir, Directory) {
        let dir = tempfile::tempdir().unwrap();
        let directory = Directory::at(dir.path());
        let watches = Demo::config().unwrap().watches(0);
        let store = Store::open(dir.path(), None).unwrap();
        store.configure_watches(&watches).unwrap();
        store.close();
        Mark { shift: 1, ahead: 0 }.write(&directory).unwrap();
        for key in ["author", "compiled"] {
            directory.key(key).unwrap();
        }
        for (folder, file) in [
            ("documents", "ab"),
            ("evidence", "1.warc.gz"),
            ("plugins", "own.wasm"),
            ("drills", "d"),
            ("backups", "caifeng-20260309T040000Z.zip"),
        ] {
            fs::create_dir(dir.path().join(folder)).unwrap();
            fs::write(dir.path().join(folder).join(file), "x").unwrap();
        }
        fs::write(dir.path().join("secrets.toml"), "").unwrap();
        (dir, directory)
    }

    fn listed(directory: &Directory) -> Vec<String> {
        let entries = fs::read_dir(directory.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        // Whoever only reads a database leaves its log behind.
        names.retain(|name| !name.starts_with("caifeng.db-"));
        names.sort();
        names
    }

    #[test]
    fn everything_recorded_goes_and_what_is_the_operators_stays() {
        let (_dir, directory) = demo();
        remove(&directory).unwrap();
        assert_eq!(listed(&directory), ["caifeng.lock", "keys", "plugins", "secrets.toml"]);
        let keys: Vec<_> = fs::read_dir(directory.keys()).unwrap().map(|key| key.unwrap().file_name()).collect();
        assert_eq!(keys, ["compiled"]);
        assert!(directory.is_empty());
        assert!(matches!(remove(&directory), Err(NotRemoved::NoDemo(_))));
    }

    #[test]
    fn what_is_no_demo_or_more_than_one_is_not_touched() {
        type Change = fn(&Directory);
        let changes: [(&str, Change); 5] = [
            ("no mark", |it| fs::remove_file(it.demo()).unwrap()),
            ("a mark that is none", |it| fs::write(it.demo(), "{}").unwrap()),
            ("a configuration", |it| fs::write(it.config(), "").unwrap()),
            ("a drill", |it| fs::write(it.drill(), "{}").unwrap()),
            ("a watch of the real thing", |it| {
                let mut watches = Demo::config().unwrap().watches(0);
                watches[0].id = "county-forum-of-ours".to_owned();
                let store = Store::open(it.path(), None).unwrap();
                store.put_watches(&watches[..1]).unwrap();
                store.close();
            }),
        ];
        for (what, change) in changes {
            let (_dir, directory) = demo();
            change(&directory);
            let before = listed(&directory);
            assert!(remove(&directory).is_err(), "{what}");
            assert_eq!(listed(&directory), before, "{what}");
            assert!(directory.key("author").is_ok() && directory.documents().join("ab").exists(), "{what}");
        }
    }

    #[test]
    fn what_somebody_owns_is_not_removed_under_them() {
        let (_dir, directory) = demo();
        let store = Store::open(directory.path(), None).unwrap();
        assert!(matches!(remove(&directory), Err(NotRemoved::Store(StoreError::Owned { .. }))));
        store.close();
        remove(&directory).unwrap();
    }

    #[test]
    fn a_link_goes_and_not_what_it_leads_to() {
        let (_dir, directory) = demo();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("page"), "x").unwrap();
        fs::remove_dir_all(directory.evidence()).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), directory.evidence()).unwrap();
        remove(&directory).unwrap();
        assert!(elsewhere.path().join("page").exists() && !directory.evidence().exists());
    }

    /// A demo that was removed by half is still one.
    #[test]
    fn the_rest_of_a_demo_is_removed_too() {
        let (_dir, directory) = demo();
        fs::remove_file(directory.path().join("caifeng.db")).unwrap();
        remove(&directory).unwrap();
        assert_eq!(listed(&directory), ["caifeng.lock", "keys", "plugins", "secrets.toml"]);
    }
}
