//! Regular reports on the shelf (`DATA/reports`): one DOCX and one HTML for each, named by kind and first day.
//!
//! The file is the record that a report was written: whoever deletes one has it written again, without what was deleted
//! meanwhile. A report is there whole or not at all.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use caifeng_plugin_host::contract::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Format, ReportError, Setting, Subject, prepare, render};
use crate::coverage::statement::Span;
use crate::feed::atom::Shelved;
use crate::plan::bulletin::Bulletin;
use crate::report::{Kind, schedule};
use crate::store::Reader;

/// How regular reports are written down.
const FORMATS: [Format; 2] = [Format::Docx, Format::Html];

/// A report on the shelf.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    /// The first day that it is about.
    pub day: Date,
    /// Which.
    pub kind: Kind,
    /// How it is written down.
    pub path: PathBuf,
    /// Its size, in bytes.
    pub bytes: u64,
    /// When it was written.
    pub at: Timestamp,
}

/// Why a regular report was not written.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// It could not be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The operator must make room, or correct rights.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Writes what has fallen due and is not there yet; the paths of what was written. A span in which nothing was ever
/// listened to has no report.
///
/// # Errors
/// The first report that could not be written; those before it are there.
pub fn write_due(reader: &Reader, folder: &Path, setting: &Setting) -> Result<Vec<PathBuf>, ShelfError> {
    // What lies on the shelf is for everybody at the desk.
    let reader = &reader.seen_by(None);
    let mut written = Vec::new();
    for rule in &setting.plan.bulletins {
        let Some(due) = schedule::latest(rule, setting.now, &setting.zone) else { continue };
        let missing = missing(folder, rule, due.span, &setting.zone);
        if missing.is_empty() || !listened(reader, due.span)? {
            continue;
        }
        let document = prepare(reader, rule.kind, Subject::Span(due.span), setting)?;
        for (format, path) in missing {
            let bytes = render(&document, format).map_err(ReportError::from)?;
            put(folder, &path, &bytes)?;
            written.push(path);
        }
    }
    Ok(written)
}

fn missing(folder: &Path, rule: &Bulletin, span: Span, zone: &TimeZone) -> Vec<(Format, PathBuf)> {
    let day = jiff::Timestamp::from_second(span.since).unwrap_or_default().to_zoned(zone.clone()).date();
    let path = |format: Format| folder.join(format!("{}-{day}.{}", rule.kind.as_str(), format.as_str()));
    FORMATS.into_iter().map(|format| (format, path(format))).filter(|(_, path)| !path.exists()).collect()
}

fn listened(reader: &Reader, span: Span) -> Result<bool, ReportError> {
    Ok(reader.coverage(span.since, span.until)?.shares().is_some())
}

/// Writes a file beside its place and moves it there, readable by its owner only.
fn put(folder: &Path, path: &Path, bytes: &[u8]) -> Result<(), ShelfError> {
    let failed = |source| ShelfError::File { path: path.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let draft = folder.join(format!(".draft.{}", std::process::id()));
    let whole = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    whole().map_err(failed)
}

/// What is on the shelf, the newest first. What is named otherwise is none of ours.
///
/// # Errors
/// The folder cannot be read; one that is not there is empty.
pub fn list(folder: &Path) -> io::Result<Vec<Written>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if let Some((kind, day)) = name.to_str().and_then(named) {
            let metadata = entry.metadata()?;
            let at = jiff::Timestamp::try_from(metadata.modified()?).unwrap_or_default().as_second();
            found.push(Written { day, kind, path: entry.path(), bytes: metadata.len(), at });
        }
    }
    found.sort_by(|a, b| b.day.cmp(&a.day).then_with(|| a.path.cmp(&b.path)));
    Ok(found)
}

/// What feeds tell of the shelf: each report once, however many files it has; the newest first, `most` at most.
///
/// # Errors
/// The folder cannot be read.
pub fn told(folder: &Path, most: usize) -> io::Result<Vec<Shelved>> {
    let mut files = list(folder)?;
    files.sort_by_key(|file| (std::cmp::Reverse(file.day), file.kind, file.at));
    files.dedup_by_key(|file| (file.day, file.kind));
    let spans = files.into_iter().filter_map(|Written { day, kind, at, .. }| {
        Some(Shelved { kind, first: day, last: schedule::last_day(kind, day)?, written: at })
    });
    Ok(spans.take(most).collect())
}

/// `daily-2026-06-30.docx`.
fn named(name: &str) -> Option<(Kind, Date)> {
    let (stem, ending) = name.rsplit_once('.')?;
    Format::from_name(ending)?;
    let (kind, day) = stem.split_once('-')?;
    Some((Kind::from_name(kind)?, day.parse().ok()?))
}

/// Takes down what is about days before `oldest`: it quotes posts, which are not kept for ever (design §7).
///
/// # Errors
/// The folder cannot be read or a file not be deleted.
pub fn clear(folder: &Path, oldest: Date) -> io::Result<u64> {
    let mut gone = 0;
    for written in list(folder)?.into_iter().filter(|written| written.day < oldest) {
        fs::remove_file(&written.path)?;
        gone += 1;
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shelf_knows_its_own_files_and_lets_go_of_old_ones() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("reports");
        assert_eq!(list(&folder).unwrap(), []);
        for name in
            ["daily-2026-06-30.docx", "daily-2026-06-30.html", "monthly-2026-06-01.html", "daily-2025-01-01.docx"]
        {
            put(&folder, &folder.join(name), b"x").unwrap();
        }
        fs::write(folder.join("notes.txt"), "mine").unwrap();
        fs::write(folder.join("daily-yesterday.docx"), "mine").unwrap();
        let told = || -> Vec<String> {
            let found = list(&folder).unwrap().into_iter();
            found.map(|one| one.path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(
            told(),
            ["daily-2026-06-30.docx", "daily-2026-06-30.html", "monthly-2026-06-01.html", "daily-2025-01-01.docx"]
        );
        let spans: Vec<String> = self::told(&folder, 2)
            .unwrap()
            .iter()
            .map(|one| format!("{} {}..{}", one.kind.as_str(), one.first, one.last))
            .collect();
        assert_eq!(spans, ["daily 2026-06-30..2026-06-30", "monthly 2026-06-01..2026-06-30"], "each once, two at most");
        assert_eq!(clear(&folder, "2026-01-01".parse().unwrap()).unwrap(), 1);
        assert_eq!(told(), ["daily-2026-06-30.docx", "daily-2026-06-30.html", "monthly-2026-06-01.html"]);
        assert!(folder.join("notes.txt").exists());
    }
}
