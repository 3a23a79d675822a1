//! How a drill is set up: a data directory of its own, made of a released case.
//!
//! The mark is written first: from its first moment on the directory is a drill for whoever opens it. What is real is read
//! and never written to.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use caifeng_plugin_host::contract::Timestamp;

use super::web::{self, Site};
use super::{DrillError, Mark, RULE, private};
use crate::calendar;
use crate::case::Case;
use crate::clock::{Pace, SystemClock};
use crate::config::watches::EveryConfig;
use crate::config::{Config, Organisation, TargetConfig, WatchConfig};
use crate::crawl::Limits;
use crate::directory::Directory;
use crate::evidence::warc::Writer;
use crate::plan;
use crate::reply::wording;
use crate::store::{CaseRow, Enrolment, Store};

/// Drills of one case that there may be.
const MOST: usize = 1_000;
/// The plugin that reads the sites of a drill.
const PLUGIN: &str = "feed";

/// What a drill is set up from.
#[derive(Debug)]
pub struct Ground<'a> {
    /// The real data directory.
    pub real: &'a Directory,
    /// The case, which is released.
    pub case: &'a CaseRow,
    /// Whose drill it is.
    pub organisation: &'a Organisation,
    /// Who takes part.
    pub people: Enrolment,
    /// Seconds of the drill for each second; 0 stands still until the clock is moved.
    pub speed: u32,
}

/// Sets a drill up. Its clock begins to run now.
///
/// # Errors
/// See [`DrillError`]; what was begun is marked as a drill and can be removed.
pub fn stage(ground: Ground<'_>) -> Result<Directory, DrillError> {
    let Ground { real, case: row, organisation, people, speed } = ground;
    if real.is_drill() {
        return Err(DrillError::Within(real.path().to_owned()));
    }
    let directory = fresh(real, row.id)?;
    let case = &row.case;
    let begins = case.posts.iter().map(|said| said.heard).min().unwrap_or(case.opened);
    let mark = Mark {
        case: row.id,
        begins,
        ends: end(case, begins),
        pace: Pace { at: begins, since: SystemClock.milliseconds(), speed },
    };
    mark.write(&directory)?;
    let sites = web::sites(case);
    let config = config(organisation, &sites.iter().map(|(site, _)| site.clone()).collect::<Vec<_>>());
    let text = config.to_toml().map_err(|error| mark_error(&directory.config(), &error.to_string()))?;
    write(&directory.config(), text.as_bytes())?;
    let said = serde_json::to_vec(case).map_err(|error| mark_error(&directory.case(), &error.to_string()))?;
    write(&directory.case(), &said)?;
    for name in [plan::FILE, calendar::FILE, wording::FILE] {
        take_over(&real.path().join(name), &directory.path().join(name))?;
    }
    write(&directory.web(), &record(&directory, &sites, begins)?)?;
    let store = Store::open(directory.path(), None)?;
    store.enrol(people, RULE, begins)?;
    store.close();
    Ok(directory)
}

/// A directory that was not there before.
fn fresh(real: &Directory, case: i64) -> Result<Directory, DrillError> {
    let failed = |path: &Path, source| DrillError::Directory { path: path.to_owned(), source };
    let drills = real.drills();
    DirBuilder::new().recursive(true).mode(0o700).create(&drills).map_err(|source| failed(&drills, source))?;
    for nth in 1..=MOST {
        let path = drills.join(format!("{case}-{nth}"));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(Directory::at(path)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(failed(&path, source)),
        }
    }
    let full = std::io::Error::other(format!("there are {MOST} drills of this case: remove some"));
    Err(failed(&drills, full))
}

/// Nothing more is said, and every clock of then has ended.
fn end(case: &Case, begins: Timestamp) -> Timestamp {
    let heard = case.posts.iter().map(|said| said.heard);
    let due = case.clocks.iter().map(|clock| clock.due);
    heard.chain(due).chain([case.ended]).max().unwrap_or(begins).max(begins)
}

/// The organisation as it is but for how it can be reached, and the drill's sites. Every post counts: they are of one
/// matter already.
fn config(organisation: &Organisation, sites: &[Site]) -> Config {
    let watch = |site: &Site| WatchConfig {
        id: site.id.clone(),
        plugin: PLUGIN.to_owned(),
        target: TargetConfig::Listing(site.feed.clone()),
        site: None,
        settings: std::collections::BTreeMap::new(),
        budget: Limits::default(),
        every: EveryConfig::default(),
        canary: None,
        paused: None,
        note: None,
    };
    let organisation = Organisation { contact: None, ..organisation.clone() };
    Config { organisation, watches: sites.iter().map(watch).collect(), ..Config::default() }
}

fn record(directory: &Directory, sites: &[(Site, Vec<web::Post>)], at: Timestamp) -> Result<Vec<u8>, DrillError> {
    let mut answers: Vec<_> = sites.iter().flat_map(|(site, posts)| web::answers(site, posts)).collect();
    answers.sort_by_key(|answer| answer.date);
    let failed = |source| DrillError::Directory { path: directory.web(), source };
    let mut warc = Writer::new(Vec::new(), true, *b"caifeng drill 00");
    warc.warcinfo(concat!("caifeng/", env!("CARGO_PKG_VERSION"), " drill"), at).map_err(failed)?;
    for answer in &answers {
        warc.exchange(answer).map_err(failed)?;
    }
    warc.finish().map_err(failed)
}

/// Copies a file of the operator's, where there is one.
fn take_over(from: &Path, to: &Path) -> Result<(), DrillError> {
    match std::fs::read(from) {
        Ok(text) => write(to, &text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(DrillError::Directory { path: from.to_owned(), source }),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), DrillError> {
    private(path, bytes).map_err(|source| DrillError::Directory { path: path.to_owned(), source })
}

fn mark_error(path: &Path, why: &str) -> DrillError {
    DrillError::Mark { path: path.to_owned(), why: why.to_owned() }
}

/// The drills of a data directory, by name.
///
/// # Errors
/// The folder cannot be read.
pub fn all(real: &Directory) -> Result<Vec<(Directory, Mark)>, DrillError> {
    let drills = real.drills();
    let entries = match std::fs::read_dir(&drills) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(DrillError::Directory { path: drills, source }),
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    let drills = paths.into_iter().map(Directory::at).filter(Directory::is_drill);
    drills.map(|drill| Ok((Mark::read(&drill)?, drill))).map(|read| read.map(|(mark, drill)| (drill, mark))).collect()
}
