//! The plugins that are installed here: found, read once, listed, looked up.
//!
//! Shipped plugins stand beside the executable; an operator's own in `DATA/plugins`.
//! A file that is not a plugin is kept in the list with what is wrong with it:
//! a broken plugin must be seen, not skipped.
//!
//! How a plugin gets there: [`wishes`] says what it asks for, [`offer`] whether it may take the place that it names,
//! [`shelf`] keeps it, waiting or running. [`install`] takes these steps for whoever may, one at a time and each written
//! down; [`card`] tries the laws, [`trials`] does so aside. [`installed`] is what a sweep runs, [`oversight`] what is seen of
//! its calls.

pub mod card;
pub mod install;
pub mod installed;
pub mod offer;
pub mod oversight;
pub mod shelf;
pub mod suspension;
pub mod tally;
pub mod trials;
pub mod wishes;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use caifeng_plugin_host::artifact::{Artifact, ArtifactError, PluginKind};
use caifeng_plugin_host::asker::Asker;
use caifeng_plugin_host::classifier::Classifier;
use caifeng_plugin_host::engine::{Engine, LoadError};
use caifeng_plugin_host::source::Source;

/// Where a plugin came from; decides whether it needs a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Beside the executable: part of this release.
    Shipped,
    /// In the data directory: somebody else's, needs a grant.
    Installed,
}

/// One plugin file.
#[derive(Debug)]
pub struct Found {
    /// Where it lies.
    pub path: PathBuf,
    /// Where it came from.
    pub origin: Origin,
    /// The plugin, or what is wrong with the file.
    pub artifact: Result<Artifact, Arc<ArtifactError>>,
}

impl Found {
    /// Whether this is the plugin called `id`; a broken file is called what its name says.
    #[must_use]
    pub fn is_called(&self, id: &str) -> bool {
        match &self.artifact {
            Ok(artifact) => artifact.manifest().id == id,
            Err(_) => self.path.file_stem().is_some_and(|stem| stem == id),
        }
    }
}

/// Why a plugin cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The person who named it must name another or install it.
    #[error(
        "no plugin {id:?} is installed (installed: {installed}): caifeng plugin install takes one; those of the release belong into a folder plugins/ beside the executable"
    )]
    Missing {
        /// What was asked for.
        id: String,
        /// What there is.
        installed: String,
    },
    /// The file is there but is not a plugin.
    #[error("{}: {source}", path.display())]
    Broken {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: Arc<ArtifactError>,
    },
    /// It cannot be compiled or started.
    #[error("plugin {id:?}: {source}")]
    Unloadable {
        /// Which plugin.
        id: String,
        /// What is wrong.
        source: LoadError,
    },
    /// A directory cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Directory {
        /// Which directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Every plugin that is installed here.
#[derive(Debug, Default)]
pub struct Registry {
    /// Where it was read.
    directories: Vec<(PathBuf, Origin)>,
    found: Vec<Found>,
}

impl Registry {
    /// Reads the plugins of `directories`, shipped ones first. A directory that
    /// does not exist holds none.
    ///
    /// # Errors
    /// When a directory that exists cannot be read.
    pub fn read(directories: &[(PathBuf, Origin)]) -> Result<Self, PluginError> {
        let mut found: Vec<Found> = Vec::new();
        for (directory, origin) in directories {
            for path in wasm_files(directory)? {
                let bytes =
                    std::fs::read(&path).map_err(|source| PluginError::Directory { path: path.clone(), source })?;
                found.push(Found { path, origin: *origin, artifact: Artifact::read(bytes).map_err(Arc::new) });
            }
        }
        Ok(Self { directories: directories.to_vec(), found })
    }

    /// All files, broken ones included, in the order of the directories.
    #[must_use]
    pub fn all(&self) -> &[Found] {
        &self.found
    }

    /// The plugin called `id`; an installed one goes before a shipped one.
    ///
    /// # Errors
    /// When there is none, or its file is broken.
    pub fn find(&self, id: &str) -> Result<(&Found, &Artifact), PluginError> {
        let Some(found) = self.found.iter().rev().find(|found| found.is_called(id)) else {
            let ids: Vec<_> =
                self.found.iter().filter_map(|f| Some(f.artifact.as_ref().ok()?.manifest().id.clone())).collect();
            let installed = if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
            return Err(PluginError::Missing { id: id.to_owned(), installed });
        };
        match &found.artifact {
            Ok(artifact) => Ok((found, artifact)),
            Err(source) => Err(PluginError::Broken { path: found.path.clone(), source: Arc::clone(source) }),
        }
    }

    /// Whether the release has a plugin of this id.
    #[must_use]
    pub fn ships(&self, id: &str) -> bool {
        self.found.iter().any(|found| found.origin == Origin::Shipped && found.is_called(id))
    }

    /// The source called `id`, ready to crawl.
    ///
    /// # Errors
    /// When there is none, it is a classifier, or it cannot be loaded.
    pub fn source(&self, id: &str, engine: &Engine) -> Result<Source, PluginError> {
        let (_, artifact) = self.find(id)?;
        Source::load(engine, artifact).map_err(|source| PluginError::Unloadable { id: id.to_owned(), source })
    }

    /// The classifier called `id`, ready to classify.
    ///
    /// # Errors
    /// When there is none, it is a source, or it cannot be loaded.
    pub fn classifier(&self, id: &str, engine: &Engine) -> Result<Classifier, PluginError> {
        let (_, artifact) = self.find(id)?;
        Classifier::load(engine, artifact).map_err(|source| PluginError::Unloadable { id: id.to_owned(), source })
    }

    /// The asker called `id`, ready to ask.
    ///
    /// # Errors
    /// When there is none, it is of another kind, or it cannot be loaded.
    pub fn asker(&self, id: &str, engine: &Engine) -> Result<Asker, PluginError> {
        let (_, artifact) = self.find(id)?;
        Asker::load(engine, artifact).map_err(|source| PluginError::Unloadable { id: id.to_owned(), source })
    }

    /// Ids of all classifiers that are in order.
    #[must_use]
    pub fn classifiers(&self) -> Vec<String> {
        self.of_kind(PluginKind::Classifier)
    }

    /// Ids of all askers that are in order.
    #[must_use]
    pub fn askers(&self) -> Vec<String> {
        self.of_kind(PluginKind::Asker)
    }

    fn of_kind(&self, kind: PluginKind) -> Vec<String> {
        let artifacts = self.found.iter().filter_map(|found| found.artifact.as_ref().ok());
        let ids = artifacts.filter(|a| a.kind() == kind).map(|a| a.manifest().id.clone());
        // An installed one stands in for the shipped one of the same id.
        ids.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// The `.wasm` files of a directory, by name.
fn wasm_files(directory: &Path) -> Result<Vec<PathBuf>, PluginError> {
    let unreadable = |source| PluginError::Directory { path: directory.to_owned(), source };
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
