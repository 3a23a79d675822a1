//! Documents that show that a step was done: kept by their SHA-256, readable by their owner only.
//!
//! A document lies in `DATA/documents` under its digest before anything in the record names it; one that nobody names
//! in the end is harmless. Whoever looks at it later compares it with its name.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use crate::hex::hex;

/// Largest document, in bytes.
pub const LARGEST: u64 = 64 << 20;

/// Keeps a copy of the file at `path` below `folder`; its digest, in hex.
///
/// # Errors
/// It cannot be read or written, is empty or too large.
pub fn keep(folder: &Path, path: &Path) -> io::Result<String> {
    let mut from = File::open(path)?;
    if !from.metadata()?.is_file() {
        return Err(refused("not a file"));
    }
    take(folder, &mut from)
}

/// Keeps what was handed in; its digest, in hex.
///
/// # Errors
/// As [`keep`].
pub fn keep_bytes(folder: &Path, mut bytes: &[u8]) -> io::Result<String> {
    take(folder, &mut bytes)
}

fn refused(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what.to_owned())
}

fn take(folder: &Path, from: &mut impl Read) -> io::Result<String> {
    // Several people hand something in at once.
    static DRAFTS: AtomicU64 = AtomicU64::new(0);
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = folder.join(format!("draft.{}.{number}", std::process::id()));
    let mut to = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    let copied = copy(from, &mut to).and_then(|(digest, bytes)| match bytes {
        0 => Err(refused("an empty file shows nothing")),
        bytes if bytes > LARGEST => Err(refused("larger than 64 MiB: keep the part that matters")),
        _ => to.sync_all().map(|()| digest),
    });
    match copied {
        Ok(digest) => {
            std::fs::rename(&draft, place(folder, &digest))?;
            File::open(folder)?.sync_all()?;
            Ok(digest)
        }
        Err(error) => {
            let _ = std::fs::remove_file(&draft);
            Err(error)
        }
    }
}

/// Where a document lies.
#[must_use]
pub fn place(folder: &Path, digest: &str) -> PathBuf {
    folder.join(digest)
}

/// Whether a document is there and is what its name says.
#[must_use]
pub fn is_kept(folder: &Path, digest: &str) -> bool {
    let plain = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let read = || copy(&mut File::open(place(folder, digest))?, &mut io::sink());
    plain && read().is_ok_and(|(found, _)| found == digest)
}

/// Whether exactly one document's digest begins so.
#[must_use]
pub fn is_kept_as(folder: &Path, beginning: &str) -> bool {
    named(folder, beginning).is_some()
}

/// The digest of the only document whose digest begins so.
#[must_use]
pub fn named(folder: &Path, beginning: &str) -> Option<String> {
    let names = std::fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut fitting = names.filter(|name| name.len() == 64 && name.starts_with(beginning));
    fitting.next().filter(|_| fitting.next().is_none())
}

/// What a picture's first bytes say that it is; `None` for everything that is no picture, whatever it is called.
/// (PNG §5.2, JFIF §1, GIF89a §17, RFC 9649 §2.4, ISO/IEC 14496-12 §4.3 with the brands of HEIF.)
#[must_use]
pub fn picture(bytes: &[u8]) -> Option<&'static str> {
    let brand = || {
        bytes.get(4..8) == Some(b"ftyp".as_slice())
            && matches!(bytes.get(8..12), Some(b"heic" | b"heix" | b"mif1" | b"heif"))
    };
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ if brand() => Some("image/heic"),
        _ => None,
    }
}

/// The SHA-256 of a file, in hex.
///
/// # Errors
/// It cannot be read.
pub fn digest(path: &Path) -> io::Result<String> {
    let mut hasher = Hashing { to: &mut io::sink(), sha: Sha256::new() };
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hex(&hasher.sha.finalize()))
}

/// Copies at most one byte more than is allowed.
fn copy(from: &mut impl Read, to: &mut impl io::Write) -> io::Result<(String, u64)> {
    let mut hasher = Hashing { to, sha: Sha256::new() };
    let bytes = io::copy(&mut from.take(LARGEST + 1), &mut hasher)?;
    hasher.flush()?;
    Ok((hex(&hasher.sha.finalize()), bytes))
}

struct Hashing<'a, W> {
    to: &'a mut W,
    sha: Sha256,
}

impl<W: io::Write> io::Write for Hashing<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.sha.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_document_is_kept_once_by_its_digest_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, file) = (dir.path().join("documents"), dir.path().join("整改方案.txt"));
        std::fs::write(&file, "abc").unwrap();
        let digest = keep(&folder, &file).unwrap();
        assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(keep(&folder, &file).unwrap(), digest);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        assert_eq!(std::fs::metadata(place(&folder, &digest)).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(is_kept(&folder, &digest));
        std::fs::write(place(&folder, &digest), "other").unwrap();
        assert!(!is_kept(&folder, &digest), "it was changed");
        for name in ["", "../../etc/passwd", &"0".repeat(64)] {
            assert!(!is_kept(&folder, name), "{name}");
        }
    }

    #[test]
    fn a_picture_is_known_by_its_bytes_and_not_by_its_name() {
        assert_eq!(picture(b"\x89PNG\r\n\x1a\nrest"), Some("image/png"));
        assert_eq!(picture(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(picture(b"GIF89a.."), Some("image/gif"));
        assert_eq!(picture(b"RIFF\x01\x02\x03\x04WEBPVP8 "), Some("image/webp"));
        assert_eq!(picture(b"\0\0\0\x18ftypheic\0\0"), Some("image/heic"));
        for other in
            [b"<svg onload=alert(1)>".as_slice(), b"%PDF-1.7", b"", b"PNG", b"\0\0\0\x18ftypisom", b"RIFF....WAVE"]
        {
            assert_eq!(picture(other), None, "{other:?}");
        }
    }

    #[test]
    fn what_shows_nothing_is_refused_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, file) = (dir.path().join("documents"), dir.path().join("empty"));
        std::fs::write(&file, "").unwrap();
        assert!(keep(&folder, &file).unwrap_err().to_string().contains("shows nothing"));
        assert!(keep(&folder, dir.path()).unwrap_err().to_string().contains("not a file"));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }
}
