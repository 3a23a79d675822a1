//! How files come into a backup and out of it again: a folder, or one ZIP archive (APPNOTE 6.3, which every system opens).
//!
//! [`Parcel`] is being written, under a name of its own, and is gone when it is dropped; [`Sealed`] can be read. Each file is
//! hashed as it passes, on both ways.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{BackupError, Entry, MANIFEST, Manifest, failed};
use crate::hex::hex;

/// A manifest is read up to so many bytes: some 400,000 files of evidence.
const LONGEST: u64 = 64 << 20;

/// A backup that is being written.
pub struct Parcel {
    to: PathBuf,
    draft: Draft,
    /// `None` for a folder.
    zip: Option<ZipWriter<BufWriter<File>>>,
}

/// What lies on the disk while a backup is being written; removed unless it is moved away.
struct Draft {
    /// The folder or the archive.
    place: PathBuf,
    /// The database on its way into an archive.
    aside: PathBuf,
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = if self.place.is_dir() { fs::remove_dir_all(&self.place) } else { fs::remove_file(&self.place) };
        let _ = fs::remove_file(&self.aside);
    }
}

/// A backup that can be read.
pub struct Sealed {
    /// What it is called.
    path: PathBuf,
    /// Where it lies.
    place: PathBuf,
    zip: Option<ZipArchive<File>>,
    /// Of one that was only just written.
    draft: Option<Draft>,
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Makes a folder that only its owner enters.
pub(super) fn folder(path: &Path) -> Result<(), BackupError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed(path))
}

/// Makes a file that only its owner reads, where there is none.
pub(super) fn fresh(path: &Path) -> Result<File, BackupError> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed(path))
}

/// What an entry in an archive is like: what is compressed already is stored as it is.
fn options(name: &str) -> SimpleFileOptions {
    let method = if name.ends_with(".gz") { CompressionMethod::Stored } else { CompressionMethod::Deflated };
    SimpleFileOptions::default().compression_method(method).large_file(true).unix_permissions(0o600)
}

/// Copies to the end and says what passed.
fn pass(from: &mut impl Read, to: &mut impl Write) -> io::Result<Entry> {
    let (mut sha, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 256 << 10]);
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        sha.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
        bytes += read as u64;
    }
    Ok(Entry { bytes, sha256: hex(&sha.finalize()) })
}

impl Parcel {
    /// Begins one; nothing may be at `to` yet.
    pub(super) fn begin(to: &Path) -> Result<Self, BackupError> {
        if to.symlink_metadata().is_ok() {
            return Err(BackupError::Taken(to.to_owned()));
        }
        let draft = Draft { place: beside(to, ".part"), aside: beside(to, ".part-database") };
        // What an attempt left that was killed.
        let _ = if draft.place.is_dir() { fs::remove_dir_all(&draft.place) } else { fs::remove_file(&draft.place) };
        let is_archive = to.extension().is_some_and(|end| end.eq_ignore_ascii_case("zip"));
        let zip = if is_archive {
            Some(ZipWriter::new(BufWriter::new(fresh(&draft.place)?)))
        } else {
            folder(&draft.place)?;
            None
        };
        Ok(Self { to: to.to_owned(), draft, zip })
    }

    /// Where the database is copied to before it is [taken](Self::take).
    pub(super) fn aside(&self, name: &str) -> PathBuf {
        if self.zip.is_some() { self.draft.aside.clone() } else { self.draft.place.join(name) }
    }

    /// Takes in what was copied [aside](Self::aside).
    pub(super) fn take(&mut self, name: &str, from: &Path) -> Result<Entry, BackupError> {
        let mut file = File::open(from).map_err(failed(from))?;
        match &mut self.zip {
            Some(zip) => {
                let entry = add(zip, name, &mut file).map_err(failed(&self.draft.place))?;
                fs::remove_file(from).map_err(failed(from))?;
                Ok(entry)
            }
            None => pass(&mut file, &mut io::sink()).map_err(failed(from)),
        }
    }

    /// Copies a file in; `None` when it has gone meanwhile.
    pub(super) fn put(&mut self, name: &str, from: &Path) -> Result<Option<Entry>, BackupError> {
        let mut file = match File::open(from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(failed(from))?,
        };
        if let Some(zip) = &mut self.zip {
            return add(zip, name, &mut file).map(Some).map_err(failed(&self.draft.place));
        }
        let to = self.draft.place.join(name);
        if let Some(parent) = to.parent() {
            folder(parent)?;
        }
        let mut copy = fresh(&to)?;
        let passed = pass(&mut file, &mut copy).and_then(|entry| copy.sync_all().map(|()| entry));
        passed.map(Some).map_err(failed(&to))
    }

    /// Adds what it says of itself, and ends it: all of it is on the disk then.
    pub(super) fn seal(mut self, manifest: &Manifest) -> Result<Sealed, BackupError> {
        let text = serde_json::to_vec_pretty(manifest).map_err(io::Error::from).map_err(failed(&self.to))?;
        if let Some(mut zip) = self.zip.take() {
            let place = self.draft.place.clone();
            let ended = || -> io::Result<()> {
                add(&mut zip, MANIFEST, &mut &*text)?;
                let mut file = zip.finish()?;
                file.flush()?;
                file.get_ref().sync_all()
            };
            ended().map_err(failed(&place))?;
        } else {
            let place = self.draft.place.join(MANIFEST);
            let mut file = fresh(&place)?;
            file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed(&place))?;
        }
        let mut sealed = Sealed::at(&self.to, &self.draft.place)?;
        sealed.draft = Some(self.draft);
        Ok(sealed)
    }
}

fn add(zip: &mut ZipWriter<BufWriter<File>>, name: &str, from: &mut impl Read) -> io::Result<Entry> {
    zip.start_file(name, options(name))?;
    pass(from, zip)
}

impl Sealed {
    /// Opens a backup.
    ///
    /// # Errors
    /// It is not there, or is none.
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        Self::at(path, path)
    }

    fn at(path: &Path, place: &Path) -> Result<Self, BackupError> {
        let zip = if place.is_dir() {
            None
        } else {
            let file = File::open(place).map_err(failed(place))?;
            let none =
                |error: zip::result::ZipError| BackupError::NotOne { path: path.to_owned(), why: error.to_string() };
            Some(ZipArchive::new(file).map_err(none)?)
        };
        Ok(Self { path: path.to_owned(), place: place.to_owned(), zip, draft: None })
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// It says nothing.
    pub fn manifest(&mut self) -> Result<Manifest, BackupError> {
        let path = self.path.clone();
        let none = |why: String| BackupError::NotOne { path: path.clone(), why: format!("{MANIFEST}: {why}") };
        let mut text = Vec::new();
        self.read(MANIFEST, |file| file.take(LONGEST).read_to_end(&mut text).map(drop))
            .map_err(|error| none(error.to_string()))?;
        serde_json::from_slice(&text).map_err(|error| none(error.to_string()))
    }

    /// Copies one file out of it.
    ///
    /// # Errors
    /// It is not there, is not what the manifest says, or `to` takes it not.
    pub fn copy(&mut self, name: &str, entry: &Entry, to: &mut impl Write) -> Result<(), BackupError> {
        let mut passed = None;
        self.read(name, |file| {
            // One byte more shows that it is too long; an archive that unpacks without end is left there.
            passed = Some(pass(&mut file.take(entry.bytes + 1), to)?);
            Ok(())
        })
        .map_err(|error| self.damaged(format!("{name}: {error}")))?;
        if passed.as_ref() == Some(entry) {
            Ok(())
        } else {
            Err(self.damaged(format!("{name}: its content is not what {MANIFEST} says")))
        }
    }

    fn read(&mut self, name: &str, take: impl FnOnce(&mut dyn Read) -> io::Result<()>) -> io::Result<()> {
        match &mut self.zip {
            Some(zip) => take(&mut zip.by_name(name)?),
            None => take(&mut File::open(self.place.join(name))?),
        }
    }

    pub(super) fn damaged(&self, what: String) -> BackupError {
        BackupError::Damaged { path: self.path.clone(), what }
    }

    /// Gives one that was only just written its name.
    pub(super) fn keep(self) -> Result<(), BackupError> {
        let Self { path, place, zip, draft } = self;
        drop(zip);
        if path.symlink_metadata().is_ok() {
            return Err(BackupError::Taken(path));
        }
        fs::rename(&place, &path).map_err(failed(&path))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // The name is on the disk when its folder is.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))?;
        drop(draft);
        Ok(())
    }
}
