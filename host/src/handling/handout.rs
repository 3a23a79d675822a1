//! What is handed out: the evidence of an incident, or of the one post that an approved referral is about, with the events of
//! its incident. Whoever hands it out has the record say so before it leaves.
//!
//! A browser gets a [`Parcel`]: the files as one archive, written to the disk of the data directory and never held in
//! memory. Its name is gone before its first byte leaves, so that whatever becomes of the browser nothing lies about.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Seek as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, TryLockError};

use caifeng_plugin_host::contract::Timestamp;
use zip::write::SimpleFileOptions;

use super::{Clerk, Deed, What, document};
use crate::control::Refusal;
use crate::directory::Directory;
use crate::evidence::export::{self, Case, Exported};
use crate::incident::IncidentId;
use crate::store::{PostQuery, Proof, Reader, ReferralRow, Referring, Sight, StoreError};
use crate::user::token::Token;

/// Most bytes of captures in one parcel: what is larger is written by the command line, on the machine itself.
pub const LARGEST: u64 = 1 << 30;
/// Most posts of an incident whose evidence is handed out as a parcel.
pub const MOST_POSTS: u64 = 50_000;
/// What folders are called in which parcels are packed.
const FOLDER: &str = "handing-out.";

/// Why nothing is handed out.
#[derive(Debug, thiserror::Error)]
pub enum HandOutError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be written, or is there already.
    #[error(transparent)]
    File(#[from] io::Error),
    /// There is no such incident.
    #[error("no such incident: {0}")]
    NoIncident(i64),
}

impl From<HandOutError> for Refusal {
    fn from(error: HandOutError) -> Self {
        match error {
            HandOutError::Store(error) => error.into(),
            HandOutError::File(error) => Self::Internal(error.to_string()),
            HandOutError::NoIncident(_) => Self::Usage(error.to_string()),
        }
    }
}

/// Writes the files of an incident; `out` is the WARC file, and no file may be there yet.
///
/// # Errors
/// See [`HandOutError`].
pub fn incident(
    reader: &Reader,
    directory: &Directory,
    id: IncidentId,
    out: &Path,
    now: Timestamp,
) -> Result<Exported, HandOutError> {
    write(reader, directory, id, out, now, |_| true)
}

/// Writes the files of a referral: of its incident's posts the one that makes the claim.
///
/// # Errors
/// See [`HandOutError`].
pub fn referral(
    reader: &Reader,
    directory: &Directory,
    row: &ReferralRow,
    out: &Path,
    now: Timestamp,
) -> Result<Exported, HandOutError> {
    write(reader, directory, row.incident, out, now, |post| post == row.referral.post)
}

fn write(
    reader: &Reader,
    directory: &Directory,
    id: IncidentId,
    out: &Path,
    now: Timestamp,
    wanted: impl Fn(i64) -> bool,
) -> Result<Exported, HandOutError> {
    let incident = reader.incident(id)?.ok_or(HandOutError::NoIncident(id))?;
    let query = PostQuery { incident: Some(id), ..PostQuery::default() };
    let mut posts = reader.posts(&query)?;
    posts.retain(|post| wanted(post.row));
    let mut proofs = reader.proofs(id)?;
    proofs.retain(|proof| wanted(proof.row));
    let events = reader.chained(id)?;
    let case = Case { incident: &incident, posts: &posts, proofs: &proofs, events: &events, now };
    Ok(export::write(out, &directory.evidence(), &case)?)
}

/// Files as one archive, for who takes them away through a browser.
#[derive(Debug)]
pub struct Parcel {
    /// What it is called.
    pub name: String,
    /// The archive, open at its first byte; nobody else finds it.
    pub file: File,
    /// Its bytes.
    pub length: u64,
}

/// A folder of its own within the data directory, gone with everything in it when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(directory: &Directory) -> io::Result<Self> {
        static FOLDERS: AtomicU64 = AtomicU64::new(0);
        let (process, n) = (std::process::id(), FOLDERS.fetch_add(1, Ordering::Relaxed));
        let path = directory.path().join(format!("{FOLDER}{process}.{n}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::error!(%error, "what was handed out is left in {}", self.0.display());
        }
    }
}

/// Folders that a process left which ended while it packed.
///
/// # Errors
/// The directory cannot be read.
pub fn left(directory: &Directory) -> io::Result<Vec<PathBuf>> {
    let ours = |entry: &fs::DirEntry| {
        let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(FOLDER));
        named && entry.file_type().is_ok_and(|kind| kind.is_dir())
    };
    let entries = fs::read_dir(directory.path())?.filter_map(Result::ok);
    Ok(entries.filter(ours).map(|entry| entry.path()).collect())
}

/// Removes them; for the owner of the directory, before anything is packed.
///
/// # Errors
/// The directory cannot be read, or a folder not removed.
pub fn clear(directory: &Directory) -> io::Result<()> {
    left(directory)?.iter().try_for_each(fs::remove_dir_all)
}

impl Clerk {
    /// Packs the evidence of an incident and has the record say that it was handed out.
    ///
    /// # Errors
    /// Whoever asks may not, there is no such incident, or there is more of it than a parcel holds; nothing is recorded.
    pub fn evidence_parcel(&self, token: Option<Token>, account: u32, id: IncidentId) -> Result<Parcel, Refusal> {
        self.directory.not_in_a_drill("what its sites showed is no evidence of anything")?;
        let row = self.reader.incident(id)?.ok_or(HandOutError::NoIncident(id))?;
        if row.posts > MOST_POSTS || weight(&self.reader.proofs(id)?) > LARGEST {
            let what = "there is too much evidence for a browser: whoever runs the machine writes it with caifeng evidence export";
            return Err(Refusal::Usage(format!("{what} {id}")));
        }
        let write = |out: &Path| incident(&self.reader, &self.directory, id, out, self.clock.now());
        self.parcel((token, account), &format!("incident-{id}"), write, |sha256| What::HandOut(id, sha256))
    }

    /// Packs what an approved referral hands out, and has the record say that it was.
    ///
    /// # Errors
    /// Whoever asks may not, or the referral is not approved; nothing is recorded.
    pub fn referral_parcel(&self, token: Option<Token>, account: u32, sight: Sight) -> Result<Parcel, Refusal> {
        self.directory.not_in_a_drill("nobody is referred: the decision itself is the exercise")?;
        let unknown = || StoreError::Unknown { what: "referral", id: sight.id.to_string() };
        let row = self.reader.referral(sight.id)?.ok_or_else(unknown)?;
        let write = |out: &Path| referral(&self.reader, &self.directory, &row, out, self.clock.now());
        let told = |sha256| What::Refer(Referring::Export(sight, sha256));
        self.parcel((token, account), &format!("referral-{}", sight.id), write, told)
    }

    /// Writes files, packs them, and has the record say so by the deed that `told` makes of the WARC's SHA-256. Whatever
    /// fails before that is in no record.
    fn parcel(
        &self,
        (token, account): (Option<Token>, u32),
        name: &str,
        write: impl FnOnce(&Path) -> Result<Exported, HandOutError>,
        told: impl FnOnce(String) -> What,
    ) -> Result<Parcel, Refusal> {
        // One at a time: each may take as much of the disk as is allowed.
        static PACKING: Mutex<()> = Mutex::new(());
        let _packing = match PACKING.try_lock() {
            Ok(packing) => packing,
            Err(TryLockError::Poisoned(packing)) => packing.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let busy = "somebody else's archive is being packed at this moment: try again in a minute";
                return Err(Refusal::Refused(busy.to_owned()));
            }
        };
        let failed = |error: io::Error| Refusal::Internal(error.to_string());
        let folder = Folder::new(&self.directory).map_err(failed)?;
        let out = folder.0.join(format!("{name}.warc.gz"));
        let files = write(&out)?.files;
        let sha256 = document::digest(&out).map_err(failed)?;
        let name = format!("{name}.zip");
        let (file, length) = packed(&files, &folder.0.join(&name)).map_err(failed)?;
        self.carry_out(Deed { token, act: told(sha256) }, account)?;
        Ok(Parcel { name, file, length })
    }
}

/// Bytes of the captures, each once.
fn weight(proofs: &[Proof]) -> u64 {
    let mut captures: Vec<(i64, u64)> = proofs.iter().map(|proof| (proof.capture_id, proof.capture.length)).collect();
    captures.sort_unstable();
    captures.dedup();
    captures.iter().map(|(_, length)| length).sum()
}

/// Packs files, which are compressed already or small.
fn packed(files: &[PathBuf], into: &Path) -> io::Result<(File, u64)> {
    let file = File::options().read(true).write(true).create_new(true).open(into)?;
    let mut archive = zip::ZipWriter::new(file);
    for path in files {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("file");
        archive.start_file(name, SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored))?;
        io::copy(&mut File::open(path)?, &mut archive)?;
    }
    let mut file = archive.finish()?;
    let length = file.stream_position()?;
    file.rewind()?;
    Ok((file, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_behind_goes_and_nothing_else_does() {
        let dir = tempfile::tempdir().unwrap();
        let directory = Directory::at(dir.path());
        let folder = Folder::new(&directory).unwrap();
        fs::write(folder.0.join("page"), "a name").unwrap();
        std::mem::forget(folder);
        fs::write(dir.path().join("handing-out.txt"), "a file of the operator's").unwrap();
        fs::create_dir(dir.path().join("documents")).unwrap();
        clear(&directory).unwrap();
        let mut left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["documents", "handing-out.txt"]);
    }

    #[test]
    fn an_archive_is_read_from_its_first_byte_and_needs_no_name() {
        let dir = tempfile::tempdir().unwrap();
        let (one, zip) = (dir.path().join("one.txt"), dir.path().join("all.zip"));
        fs::write(&one, "words").unwrap();
        let (mut file, length) = packed(&[one], &zip).unwrap();
        fs::remove_file(&zip).unwrap();
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut file, &mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, length);
        let mut archive = zip::ZipArchive::new(io::Cursor::new(bytes)).unwrap();
        let mut said = String::new();
        io::Read::read_to_string(&mut archive.by_name("one.txt").unwrap(), &mut said).unwrap();
        assert_eq!(said, "words");
    }
}
