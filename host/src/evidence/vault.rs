//! The evidence of a data directory: rolling WARC files, one gzip member a record.
//!
//! `evidence/YYYY/MM/caifeng-YYYYMMDD-NNNN.warc.gz` holds what was captured on one UTC day, so that
//! a day's evidence goes with its day; a file is closed at [`ROLL`] bytes. Request and
//! response of an exchange lie side by side and are written by one call; a [`Capture`]
//! says where. Whoever acknowledges something that a capture proves calls
//! [`Vault::sync`] first. What is in a file and in no table is harmless: it goes with its file.
//!
//! When the vault is opened the newest file is read from the last place that the store
//! knows of, and cut after the last whole exchange.
//!
//! Given up: bodies that are the same are written again rather than as `revisit` records,
//! so that each capture can be handed out by itself; and the fastest compression is used,
//! because a sweep waits for it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use caifeng_plugin_host::contract::Timestamp;
use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::warc::{Exchange, Kind, Reader, Record, Writer};

/// Bytes after which a new file is begun.
pub const ROLL: u64 = 64 << 20;

/// Which program wrote a file, as its first record says.
pub const SOFTWARE: &str = concat!("caifeng/", env!("CARGO_PKG_VERSION"));

/// One exchange and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The address that was asked.
    pub url: String,
    /// When the answer came, by the clock of whoever recorded it first.
    pub date: Timestamp,
    /// The status of the answer.
    pub status: u16,
    /// SHA-256 of the body.
    pub digest: [u8; 32],
    /// The file, from the evidence folder: `2026/07/caifeng-20260701-0001.warc.gz`.
    pub file: String,
    /// Where its request begins.
    pub offset: u64,
    /// Bytes of its two records.
    pub length: u64,
}

/// Tells the time; the daemon passes its clock.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The evidence folder of a data directory, for the one process that owns it.
pub struct Vault {
    dir: PathBuf,
    roll: u64,
    now: Now,
    state: Mutex<State>,
    /// Held by whoever removes files or writes them again.
    release: Mutex<()>,
}

struct State {
    writer: Writer<Vec<u8>>,
    current: Option<Current>,
}

/// The file that is written to.
struct Current {
    file: Arc<File>,
    name: String,
    day: String,
    /// Bytes written.
    end: u64,
    /// Of these, on disk for certain.
    synced: u64,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Vault {
    /// Opens the folder, makes it if need be, and cuts what a crash left at the end of the newest file.
    /// `known` says up to which byte of a file the store knows its captures: there is no need to look before it.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(dir: &Path, now: Now, known: &dyn Fn(&str) -> u64) -> io::Result<Self> {
        Self::rolling(dir, now, known, ROLL)
    }

    /// As [`open`](Self::open), with files of another size: for tests.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn rolling(dir: &Path, now: Now, known: &dyn Fn(&str) -> u64, roll: u64) -> io::Result<Self> {
        folder(dir)?;
        let writer = writer()?.fast();
        let mut current = None;
        if let Some(name) = files(dir)?.into_iter().rfind(|name| generation(name) == 0) {
            current = Some(Current::again(dir, &name, known(&name))?);
        }
        Ok(Self {
            dir: dir.to_owned(),
            roll,
            now,
            state: Mutex::new(State { writer, current }),
            release: Mutex::default(),
        })
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes one exchange down. It is on disk for certain after the next [`sync`](Self::sync).
    ///
    /// # Errors
    /// The disk gave one; nothing of the exchange is kept.
    pub fn add(&self, exchange: &Exchange) -> io::Result<Capture> {
        let mut state = self.state();
        let State { writer, current } = &mut *state;
        let today = (self.now)();
        let day = day(today)?;
        if current.as_ref().is_none_or(|file| file.day != day || file.end >= self.roll) {
            if let Some(mut full) = current.take() {
                full.sync()?;
            }
            *current = Some(Current::begin(&self.dir, &day, today, writer)?);
        }
        let Some(file) = current else { return Err(io::Error::other("no file of evidence is open")) };
        writer.out_mut().clear();
        let digest = writer.exchange(exchange)?;
        let bytes = writer.out_mut();
        let offset = file.append(bytes)?;
        Ok(Capture {
            url: exchange.sent.url.clone(),
            date: exchange.date,
            status: exchange.status,
            digest,
            file: file.name.clone(),
            offset,
            length: bytes.len() as u64,
        })
    }

    /// Returns when everything that was added before is on disk. Nobody who adds waits for the disk meanwhile.
    ///
    /// # Errors
    /// The disk gave one.
    pub fn sync(&self) -> io::Result<()> {
        // Whoever begins another file has synced this one.
        let unsynced = self.state().current.as_ref().filter(|file| file.synced < file.end).map(Current::now);
        let Some((file, end)) = unsynced else { return Ok(()) };
        file.sync_data()?;
        if let Some(current) = self.state().current.as_mut().filter(|current| Arc::ptr_eq(&current.file, &file)) {
            current.synced = current.synced.max(end);
        }
        Ok(())
    }

    /// The file that is written to, which is not let go of. One of an earlier day is closed.
    ///
    /// # Errors
    /// The disk gave one.
    pub fn current(&self) -> io::Result<Option<String>> {
        let today = day((self.now)())?;
        let mut state = self.state();
        if let Some(mut old) = state.current.take_if(|file| file.day != today) {
            old.sync()?;
        }
        Ok(state.current.as_ref().map(|file| file.name.clone()))
    }

    /// Closes the file that is written to, if it is this one: what comes next begins another.
    ///
    /// # Errors
    /// The disk gave one.
    pub fn turn(&self, name: &str) -> io::Result<()> {
        match self.state().current.take_if(|file| file.name == name) {
            Some(mut old) => old.sync(),
            None => Ok(()),
        }
    }

    /// Waits until nobody else removes files or writes them again, and keeps others from it: two that do
    /// so at once would each remove what the other has just written.
    pub fn release(&self) -> MutexGuard<'_, ()> {
        self.release.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody holds [`release`](Self::release).
    #[cfg(test)]
    pub(crate) fn is_releasing(&self) -> bool {
        self.release.try_lock().is_err()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Current {
    fn begin(dir: &Path, day: &str, now: Timestamp, writer: &mut Writer<Vec<u8>>) -> io::Result<Self> {
        let within = format!("{}/{}", &day[..4], &day[4..6]);
        folder(&dir.join(&within))?;
        let taken = files(dir)?;
        let prefix = format!("{within}/caifeng-{day}-");
        let used = taken.iter().filter_map(|name| name.strip_prefix(&prefix)?.get(..4)?.parse::<u32>().ok()).max();
        let name = format!("{prefix}{:04}.warc.gz", used.map_or(1, |n| n + 1));
        let path = dir.join(&name);
        let file = File::options().append(true).create_new(true).mode(0o600).open(&path)?;
        sync_folders(dir, &path)?;
        let mut current = Self { file: Arc::new(file), name, day: day.to_owned(), end: 0, synced: 0 };
        writer.out_mut().clear();
        writer.warcinfo(SOFTWARE, now)?;
        current.append(writer.out_mut())?;
        Ok(current)
    }

    /// Opens a file of an earlier run and cuts its torn end.
    fn again(dir: &Path, name: &str, known: u64) -> io::Result<Self> {
        let path = dir.join(name);
        let file = File::options().append(true).read(true).open(&path)?;
        let size = file.metadata()?.len();
        let end = whole(File::open(&path)?, known.min(size))?;
        if end < size {
            tracing::warn!(file = name, bytes = size - end, "evidence that was being written at a crash is cut off");
            file.set_len(end)?;
            file.sync_all()?;
        }
        let day = name.rsplit('/').next().and_then(|n| n.get(8..16)).unwrap_or_default().to_owned();
        Ok(Self { file: Arc::new(file), name: name.to_owned(), day, end, synced: end })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let at = self.end;
        if let Err(error) = (&*self.file).write_all(bytes) {
            // A full disk took a part: the file ends where it did.
            self.file.set_len(at)?;
            return Err(error);
        }
        self.end += bytes.len() as u64;
        Ok(at)
    }

    fn now(&self) -> (Arc<File>, u64) {
        (Arc::clone(&self.file), self.end)
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.synced < self.end {
            self.file.sync_data()?;
            self.synced = self.end;
        }
        Ok(())
    }
}

/// Where the last whole exchange after `known` ends. Every member is unpacked, and its checksum with it: what lies
/// after the last good one was being written at a crash, or is what a file system put in its place.
fn whole(file: File, known: u64) -> io::Result<u64> {
    let mut from = BufReader::new(file);
    from.seek(SeekFrom::Start(known))?;
    let mut end = known;
    while from.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        let mut head = Vec::new();
        let mut member = GzDecoder::new(from);
        let unpacked =
            (&mut member).take(HEAD).read_to_end(&mut head).and_then(|_| io::copy(&mut member, &mut io::sink()));
        from = member.into_inner();
        if unpacked.is_err() {
            break;
        }
        // A request is whole when its response is.
        if !head.windows(REQUEST.len()).any(|window| window == REQUEST) {
            end = from.stream_position()?;
        }
    }
    Ok(end)
}

/// The field of a request's record, which stands among its first bytes.
const REQUEST: &[u8] = b"\r\nWARC-Type: request\r\n";
const HEAD: u64 = 64;

/// `20260701` in UTC.
fn day(at: Timestamp) -> io::Result<String> {
    let at = jiff::Timestamp::from_second(at).map_err(io::Error::other)?;
    Ok(at.strftime("%Y%m%d").to_string())
}

/// How often a file was compacted: `…-0001.warc.gz` never, `…-0001.c2.warc.gz` twice.
#[must_use]
pub fn generation(name: &str) -> u32 {
    let stem = name.strip_suffix(".warc.gz").unwrap_or(name);
    stem.rsplit_once(".c").and_then(|(_, n)| n.parse().ok()).unwrap_or(0)
}

/// The first second after the UTC day that a file is called by; `None` for a name that is not ours.
#[must_use]
pub fn ends(name: &str) -> Option<Timestamp> {
    let day = name.rsplit('/').next()?.strip_prefix("caifeng-")?.get(..8)?;
    let date = jiff::civil::Date::strptime("%Y%m%d", day).ok()?;
    Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second() + 86_400)
}

/// The files of an evidence folder, oldest first, as captures name them.
///
/// # Errors
/// The folder cannot be read.
pub fn files(dir: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for year in names(dir)? {
        for month in names(&dir.join(&year))? {
            let within = format!("{year}/{month}");
            for name in names(&dir.join(&within))? {
                if name.starts_with("caifeng-") && name.ends_with(".warc.gz") {
                    found.push(format!("{within}/{name}"));
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

fn names(dir: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotADirectory | io::ErrorKind::NotFound) => {
            return Ok(Vec::new());
        }
        entries => entries?,
    };
    let names = entries.filter_map(|entry| entry.map(|entry| entry.file_name().into_string().ok()).transpose());
    names.collect()
}

/// The bytes of a capture's two records, as they lie in the file.
///
/// # Errors
/// The file is gone or shorter.
pub fn bytes(dir: &Path, capture: &Capture) -> io::Result<Vec<u8>> {
    let mut file = File::open(dir.join(&capture.file))?;
    file.seek(SeekFrom::Start(capture.offset))?;
    let mut bytes = Vec::new();
    file.take(capture.length).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < capture.length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends before the capture does"));
    }
    Ok(bytes)
}

/// The response in the bytes of a capture, when both records are whole (their compression has a checksum) and its body
/// has the SHA-256 that the table has.
#[must_use]
pub fn response(bytes: &[u8], digest: &[u8; 32]) -> Option<Record> {
    if !intact(bytes) {
        return None;
    }
    let records = Reader::new(bytes).ok()?.collect::<Result<Vec<_>, _>>().ok()?;
    let record = records.into_iter().find(|record| record.kind == Kind::Response)?;
    let body = &record.http.as_ref()?.body;
    (Sha256::digest(body).as_slice() == digest).then_some(record)
}

/// Whether these bytes are whole members with the right checksums, and nothing else.
fn intact(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let mut member = GzDecoder::new(bytes);
        if io::copy(&mut member, &mut io::sink()).is_err() {
            return false;
        }
        bytes = member.into_inner();
    }
    true
}

/// A writer into memory whose record ids no other has.
pub(super) fn writer() -> io::Result<Writer<Vec<u8>>> {
    let mut seed = [0; 16];
    getrandom::fill(&mut seed).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(Writer::new(Vec::new(), true, seed))
}

/// Makes a folder that only this user can enter.
fn folder(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// A new name is on disk when every folder above it is.
pub(super) fn sync_folders(dir: &Path, path: &Path) -> io::Result<()> {
    let mut above = path.parent();
    while let Some(at) = above {
        File::open(at)?.sync_all()?;
        if at == dir {
            break;
        }
        above = at.parent();
    }
    Ok(())
}

#[cfg(test)]
mod tests;
