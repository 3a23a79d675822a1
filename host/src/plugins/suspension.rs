//! A plugin that is at fault again and again rests until a person lets it go on.
//!
//! One trap costs one call. Three distinct ones within an hour are no broken page any more: the plugin is suspended, its
//! watches show a gap with this cause, and `caifeng plugin resume` ends it, as does another version. The same trap on the same
//! page counts once, however often it is met. What rests stands in `suspended.toml`, so that a restart changes nothing.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::rfc3339;
use crate::directory::Directory;

/// Distinct traps that suspend a plugin.
const TRAPS: usize = 3;
/// Seconds within which they are counted.
const WINDOW: i64 = 3600;
/// Bytes of a trap that are kept.
const TOLD: usize = 200;

/// A plugin that rests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspended {
    /// Its id.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// Its digest: another file of the same id does not rest.
    pub digest: String,
    /// Since when, by RFC 3339.
    pub since: String,
    /// The traps, each with the address of the page.
    pub traps: Vec<String>,
}

impl std::fmt::Display for Suspended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { plugin, version, since, traps, .. } = self;
        let (count, last) = (traps.len(), traps.last().map_or("", String::as_str));
        write!(
            f,
            "plugin {plugin} {version} is suspended since {since}, after {count} distinct faults within an hour: its author must mend it, \
             caifeng plugin resume {plugin} lets it go on; the last was: {last}"
        )
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, rename = "plugin")]
    plugins: Vec<Suspended>,
}

/// Which plugins of a data directory rest.
#[derive(Debug)]
pub struct Suspensions {
    path: PathBuf,
    traps: Mutex<HashMap<String, Count>>,
    /// What was read last, and how the file looked then: whether a plugin rests is asked for every page.
    read: Mutex<Option<(Mark, Vec<Suspended>)>>,
}

/// How a file looks from outside: when it was written, and its bytes.
type Mark = Option<(SystemTime, u64)>;

/// The distinct traps of one file within the window.
#[derive(Debug, Default)]
struct Count(Vec<(Timestamp, String)>);

impl Count {
    /// All of them, once they are too many.
    fn note(&mut self, what: &str, now: Timestamp) -> Option<Vec<String>> {
        self.0.retain(|(at, _)| now - at < WINDOW);
        if self.0.iter().all(|(_, known)| known != what) {
            self.0.push((now, what.to_owned()));
        }
        if self.0.len() < TRAPS {
            None
        } else {
            Some(std::mem::take(&mut self.0).into_iter().map(|(_, what)| what).collect())
        }
    }
}

impl Suspensions {
    /// Those of a data directory.
    #[must_use]
    pub fn of(directory: &Directory) -> Self {
        Self { path: directory.suspended(), traps: Mutex::default(), read: Mutex::default() }
    }

    /// Counts a trap; the plugin, when it rests from now on. Blocks.
    pub fn note(&self, artifact: &Artifact, trap: &str, now: Timestamp) -> Option<Suspended> {
        let digest = artifact.digest().to_string();
        let trap = &trap[..trap.floor_char_boundary(TOLD)];
        let mut counts = self.traps.lock().unwrap_or_else(PoisonError::into_inner);
        let traps = counts.entry(digest.clone()).or_default().note(trap, now)?;
        let manifest = artifact.manifest();
        let (plugin, version) = (manifest.id.clone(), manifest.version.clone());
        let suspended = Suspended { plugin, version, digest, since: rfc3339(now), traps };
        let mut all = self.all();
        all.retain(|old| old.digest != suspended.digest);
        all.push(suspended.clone());
        if let Err(error) = self.write(all) {
            tracing::error!("{}: {error}; {suspended}", self.path.display());
        }
        Some(suspended)
    }

    /// Why this exact file rests, if it does. Blocks.
    #[must_use]
    pub fn find(&self, artifact: &Artifact) -> Option<Suspended> {
        let digest = artifact.digest().to_string();
        self.all().into_iter().find(|suspended| suspended.digest == digest)
    }

    /// All that rest. A file that cannot be read suspends nobody, and is told of.
    #[must_use]
    pub fn all(&self) -> Vec<Suspended> {
        let meta = std::fs::metadata(&self.path).ok();
        let mark = meta.and_then(|meta| Some((meta.modified().ok()?, meta.len())));
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, all)) = read.as_ref().filter(|(seen, _)| *seen == mark) {
            return all.clone();
        }
        let all = self.written();
        *read = Some((mark, all.clone()));
        all
    }

    fn written(&self) -> Vec<Suspended> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                tracing::error!("{}: {error}", self.path.display());
                return Vec::new();
            }
        };
        toml::from_str::<Written>(&text).map(|written| written.plugins).unwrap_or_else(|error| {
            tracing::error!("{}: remove it, nobody rests: {error}", self.path.display());
            Vec::new()
        })
    }

    /// Lets a plugin go on; `false`: it did not rest.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn resume(&self, id: &str) -> io::Result<bool> {
        let (resting, others): (Vec<_>, Vec<_>) = self.all().into_iter().partition(|one| one.plugin == id);
        if resting.is_empty() {
            return Ok(false);
        }
        self.write(others).map(|()| true)
    }

    fn write(&self, plugins: Vec<Suspended>) -> io::Result<()> {
        let text = toml::to_string(&Written { plugins }).map_err(io::Error::other)?;
        let folder = self.path.parent().ok_or(io::ErrorKind::NotFound)?;
        let mut draft = tempfile::Builder::new().prefix(".draft").tempfile_in(folder)?;
        io::Write::write_all(&mut draft, text.as_bytes())?;
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = None;
        draft.persist(&self.path).map(drop).map_err(|error| error.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_distinct_traps_within_an_hour_are_too_many() {
        let mut count = Count::default();
        assert_eq!(count.note("a", 0), None);
        assert_eq!(count.note("a", 10), None);
        assert_eq!(count.note("b", 20), None);
        assert_eq!(count.note("b", 30), None, "the same again is no third");
        assert_eq!(count.note("c", WINDOW), None, "the first is an hour ago");
        assert_eq!(count.note("d", WINDOW + 19).map(|traps| traps.len()), Some(3));
        assert_eq!(count.note("e", WINDOW + 19), None, "counted from the beginning");
    }

    #[test]
    fn who_rests_is_written_down_until_somebody_resumes_it() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::at(place.path());
        let suspensions = Suspensions::of(&directory);
        let one = |plugin: &str| Suspended {
            plugin: plugin.to_owned(),
            version: "0.1.0".to_owned(),
            digest: plugin.repeat(2),
            since: "2026-03-09T12:00:00Z".to_owned(),
            traps: vec!["a \"quoted\" page".to_owned()],
        };
        suspensions.write(vec![one("a"), one("b")]).unwrap();
        assert_eq!(Suspensions::of(&directory).all(), [one("a"), one("b")]);
        assert!(one("a").to_string().contains("caifeng plugin resume a"));
        assert!(suspensions.resume("a").unwrap() && !suspensions.resume("a").unwrap());
        assert_eq!(suspensions.all(), [one("b")]);
        std::fs::write(directory.suspended(), "[[plugin").unwrap();
        assert_eq!(suspensions.all(), []);
    }
}
