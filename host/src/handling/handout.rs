//! What is handed out of an approved referral: the captures of the one post that makes the claim, with the events of its
//! incident. Whoever hands it out has the record say so before it leaves.

use std::io::{self, Cursor, Write as _};
use std::path::{Path, PathBuf};

use caifeng_plugin_host::contract::Timestamp;
use zip::write::SimpleFileOptions;

use crate::directory::Directory;
use crate::evidence::export::{self, Case, Exported};
use crate::store::{PostQuery, Reader, ReferralRow, StoreError};

/// Why nothing is handed out.
#[derive(Debug, thiserror::Error)]
pub enum HandOutError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be written, or is there already.
    #[error(transparent)]
    File(#[from] io::Error),
    /// Its incident is gone.
    #[error("no such incident: {0}")]
    NoIncident(i64),
}

/// Writes the files of a referral; `out` is the WARC file, and no file may be there yet.
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
    let incident = reader.incident(row.incident)?.ok_or(HandOutError::NoIncident(row.incident))?;
    let query = PostQuery { incident: Some(row.incident), ..PostQuery::default() };
    let mut posts = reader.posts(&query)?;
    posts.retain(|post| post.row == row.referral.post);
    let mut proofs = reader.proofs(row.incident)?;
    proofs.retain(|proof| proof.row == row.referral.post);
    let events = reader.chained(row.incident)?;
    let case = Case { incident: &incident, posts: &posts, proofs: &proofs, events: &events, now };
    Ok(export::write(out, &directory.evidence(), &case)?)
}

/// Files as one archive, for who takes them away through a browser.
///
/// # Errors
/// A file cannot be read.
pub fn packed(files: &[PathBuf]) -> io::Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for path in files {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("file");
        archive.start_file(name, SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored))?;
        archive.write_all(&std::fs::read(path)?)?;
    }
    Ok(archive.finish()?.into_inner())
}
