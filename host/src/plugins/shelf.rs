//! Where installed plugins lie, and how one takes the place of another.
//!
//! | path in the data directory | what |
//! | --- | --- |
//! | `plugins/ID.wasm`, `ID.wasm.minisig` | the version that runs, and its signature |
//! | `plugins/waiting/ID.wasm`, … | one that nobody has allowed yet: nothing of it runs |
//! | `grants.toml` | what each exact file may reach |
//! | `signers.toml` | whose signature each has, and its last version: kept when it is removed |
//!
//! Each file is written aside and put in its place at once. The grant of a new version is written before the version
//! itself, and the old one's is taken away after it: whenever the machine stops, one of the two runs, with its own grant.

use std::io;
use std::path::{Path, PathBuf};

use caifeng_plugin_host::address::HostPattern;
use caifeng_plugin_host::artifact::Artifact;
use serde::{Deserialize, Serialize};

use super::offer::Pin;
use super::{Found, Origin, PluginError, Registry};
use crate::directory::Directory;
use crate::grant::{GrantError, Grants};

/// The shelf of one data directory.
#[derive(Clone, Debug)]
pub struct Shelf {
    directory: Directory,
}

/// Held by whoever changes what lies on a shelf.
#[derive(Debug)]
pub struct Turn {
    _lock: std::fs::File,
}

/// A plugin's file and its signature.
#[derive(Clone, Debug)]
pub struct Package {
    /// The file.
    pub artifact: Artifact,
    /// The text of the file beside it.
    pub signature: Option<String>,
}

/// Why the shelf cannot be read or changed: whoever runs the machine must act.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// A file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `signers.toml` is not what was written.
    #[error("signers.toml is damaged, restore it from a backup: {0}")]
    Signers(String),
    /// `grants.toml`.
    #[error(transparent)]
    Grants(#[from] GrantError),
    /// A plugin.
    #[error(transparent)]
    Plugin(#[from] PluginError),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signers {
    #[serde(default, rename = "plugin")]
    plugins: Vec<Pin>,
}

impl Shelf {
    /// That of a data directory, which need not be there yet.
    #[must_use]
    pub fn of(directory: &Directory) -> Self {
        Self { directory: directory.clone() }
    }

    /// Waits until nobody else changes what lies here, and lets nobody until it is dropped; also among processes.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn turn(&self) -> Result<Turn, ShelfError> {
        let path = self.directory.plugins_lock();
        let taken = || -> io::Result<std::fs::File> {
            self.directory.create().map_err(io::Error::other)?;
            let file = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        let lock = taken().map_err(|source| ShelfError::File { path: path.clone(), source })?;
        Ok(Turn { _lock: lock })
    }

    /// Where it stands which plugins rest.
    #[must_use]
    pub fn suspended(&self) -> PathBuf {
        self.directory.suspended()
    }

    /// The plugin of this id that is installed, with its signature.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub fn running(&self, id: &str) -> Result<Option<Package>, ShelfError> {
        packaged(self.installed(id)?)
    }

    /// The installed plugin of this id, if there is one.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub fn installed(&self, id: &str) -> Result<Option<Found>, ShelfError> {
        self.found(&self.directory.plugins(), id)
    }

    /// The plugin of this id that waits to be allowed.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub fn waiting(&self, id: &str) -> Result<Option<Package>, ShelfError> {
        packaged(self.found(&self.directory.waiting_plugins(), id)?)
    }

    /// All that wait.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn all_waiting(&self) -> Result<Registry, ShelfError> {
        Ok(Registry::read(&[(self.directory.waiting_plugins(), Origin::Installed)])?)
    }

    /// What is remembered of the plugin of this id.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn pin(&self, id: &str) -> Result<Option<Pin>, ShelfError> {
        Ok(self.signers()?.plugins.into_iter().find(|pin| pin.plugin == id))
    }

    /// Remembers it in place of what was remembered.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn remember(&self, pin: Pin) -> Result<(), ShelfError> {
        let mut signers = self.signers()?;
        signers.plugins.retain(|old| old.plugin != pin.plugin);
        signers.plugins.push(pin);
        self.write_signers(&mut signers)
    }

    /// Keeps a plugin without letting it run.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put_aside(&self, package: &Package) -> Result<(), ShelfError> {
        self.put(&self.directory.waiting_plugins(), package).map(drop)
    }

    /// Lets a plugin run with this grant, in place of what ran under its id.
    ///
    /// # Errors
    /// Something cannot be written; what ran before still does.
    pub fn let_run(&self, package: &Package, network: &[HostPattern]) -> Result<(), ShelfError> {
        let manifest = package.artifact.manifest();
        let (id, digest) = (&manifest.id, package.artifact.digest().to_string());
        let before = self.installed(id)?;
        let mut grants = self.grants_text()?;
        grants = Grants::with(&grants, id, &digest, network)?;
        self.write(&self.directory.grants(), grants.as_bytes())?;
        let path = self.put(&self.directory.plugins(), package)?;
        if let Some(old) = before.filter(|old| old.path != path) {
            remove(&old.path)?;
        }
        self.write(&self.directory.grants(), Grants::without(&grants, id, Some(&digest))?.as_bytes())?;
        self.forget_waiting(id)?;
        let signer = self.pin(id)?.and_then(|pin| pin.expected().cloned());
        self.remember(Pin { plugin: id.clone(), signer, version: Some(manifest.version.clone()), waiting: None })
    }

    /// Takes a plugin away, with its grants and what waits; its signer stays known unless `forget` says otherwise.
    /// `false`: there was none.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub fn take_away(&self, id: &str, forget: bool) -> Result<bool, ShelfError> {
        let text = self.grants_text()?;
        let without = Grants::without(&text, id, None)?;
        if without != text {
            self.write(&self.directory.grants(), without.as_bytes())?;
        }
        let waited = self.forget_waiting(id)?;
        let installed = self.installed(id)?;
        if let Some(found) = &installed {
            remove(&signature_of(&found.path))?;
            remove(&found.path)?;
        }
        if let Some(pin) = self.pin(id)? {
            if forget {
                let mut signers = self.signers()?;
                signers.plugins.retain(|pin| pin.plugin != id);
                self.write_signers(&mut signers)?;
            } else if pin.waiting.is_some() {
                self.remember(Pin { waiting: None, ..pin })?;
            }
        }
        Ok(waited || installed.is_some())
    }

    /// What the operator has granted.
    ///
    /// # Errors
    /// The file is wrong.
    pub fn grants(&self) -> Result<Grants, ShelfError> {
        Ok(Grants::read(&self.directory.grants())?)
    }

    fn found(&self, folder: &Path, id: &str) -> Result<Option<Found>, ShelfError> {
        let registry = Registry::read(&[(folder.to_owned(), Origin::Installed)])?;
        Ok(registry.found.into_iter().rev().find(|found| found.is_called(id)))
    }

    fn forget_waiting(&self, id: &str) -> Result<bool, ShelfError> {
        let Some(found) = self.found(&self.directory.waiting_plugins(), id)? else { return Ok(false) };
        remove(&signature_of(&found.path))?;
        remove(&found.path)?;
        Ok(true)
    }

    /// Writes a plugin and its signature into a folder.
    fn put(&self, folder: &Path, package: &Package) -> Result<PathBuf, ShelfError> {
        let path = folder.join(format!("{}.wasm", package.artifact.manifest().id));
        let beside = signature_of(&path);
        // A signature beside a file that it does not fit proves nothing; a missing one is seen.
        remove(&beside)?;
        self.write(&path, package.artifact.bytes())?;
        if let Some(text) = &package.signature {
            self.write(&beside, text.as_bytes())?;
        }
        Ok(path)
    }

    fn signers(&self) -> Result<Signers, ShelfError> {
        let path = self.directory.signers();
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|error| ShelfError::Signers(error.to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Signers::default()),
            Err(source) => Err(ShelfError::File { path, source }),
        }
    }

    fn write_signers(&self, signers: &mut Signers) -> Result<(), ShelfError> {
        signers.plugins.sort_by(|a, b| a.plugin.cmp(&b.plugin));
        let text = toml::to_string(signers).map_err(|error| ShelfError::Signers(error.to_string()))?;
        let head = "# Whose signature each plugin has (trust on first use), and its last version. Written by caifeng plugin.\n";
        self.write(&self.directory.signers(), format!("{head}{text}").as_bytes())
    }

    fn grants_text(&self) -> Result<String, ShelfError> {
        let path = self.directory.grants();
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(source) => Err(ShelfError::File { path, source }),
        }
    }

    /// Writes a file so that there is always all of it or nothing.
    fn write(&self, path: &Path, content: &[u8]) -> Result<(), ShelfError> {
        let write = || -> io::Result<()> {
            self.directory.create().map_err(io::Error::other)?;
            let folder = path.parent().unwrap_or_else(|| self.directory.path());
            std::fs::create_dir_all(folder)?;
            let mut draft = tempfile::Builder::new().prefix(".draft").tempfile_in(folder)?;
            io::Write::write_all(&mut draft, content)?;
            draft.as_file().sync_all()?;
            draft.persist(path).map_err(|error| error.error)?;
            std::fs::File::open(folder)?.sync_all()
        };
        write().map_err(|source| ShelfError::File { path: path.to_owned(), source })
    }
}

/// A file that was found, with the signature beside it.
fn packaged(found: Option<Found>) -> Result<Option<Package>, ShelfError> {
    let Some(found) = found else { return Ok(None) };
    let artifact = found.artifact.map_err(|source| PluginError::Broken { path: found.path.clone(), source })?;
    let beside = signature_of(&found.path);
    let signature = match std::fs::read_to_string(&beside) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(ShelfError::File { path: beside, source }),
    };
    Ok(Some(Package { artifact, signature }))
}

/// Where the signature of a plugin's file lies.
fn signature_of(path: &Path) -> PathBuf {
    path.with_extension("wasm.minisig")
}

/// Removes a file that may have gone already.
fn remove(path: &Path) -> Result<(), ShelfError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ShelfError::File { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}
