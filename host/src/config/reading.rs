//! The configuration as files: the main one, `watches/*.toml` beside it, and where everything stands.
//!
//! A [`Reading`] gathers what is wrong instead of stopping at it, because whoever keeps a
//! hundred watches wants one list. The daemon and `caifeng config check` read in the same way;
//! the one refuses what the other explains.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::edit::Edited;
use super::sheet::Sheet;
use super::watches::{Fault, WatchFile};
use super::written::Spot;
use super::{Config, ConfigError, pair_of};
use crate::lang::Lang;
use crate::notify::channel::{self, Notify};
use crate::user::provider::Oidc;

/// Largest file that is read, in bytes: some fifty thousand watches.
const LARGEST: u64 = 16 << 20;

/// Something that is wrong, and where: whoever wrote the file must act.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Which file.
    pub path: PathBuf,
    /// Line and column in characters, from 1; `None` when the file cannot be read at all.
    pub at: Option<(usize, usize)>,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path.display())?;
        if let Some((line, column)) = self.at {
            write!(f, "{line}:{column}:")?;
        }
        write!(f, " {}", self.message)
    }
}

/// A configuration with its places, and what is wrong with it.
#[derive(Debug)]
pub struct Reading {
    /// What could be read.
    pub config: Config,
    problems: Vec<Problem>,
    pub(super) files: Vec<Sheet>,
    /// For each watch of [`Config::watches`]: its file, and which of its watches it is.
    pub(super) origins: Vec<(usize, usize)>,
}

impl Reading {
    /// Reads `path` and the files of `watches/` beside it.
    ///
    /// # Errors
    /// When `path` itself cannot be read; everything else is a problem.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::read_with(path, None)
    }

    /// As [`read`](Self::read), but for one of the files, which is taken to say what it shall say.
    ///
    /// # Errors
    /// As there.
    pub fn read_with(path: &Path, edited: Option<&Edited>) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let bytes = bytes_of(path, edited).map_err(unreadable)?;
        let mut reading = Self::empty();
        reading.main(path, bytes);
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        reading.folder(&folder.join(super::WATCHES), edited);
        reading.setting_files(folder);
        reading.check();
        Ok(reading)
    }

    /// Reads `text` alone; `path` is only for messages.
    #[must_use]
    pub fn parse(text: &str, path: &Path) -> Self {
        let mut reading = Self::empty();
        reading.main(path, text.as_bytes().to_vec());
        reading.check();
        reading
    }

    fn empty() -> Self {
        Self { config: Config::default(), problems: Vec::new(), files: Vec::new(), origins: Vec::new() }
    }

    /// What is wrong, in the order of the files and their lines.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The configuration, when nothing is wrong.
    ///
    /// # Errors
    /// Everything that is.
    pub fn into_config(self) -> Result<Config, ConfigError> {
        if self.problems.is_empty() { Ok(self.config) } else { Err(ConfigError::Wrong(self.problems)) }
    }

    /// The files that were read, the main one first.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// Where a watch is written: file and line.
    #[must_use]
    pub fn place(&self, watch: usize) -> Option<(&Path, usize)> {
        let (file, index) = *self.origins.get(watch)?;
        let file = &self.files[file];
        Some((&file.path, file.position(file.spot.key("watch").index(index).value()).0))
    }

    fn main(&mut self, path: &Path, bytes: Vec<u8>) {
        if let Some(config) = self.take::<Config>(path, bytes) {
            self.config = config;
        }
        self.origins = (0..self.config.watches.len()).map(|index| (0, index)).collect();
    }

    fn folder(&mut self, folder: &Path, edited: Option<&Edited>) {
        let paths = match toml_files(folder) {
            Ok(paths) => paths,
            Err(error) => return self.unreadable(folder, &error),
        };
        for path in paths {
            match bytes_of(&path, edited) {
                Err(error) => self.unreadable(&path, &error),
                Ok(bytes) => {
                    let watches = self.take::<WatchFile>(&path, bytes).unwrap_or_default().watches;
                    let file = self.files.len() - 1;
                    self.origins.extend((0..watches.len()).map(|index| (file, index)));
                    self.config.watches.extend(watches);
                }
            }
        }
    }

    /// A file or folder that cannot be read at all.
    pub(super) fn unreadable(&mut self, path: &Path, error: &std::io::Error) {
        let message = format!("cannot be read: {error}");
        self.problems.push(Problem { path: path.to_owned(), at: None, message });
    }

    /// Keeps a file and what is wrong with it as a `T`.
    pub(super) fn take<T: DeserializeOwned>(&mut self, path: &Path, bytes: Vec<u8>) -> Option<T> {
        let (sheet, value, problems) = Sheet::read(path, bytes);
        self.files.push(sheet);
        self.problems.extend(problems);
        value
    }

    /// Keeps a file that is no part of the configuration itself.
    pub(super) fn keep(&mut self, path: &Path, text: String) {
        self.files.push(Sheet { path: path.to_owned(), text, spot: Spot::default() });
    }

    /// Something that is wrong at a line and column of a file that was [kept](Self::keep).
    pub(super) fn problem_at(&mut self, path: &Path, at: (usize, usize), message: String) {
        self.problems.push(Problem { path: path.to_owned(), at: Some(at), message });
    }

    /// Something that is wrong at a byte offset of a file.
    pub(super) fn problem(&mut self, file: usize, offset: usize, message: String) {
        self.problems.push(self.files[file].problem(offset, message));
    }

    /// Something that is wrong with a watch, under one of its keys.
    pub(super) fn watch_problem(&mut self, watch: usize, keys: &[&str], message: String) {
        let (file, index) = self.origins[watch];
        let spot = self.files[file].spot.key("watch").index(index);
        let offset = keys.iter().fold(spot, |spot, key| spot.key(key)).value();
        self.problem(file, offset, message);
    }

    /// Something that is wrong with a key of a watch itself, not with its value.
    pub(super) fn watch_key_problem(&mut self, watch: usize, keys: &[&str], message: String) {
        let (file, index) = self.origins[watch];
        let spot = self.files[file].spot.key("watch").index(index);
        let offset = keys.iter().fold(spot, |spot, key| spot.key(key)).name();
        self.problem(file, offset, message);
    }

    /// Puts the problems in the order in which a person reads the files.
    pub(super) fn sort(&mut self) {
        let order: HashMap<PathBuf, usize> =
            self.files.iter().enumerate().map(|(order, file)| (file.path.clone(), order)).collect();
        self.problems.sort_by_cached_key(|p| (order.get(&p.path).copied(), p.clone()));
        self.problems.dedup();
    }

    /// What types cannot say.
    fn check(&mut self) {
        let config = std::mem::take(&mut self.config);
        self.check_main(&config);
        let mut met: HashMap<&str, usize> = HashMap::new();
        for (number, watch) in config.watches.iter().enumerate() {
            for (key, message) in watch.faults(&config.accounts) {
                self.watch_problem(number, &[key], message);
            }
            if let Some(first) = met.insert(&watch.id, number) {
                let (path, line) = self.place(first).unwrap_or((Path::new(""), 0));
                let other = format!("{}:{line}", path.display());
                let message = format!("two watches are called {:?} (the other: {other}): rename one", watch.id);
                self.watch_problem(number, &["id"], message);
            }
        }
        self.config = config;
        self.sort();
    }

    fn check_main(&mut self, config: &Config) {
        let Some(spot) = self.files.first().map(|file| file.spot.clone()) else { return };
        let zone = &config.organisation.time_zone;
        if jiff::tz::TimeZone::get(zone).is_err() {
            let message = format!("unknown time zone {zone:?}: write an IANA name such as \"Asia/Shanghai\"");
            self.problem(0, spot.key("organisation").key("time_zone").value(), message);
        }
        for (index, pair) in config.network.private.iter().enumerate().filter(|(_, pair)| pair_of(pair).is_none()) {
            let message = format!("{pair:?} is not host:port, for example \"127.0.0.1:8080\"");
            self.problem(0, spot.key("network").key("private").index(index).value(), message);
        }
        self.check_notify(&config.notify, spot.key("notify"));
        for (key, message) in config.sign_in.oidc.iter().flat_map(Oidc::faults) {
            self.problem(0, spot.key("sign_in").key("oidc").key(key).value(), message);
        }
        for (index, account) in config.accounts.iter().enumerate() {
            let spot = spot.key("account").index(index);
            let faults: Vec<Fault> = account.faults();
            for (key, message) in faults {
                self.problem(0, spot.key(key).value(), message);
            }
        }
        self.check_media(config, &spot);
    }

    fn check_media(&mut self, config: &Config, spot: &Spot) {
        let mut met: HashSet<&str> = HashSet::new();
        for (index, medium) in config.media.iter().enumerate() {
            let spot = spot.key("medium").index(index);
            for (key, message) in medium.faults() {
                self.problem(0, spot.key(key).value(), message);
            }
            let twice = medium.names.iter().chain(&medium.hosts).find(|word| !met.insert(word));
            if let Some(word) = twice {
                let message = format!("{word:?} names a medium already: keep it in one place");
                self.problem(0, spot.value(), message);
            }
        }
    }
}

impl Reading {
    fn check_notify(&mut self, notify: &Notify, spot: &Spot) {
        if let Some(message) = notify.link.as_deref().and_then(channel::address_fault) {
            self.problem(0, spot.key("link").value(), message);
        }
        if let Some(lang) = notify.lang.as_deref().filter(|lang| Lang::of_tag(lang).is_none()) {
            self.problem(0, spot.key("lang").value(), format!("{lang:?} is not spoken here: write zh-CN or en"));
        }
        for (index, channel) in notify.channels.iter().enumerate() {
            for (key, message) in channel.faults(&notify.channels) {
                self.problem(0, spot.key("channel").index(index).key(key).value(), message);
            }
        }
    }
}

/// What a file says, or shall say.
fn bytes_of(path: &Path, edited: Option<&Edited>) -> std::io::Result<Vec<u8>> {
    match edited.filter(|edited| edited.path == path) {
        Some(edited) => Ok(edited.text.clone().into_bytes()),
        None => bounded(path),
    }
}

/// Reads a file that a person wrote: not a device, not without end.
pub(super) fn bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        let what = format!("larger than {} MiB: split it into files of watches/", LARGEST >> 20);
        return Err(std::io::Error::other(what));
    }
    Ok(bytes)
}

/// The `.toml` files of a folder, by name; none when there is no such folder.
fn toml_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        // Editors leave files that begin with a dot.
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|extension| extension == "toml") && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
