//! A copy of a data directory that can be brought back: made while a daemon serves, checked as soon as it is written, and
//! checked again before it is used.
//!
//! A backup is a folder, or the same files in one ZIP archive; [`Manifest`] in it says what belongs to it, with the
//! SHA-256 of each file. The database comes first, as one state ([`snapshot`]); evidence comes after it, and is on disk
//! before what was read from it is acknowledged, so that the copy holds at least what the database knows. Where files of
//! evidence went away meanwhile, because their time was over, all of it is taken once more.
//!
//! | question | module |
//! | --- | --- |
//! | which files of a data directory belong to it | [`contents`] |
//! | how files come into a folder or an archive, and out of it | [`parcel`] |
//! | what is in an empty directory afterwards | [`restore`] |
//! | which lie in the data directory, made from the desk | [`kept`] |
//!
//! Keys and credentials stay behind unless they are asked for: whoever finds a backup must not be able to read pseudonyms
//! back, and keys are kept elsewhere. *Invariant:* nothing here changes the data directory that is copied.

pub mod contents;
pub mod kept;
pub mod parcel;
pub mod restore;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::contents::Wanted;
use self::parcel::{Parcel, Sealed};
use crate::directory::{Directory, InDrill};
use crate::incident::chain::Checkpoint;
use crate::store::StoreError;
use crate::store::snapshot::{self, Held};

/// The name of the manifest in a backup.
pub const MANIFEST: &str = "backup.json";
/// The name of the database in a backup.
pub const DATABASE: &str = "caifeng.db";
/// The form of backups that this program writes and reads.
pub const FORMAT: u32 = 1;
/// How often everything is taken anew when files of evidence go away meanwhile.
const ATTEMPTS: usize = 3;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`] of the program that wrote it.
    pub format: u32,
    /// The version of that program.
    pub program: String,
    /// When, in RFC 3339.
    pub made: String,
    /// The schema of the store in it.
    pub schema: i64,
    /// Where the chain of events in it ends.
    pub record: Checkpoint,
    /// Keys and credentials are in it.
    pub secrets: bool,
    /// Files of evidence that its store knows and that were not there when it was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Its files, by their paths with `/`.
    pub files: BTreeMap<String, Entry>,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its length.
    pub bytes: u64,
    /// Of its content, in hex.
    pub sha256: String,
}

/// What is to be copied, and where to.
#[derive(Clone, Debug)]
pub struct Order {
    /// From here.
    pub directory: Directory,
    /// The configuration in use.
    pub config: PathBuf,
    /// Keys and credentials, too.
    pub secrets: bool,
    /// A name that ends with `.zip`, or a folder; nothing may be there yet.
    pub to: PathBuf,
    /// When, in RFC 3339.
    pub now: String,
}

/// Why there is no backup, or nothing was brought back, by who must act.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Nothing leaves a drill.
    #[error(transparent)]
    Drill(#[from] InDrill),
    /// The store that is copied, or the one in the backup.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operator must name another place.
    #[error("{}: is there already: name a file or folder that does not exist", .0.display())]
    Taken(PathBuf),
    /// The operator must name another directory.
    #[error("{}: is not empty: a backup is brought back into an empty directory only", .0.display())]
    NotEmpty(PathBuf),
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The operator must name a backup.
    #[error("{}: not a backup: {why}", path.display())]
    NotOne {
        /// What was named.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The backup was damaged or changed since it was written: use another one.
    #[error("{}: the backup is damaged: {what}", path.display())]
    Damaged {
        /// The backup.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
}

pub(crate) fn failed(path: &Path) -> impl FnOnce(io::Error) -> BackupError + '_ {
    move |source| BackupError::File { path: path.to_owned(), source }
}

/// Copies a data directory, and reads the copy back. Blocks. What is written is readable by its owner only: captured pages
/// name people. Evidence that was lost before is named in the manifest and keeps nobody from having a copy of the rest.
///
/// # Errors
/// See [`BackupError`]; then nothing is at `order.to`.
pub fn make(order: &Order) -> Result<Manifest, BackupError> {
    make_telling(order, &|_| ())
}

/// How far one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The database is copied.
    Database,
    /// So many of so many files are.
    Files(usize, usize),
    /// So many of so many files were read back.
    Checked(usize, usize),
}

/// As [`make`], telling how far it is.
///
/// # Errors
/// As there.
pub fn make_telling(order: &Order, tell: &dyn Fn(Stage)) -> Result<Manifest, BackupError> {
    order.directory.not_in_a_drill("nothing leaves it: back up the data directory that it was made from")?;
    let mut attempt = 1;
    loop {
        let mut parcel = Parcel::begin(&order.to)?;
        let manifest = fill(order, &mut parcel, tell)?;
        if manifest.missing.is_empty() || attempt == ATTEMPTS {
            let sealed = parcel.seal(&manifest)?;
            check(sealed, &manifest, tell)?.keep()?;
            return Ok(manifest);
        }
        attempt += 1;
    }
}

/// Puts everything in.
fn fill(order: &Order, parcel: &mut Parcel, tell: &dyn Fn(Stage)) -> Result<Manifest, BackupError> {
    tell(Stage::Database);
    let Order { directory, config, secrets, now, .. } = order;
    let draft = parcel.aside(DATABASE);
    let Held { schema, head, evidence } = snapshot::take(directory.path(), &draft)?;
    let mut files = BTreeMap::new();
    files.insert(DATABASE.to_owned(), parcel.take(DATABASE, &draft)?);
    let wanted = contents::of(directory, config, *secrets)?;
    let all = wanted.len();
    for (done, Wanted { name, path }) in wanted.into_iter().enumerate() {
        tell(Stage::Files(done, all));
        if let Some(entry) = parcel.put(&name, &path)? {
            files.insert(name, entry);
        }
    }
    let mut missing: Vec<String> = evidence.iter().map(|file| format!("{}/{file}", contents::EVIDENCE)).collect();
    missing.retain(|name| !files.contains_key(name));
    missing.sort();
    Ok(Manifest {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        made: now.clone(),
        schema,
        record: head,
        secrets: *secrets,
        missing,
        files,
    })
}

/// Reads every file back as it lies on the disk.
fn check(mut sealed: Sealed, manifest: &Manifest, tell: &dyn Fn(Stage)) -> Result<Sealed, BackupError> {
    let found = sealed.manifest()?;
    if found != *manifest {
        return Err(sealed.damaged(format!("{MANIFEST} is not what was written")));
    }
    for (done, (name, entry)) in manifest.files.iter().enumerate() {
        tell(Stage::Checked(done, manifest.files.len()));
        sealed.copy(name, entry, &mut io::sink())?;
    }
    Ok(sealed)
}
