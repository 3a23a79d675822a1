//! Brings a backup back into an empty directory, or leaves it empty.
//!
//! The database gets its name last, when everything else is there and it has been examined: a directory in which this was
//! interrupted holds no store and is not taken for one.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::parcel::{Sealed, folder, fresh};
use super::{BackupError, DATABASE, FORMAT, Manifest, contents, failed};
use crate::directory::Directory;
use crate::store::snapshot;

/// What the database is called until it has been examined.
const UNPROVEN: &str = "caifeng.db.restoring";

/// Unpacks the backup at `from` into `to`, which is made or must be empty. Each file is held against its hash, the database
/// against SQLite's integrity check and its chain of events. Blocks.
///
/// # Errors
/// See [`BackupError`]; then nothing is left in `to`.
pub fn restore(from: &Path, to: &Directory) -> Result<Manifest, BackupError> {
    let mut sealed = Sealed::open(from)?;
    let manifest = sealed.manifest()?;
    believable(from, &manifest)?;
    let root = to.path();
    match fs::read_dir(root) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(BackupError::NotEmpty(root.to_owned()));
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => folder(root)?,
        Err(error) => return Err(failed(root)(error)),
    }
    match unpack(&mut sealed, &manifest, root) {
        Ok(()) => Ok(manifest),
        Err(error) => {
            empty(root);
            Err(error)
        }
    }
}

/// Whether this program knows what it says, before anything is written.
fn believable(from: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let none = |why: String| BackupError::NotOne { path: from.to_owned(), why };
    if manifest.format != FORMAT {
        let (found, program) = (manifest.format, &manifest.program);
        return Err(none(format!(
            "its form is {found}, this program knows {FORMAT}: install caifeng {program}, which wrote it"
        )));
    }
    snapshot::known(manifest.schema)?;
    if let Some(name) = manifest.files.keys().find(|name| !contents::is_ours(name)) {
        return Err(none(format!("{name:?} has no place in a data directory")));
    }
    if manifest.files.contains_key(DATABASE) { Ok(()) } else { Err(none("there is no database in it".to_owned())) }
}

fn unpack(sealed: &mut Sealed, manifest: &Manifest, root: &Path) -> Result<(), BackupError> {
    for (name, entry) in &manifest.files {
        let path = root.join(if name == DATABASE { UNPROVEN } else { name });
        if let Some(parent) = path.parent() {
            folder(parent)?;
        }
        let mut file = fresh(&path)?;
        sealed.copy(name, entry, &mut file)?;
        file.sync_all().map_err(failed(&path))?;
    }
    let database = root.join(UNPROVEN);
    let held = snapshot::examine(&database)?;
    if held.head != manifest.record || held.schema != manifest.schema {
        return Err(sealed.damaged("the record in its database is not the one it was made of".to_owned()));
    }
    let told = |name: &String| manifest.files.contains_key(name) || manifest.missing.contains(name);
    let lost = held.evidence.iter().map(|file| format!("{}/{file}", contents::EVIDENCE)).find(|name| !told(name));
    if let Some(file) = lost {
        return Err(sealed.damaged(format!("evidence is missing: {file}")));
    }
    let place: PathBuf = root.join(DATABASE);
    fs::rename(&database, &place).map_err(failed(&place))?;
    File::open(root).and_then(|folder| folder.sync_all()).map_err(failed(root))
}

/// Takes away what was unpacked; the directory itself may be where a disk is mounted, and stays.
fn empty(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        if let Err(error) = gone {
            tracing::warn!("left behind: {}: {error}", path.display());
        }
    }
}
