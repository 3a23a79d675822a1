//! Files of evidence whose time is over, written again with only what is pinned in them.
//!
//! The new file has a name of its own (`….c1.warc.gz`) and is on disk before the store says, in
//! one transaction, that its captures lie there; then the old one is removed. A
//! crash before the transaction leaves a file that nobody knows, one after it an old file
//! that nobody knows any more: either is removed by the next run. Records are copied byte for
//! byte, after their digest was checked, so that what was proved stays proved.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use caifeng_plugin_host::contract::Timestamp;

use super::vault::{self, Capture, SOFTWARE};

/// A capture that a post of an incident came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// Its number in the store.
    pub id: i64,
    /// Where it lies.
    pub capture: Capture,
}

/// A file whose time is over, or in which something must not stay any longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldFile {
    /// Its number in the store.
    pub id: i64,
    /// Its name, from the evidence folder.
    pub path: String,
    /// The time of its newest capture.
    pub newest: Timestamp,
    /// Its time is not over.
    pub young: bool,
    /// What stays, in the order of the file.
    pub pinned: Vec<Pinned>,
    /// How many captures go.
    pub loose: u64,
}

impl OldFile {
    /// Whether writing it again would make it smaller: captures go, or bytes that no table knows.
    #[must_use]
    pub fn shrinks(&self, size: u64) -> bool {
        let pinned: u64 = self.pinned.iter().map(|pinned| pinned.capture.length).sum();
        self.loose > 0 || self.pinned.is_empty() || size.saturating_sub(pinned) > HEAD
    }
}

/// More than the first record of a file takes.
const HEAD: u64 = 1_024;

/// A file that was written in the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its name, from the evidence folder.
    pub path: String,
    /// The time of its newest capture.
    pub newest: Timestamp,
    /// Its size.
    pub bytes: u64,
    /// Each capture's number in the store, and where it begins now.
    pub places: Vec<(i64, u64)>,
}

/// Writes the pinned captures of a file into a new one, and makes sure that it is on disk; `None` when nothing is pinned.
///
/// # Errors
/// The disk gave one, or a capture is no longer what it was: then the file stays as it is, for a person to look at.
pub fn rewrite(dir: &Path, file: &OldFile, now: Timestamp) -> io::Result<Option<Moved>> {
    if file.pinned.is_empty() {
        return Ok(None);
    }
    let path = next_name(&file.path);
    let to = dir.join(&path);
    // A run that was cut off may have left one.
    remove(dir, &path)?;
    let mut out = File::options().append(true).create_new(true).mode(0o600).open(&to)?;
    let mut writer = vault::writer()?;
    writer.warcinfo(SOFTWARE, now)?;
    let head = writer.finish()?;
    out.write_all(&head)?;
    let mut at = head.len() as u64;
    let mut places = Vec::with_capacity(file.pinned.len());
    for pinned in &file.pinned {
        let bytes = vault::bytes(dir, &pinned.capture)?;
        if vault::response(&bytes, &pinned.capture.digest).is_none() {
            let Capture { file, offset, .. } = &pinned.capture;
            let what = format!("{file} at byte {offset}: not what was captured: restore the file from a backup");
            drop(out);
            remove(dir, &path)?;
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        out.write_all(&bytes)?;
        places.push((pinned.id, at));
        at += bytes.len() as u64;
    }
    out.sync_all()?;
    vault::sync_folders(dir, &to)?;
    Ok(Some(Moved { path, newest: file.newest, bytes: at, places }))
}

/// `…-0001.warc.gz`, `…-0001.c1.warc.gz`, `…-0001.c2.warc.gz`.
fn next_name(name: &str) -> String {
    let n = vault::generation(name);
    let stem = name.strip_suffix(".warc.gz").unwrap_or(name);
    let stem = if n > 0 { stem.strip_suffix(&format!(".c{n}")).unwrap_or(stem) } else { stem };
    format!("{stem}.c{}.warc.gz", n + 1)
}

/// Removes a file; one that is gone already is as good.
///
/// # Errors
/// The disk gave one.
pub fn remove(dir: &Path, name: &str) -> io::Result<()> {
    match std::fs::remove_file(dir.join(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::vault::Vault;
    use super::super::warc::{Exchange, Kind, Reader, Sent};
    use super::*;

    fn page(n: usize) -> Exchange {
        let url = format!("http://a.example/{n}");
        let sent = Sent { method: "GET".to_owned(), url, headers: Vec::new(), body: Vec::new() };
        Exchange { date: 0, sent, status: 200, headers: Vec::new(), body: vec![b'0' + n as u8; 50] }
    }

    #[test]
    fn only_what_is_pinned_stays_and_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(dir.path(), Arc::new(|| 0), &|_| 0).unwrap();
        let all: Vec<_> = (0..5).map(|n| vault.add(&page(n)).unwrap()).collect();
        let mut file =
            OldFile { id: 1, path: all[0].file.clone(), newest: 0, young: false, pinned: Vec::new(), loose: 3 };
        assert_eq!(rewrite(dir.path(), &file, 0).unwrap(), None);
        file.pinned = [1, 4].map(|n| Pinned { id: n as i64, capture: all[n].clone() }).to_vec();
        let moved = rewrite(dir.path(), &file, 0).unwrap().unwrap();
        assert_eq!(moved.path, "1970/01/caifeng-19700101-0001.c1.warc.gz");
        for (id, offset) in &moved.places {
            let old = &all[usize::try_from(*id).unwrap()];
            let new = Capture { file: moved.path.clone(), offset: *offset, ..old.clone() };
            assert_eq!(vault::bytes(dir.path(), &new).unwrap(), vault::bytes(dir.path(), old).unwrap());
        }
        let size = std::fs::metadata(dir.path().join(&moved.path)).unwrap().len();
        assert!(size == moved.bytes && size < std::fs::metadata(dir.path().join(&file.path)).unwrap().len());
        let records = Reader::new(File::open(dir.path().join(&moved.path)).unwrap()).unwrap().map(Result::unwrap);
        assert_eq!(records.filter(|r| r.kind == Kind::Response).count(), 2);
        assert_eq!(next_name(&moved.path), "1970/01/caifeng-19700101-0001.c2.warc.gz");
        let again = OldFile {
            path: moved.path.clone(),
            pinned: file
                .pinned
                .iter()
                .zip(&moved.places)
                .map(|(p, (id, offset))| Pinned {
                    id: *id,
                    capture: Capture { file: moved.path.clone(), offset: *offset, ..p.capture.clone() },
                })
                .collect(),
            loose: 0,
            ..file
        };
        assert!(!again.shrinks(size), "once is enough");
    }

    #[test]
    fn what_was_changed_is_not_passed_on() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(dir.path(), Arc::new(|| 0), &|_| 0).unwrap();
        let capture = Capture { digest: [7; 32], ..vault.add(&page(1)).unwrap() };
        let pinned = vec![Pinned { id: 1, capture: capture.clone() }];
        let file = OldFile { id: 1, path: capture.file.clone(), newest: 0, young: false, pinned, loose: 1 };
        assert_eq!(rewrite(dir.path(), &file, 0).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(vault::files(dir.path()).unwrap(), [capture.file], "nothing half done stays");
    }
}
