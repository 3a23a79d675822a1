//! The data directory: where everything that one organisation knows lies.
//!
//! | path | what | mode |
//! | --- | --- | --- |
//! | `caifeng.db` | the store | 0600 |
//! | `caifeng.lock` | held by the one process that owns the directory | |
//! | `caifeng.sock` | how other commands reach that process | 0600 |
//! | `documents/` | what shows that steps were done, by SHA-256 | 0700 |
//! | `evidence/` | what sites answered, as WARC files by day | 0700 |
//! | `keys/` | secrets: never in the database, never in a backup of it | 0700 |
//! | `plugins/` | plugins that the operator installed | |
//! | `plugins/waiting/` | plugins that nobody has allowed yet | |
//! | `plugins.lock` | held by whoever changes which there are | |
//! | `grants.toml` | what those may reach | |
//! | `signers.toml` | whose signatures they have | |
//! | `suspended.toml` | plugins that were at fault too often | 0600 |
//! | `secrets.toml` | what the operator lets plugins' requests carry | 0600, or refused |
//! | `certificate.pem`, `certificate-key.pem` | what the desk has of its own for HTTPS | 0600 |
//! | `caifeng.db.before-schema-N` | the store as it was before a conversion, for a week | 0600 |
//! | `backups/` | copies of all this that were made from the desk, without keys | 0700 |
//! | `compiled/` | machine code of plugins; may be deleted at any time | |
//! | `fixtures/` | pages that plugins could not read, for their authors | 0700 |
//! | `demo.json` | present when the directory holds the demo | |
//! | `drills/` | drills, each a data directory of its own | 0700 |
//! | `drill.json` | present when the directory is a drill: whatever would leave it asks for this first | |
//! | `case.json` | in a drill: the case that it replays | 0600 |
//! | `web.warc.gz` | in a drill: what its sites show | 0600 |
//! | `injected.jsonl` | in a drill: what its trainer has said | 0600 |
//! | `notices.jsonl` | in a drill: whom its clocks would have told | 0600 |

use std::fs::{DirBuilder, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The operator must make the directory usable.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct DirectoryError {
    path: PathBuf,
    source: std::io::Error,
}

/// Somebody wants to do in a drill what is only done where it is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is a drill: {0}")]
pub struct InDrill(pub &'static str);

/// Names the places inside a data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory(PathBuf);

impl Directory {
    /// Without touching the disk.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The socket of the process that owns the directory.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.0.join("caifeng.sock")
    }

    /// Plugins that the operator installed.
    #[must_use]
    pub fn plugins(&self) -> PathBuf {
        self.0.join("plugins")
    }

    /// Plugins that nobody has allowed yet.
    #[must_use]
    pub fn waiting_plugins(&self) -> PathBuf {
        self.plugins().join("waiting")
    }

    /// Held by whoever changes which plugins there are.
    #[must_use]
    pub fn plugins_lock(&self) -> PathBuf {
        self.0.join("plugins.lock")
    }

    /// Whose signatures plugins have.
    #[must_use]
    pub fn signers(&self) -> PathBuf {
        self.0.join("signers.toml")
    }

    /// Which plugins rest.
    #[must_use]
    pub fn suspended(&self) -> PathBuf {
        self.0.join("suspended.toml")
    }

    /// Secrets.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// What sites answered.
    #[must_use]
    pub fn evidence(&self) -> PathBuf {
        self.0.join("evidence")
    }

    /// What shows that steps were done.
    #[must_use]
    pub fn documents(&self) -> PathBuf {
        self.0.join("documents")
    }

    /// Regular reports, written as the plan wants them.
    #[must_use]
    pub fn reports(&self) -> PathBuf {
        self.0.join("reports")
    }

    /// Copies of all this that were made from the desk.
    #[must_use]
    pub fn backups(&self) -> PathBuf {
        self.0.join("backups")
    }

    /// What those plugins may reach.
    #[must_use]
    pub fn grants(&self) -> PathBuf {
        self.0.join("grants.toml")
    }

    /// The operator's credentials.
    #[must_use]
    pub fn secrets(&self) -> PathBuf {
        self.0.join("secrets.toml")
    }

    /// The certificate that the desk makes for itself.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.0.join("certificate.pem")
    }

    /// Its private key.
    #[must_use]
    pub fn certificate_key(&self) -> PathBuf {
        self.0.join("certificate-key.pem")
    }

    /// Machine code of plugins.
    #[must_use]
    pub fn compiled(&self) -> PathBuf {
        self.0.join("compiled")
    }

    /// Pages that plugins could not read.
    #[must_use]
    pub fn failed_calls(&self) -> PathBuf {
        self.0.join("fixtures")
    }

    /// The configuration that is used when none is named.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.0.join("caifeng.toml")
    }

    /// The mark of a directory that holds the demo.
    #[must_use]
    pub fn demo(&self) -> PathBuf {
        self.0.join("demo.json")
    }

    /// Where drills are, each a data directory of its own.
    #[must_use]
    pub fn drills(&self) -> PathBuf {
        self.0.join("drills")
    }

    /// The mark of a directory that is a drill.
    #[must_use]
    pub fn drill(&self) -> PathBuf {
        self.0.join("drill.json")
    }

    /// Whether this is a drill. Whatever sends, reaches or hands out asks this first, and does not do it here: nothing of
    /// a drill leaves it (P22).
    #[must_use]
    pub fn is_drill(&self) -> bool {
        self.drill().symlink_metadata().is_ok()
    }

    /// Refuses in a drill; `instead` says what happens there, or where to do it.
    ///
    /// # Errors
    /// This is one.
    pub fn not_in_a_drill(&self, instead: &'static str) -> Result<(), InDrill> {
        if self.is_drill() { Err(InDrill(instead)) } else { Ok(()) }
    }

    /// In a drill: the case that it replays.
    #[must_use]
    pub fn case(&self) -> PathBuf {
        self.0.join("case.json")
    }

    /// In a drill: what its sites show.
    #[must_use]
    pub fn web(&self) -> PathBuf {
        self.0.join("web.warc.gz")
    }

    /// In a drill: what its trainer has said.
    #[must_use]
    pub fn injected(&self) -> PathBuf {
        self.0.join("injected.jsonl")
    }

    /// In a drill: whom its clocks would have told.
    #[must_use]
    pub fn notices(&self) -> PathBuf {
        self.0.join("notices.jsonl")
    }

    /// Something in the directory of a drill that leads out of it: a link to a place elsewhere, or a file that has another
    /// name. `None` where there is none, and for the real thing, which may be laid out as its operator likes.
    #[must_use]
    pub fn way_out(&self) -> Option<PathBuf> {
        if !self.is_drill() {
            return None;
        }
        let entries = std::fs::read_dir(&self.0).ok()?.filter_map(Result::ok);
        let leads_out = |meta: &Metadata| meta.is_symlink() || meta.is_file() && meta.nlink() > 1;
        entries.map(|entry| entry.path()).find(|path| path.symlink_metadata().is_ok_and(|meta| leads_out(&meta)))
    }

    /// Whether nothing has been stored here yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.0.join("caifeng.db").exists() && !self.config().exists()
    }

    /// Makes the directory, readable by its owner only.
    ///
    /// # Errors
    /// Names the path that cannot be made.
    pub fn create(&self) -> Result<(), DirectoryError> {
        private_directory(&self.0)
    }

    /// A secret of 32 random bytes that is made when it is first asked for.
    ///
    /// # Errors
    /// Names the file that cannot be read or written. A file of another length
    /// is refused, never replaced: replacing a key orphans all that was made with it.
    pub fn key(&self, name: &str) -> Result<[u8; 32], DirectoryError> {
        let keys = self.keys();
        private_directory(&keys)?;
        let path = keys.join(name);
        let failed = |source| DirectoryError { path: path.clone(), source };
        let mut key = [0; 32];
        match OpenOptions::new().read(true).open(&path) {
            Ok(mut file) => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).map_err(failed)?;
                let wrong = || {
                    failed(std::io::Error::new(
                        ErrorKind::InvalidData,
                        "not a key of 32 bytes: restore it from where keys are kept",
                    ))
                };
                bytes.try_into().map_err(|_| wrong())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                getrandom::fill(&mut key).map_err(|error| failed(std::io::Error::other(error.to_string())))?;
                // Written aside and linked into place: a crash leaves no half a key, and of two processes one wins.
                let draft = keys.join(format!("{name}.{}", std::process::id()));
                let write = || -> std::io::Result<()> {
                    let mut file =
                        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
                    file.write_all(&key)?;
                    file.sync_all()?;
                    let linked = std::fs::hard_link(&draft, &path);
                    std::fs::remove_file(&draft)?;
                    linked
                };
                match write() {
                    Ok(()) => Ok(key),
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => self.key(name),
                    Err(error) => Err(failed(error)),
                }
            }
            Err(error) => Err(failed(error)),
        }
    }
}

fn private_directory(path: &Path) -> Result<(), DirectoryError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| DirectoryError { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_drill_has_no_way_out_and_the_real_thing_may() {
        let temp = tempfile::tempdir().unwrap();
        let directory = Directory::at(temp.path().join("d"));
        directory.create().unwrap();
        let real = temp.path().join("evidence");
        std::fs::create_dir(&real).unwrap();
        symlink(&real, directory.evidence()).unwrap();
        assert_eq!((directory.is_drill(), directory.way_out()), (false, None));
        std::fs::write(directory.drill(), "{}").unwrap();
        assert_eq!((directory.is_drill(), directory.way_out()), (true, Some(directory.evidence())));
        std::fs::remove_file(directory.evidence()).unwrap();
        assert_eq!(directory.way_out(), None);
        std::fs::write(temp.path().join("caifeng.db"), "real").unwrap();
        std::fs::hard_link(temp.path().join("caifeng.db"), directory.path().join("caifeng.db")).unwrap();
        assert_eq!(directory.way_out(), Some(directory.path().join("caifeng.db")));
    }

    #[test]
    fn a_key_is_made_once_is_private_and_is_never_replaced() {
        let temp = tempfile::tempdir().unwrap();
        let directory = Directory::at(temp.path().join("new/data"));
        let key = directory.key("author").unwrap();
        assert_eq!(key, directory.key("author").unwrap());
        assert_ne!(key, directory.key("other").unwrap());
        let path = directory.path().join("keys/author");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "short").unwrap();
        assert!(directory.key("author").unwrap_err().to_string().contains("32 bytes"));
        assert_eq!(std::fs::read(&path).unwrap(), b"short");
    }
}
