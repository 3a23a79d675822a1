//! Which files of a data directory belong to a backup.
//!
//! What can be made again (`compiled/`), what is kept for a few days for authors of plugins (`fixtures/`), copies from before
//! conversions and drills, which are data directories of their own, do not.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{BackupError, failed};
use crate::directory::Directory;
use crate::evidence::vault;

/// Where evidence lies in a backup, and in a data directory.
pub const EVIDENCE: &str = "evidence";
/// Where keys lie.
pub const KEYS: &str = "keys";
/// Where credentials lie.
pub const SECRETS: &str = "secrets.toml";
/// What the operator writes beside the configuration.
const BESIDE: [&str; 5] = ["plan.toml", "calendar.toml", "wording.toml", "grants.toml", "demo.json"];
/// Folders that are taken with all files in them.
const FOLDERS: [&str; 3] = ["documents", "plugins", "reports"];

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it is called in the backup, with `/`.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
}

/// The files of a data directory besides its database; `config` becomes `caifeng.toml`, with the `watches/` beside it.
///
/// # Errors
/// A folder cannot be read.
pub fn of(directory: &Directory, config: &Path, secrets: bool) -> Result<Vec<Wanted>, BackupError> {
    let root = directory.path();
    let mut wanted = Vec::new();
    let mut file = |name: &str, path: PathBuf| {
        if path.is_file() {
            wanted.push(Wanted { name: name.to_owned(), path });
        }
    };
    file("caifeng.toml", config.to_owned());
    BESIDE.iter().for_each(|name| file(name, root.join(name)));
    if secrets {
        file(SECRETS, root.join(SECRETS));
    }
    let watches = config.with_file_name(crate::config::WATCHES);
    let mut folders = vec![(crate::config::WATCHES, watches)];
    folders.extend(FOLDERS.map(|name| (name, root.join(name))));
    if secrets {
        folders.push((KEYS, root.join(KEYS)));
    }
    for (name, path) in folders {
        within(name, &path, &mut wanted).map_err(failed(&path))?;
    }
    let evidence = directory.evidence();
    for file in vault::files(&evidence).map_err(failed(&evidence))? {
        wanted.push(Wanted { name: format!("{EVIDENCE}/{file}"), path: evidence.join(file) });
    }
    Ok(wanted)
}

/// The files of a folder and of the folders in it, in the order of their names; none where there is no folder.
fn within(name: &str, folder: &Path, wanted: &mut Vec<Wanted>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        // A link leads out of what the organisation keeps here; a name that is not Unicode is not ours.
        let Ok(own) = entry.file_name().into_string() else { continue };
        let (kind, name) = (entry.file_type()?, format!("{name}/{own}"));
        if kind.is_dir() {
            within(&name, &entry.path(), wanted)?;
        } else if kind.is_file() {
            wanted.push(Wanted { name, path: entry.path() });
        }
    }
    Ok(())
}

/// Whether a name in a backup leads to a place inside a data directory that backups fill. What is not on the list is not
/// written, whoever made the archive.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    let plain = |step: &str| !matches!(step, "" | "." | "..") && !step.contains(['\\', '\0']);
    if !name.split('/').all(plain) {
        return false;
    }
    match name.split_once('/') {
        None => name == "caifeng.toml" || name == SECRETS || name == super::DATABASE || BESIDE.contains(&name),
        Some((folder, _)) => {
            folder == crate::config::WATCHES || folder == KEYS || folder == EVIDENCE || FOLDERS.contains(&folder)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_names_places_inside_and_no_others() {
        for good in ["caifeng.db", "plan.toml", "watches/a.toml", "evidence/2026/07/a.warc.gz", "keys/author"] {
            assert!(is_ours(good), "{good}");
        }
        let bad =
            ["", "/etc/passwd", "../x", "evidence/../../x", "evidence//x", "evidence/", "caifeng.lock", "drills/a"];
        for bad in bad.into_iter().chain(["caifeng.db-wal", "keys", "evidence\\..\\x", "compiled/x", "./plan.toml"]) {
            assert!(!is_ours(bad), "{bad}");
        }
    }

    #[test]
    fn secrets_are_taken_only_when_they_are_asked_for() {
        let temp = tempfile::tempdir().unwrap();
        let directory = Directory::at(temp.path());
        for name in ["secrets.toml", "keys/author", "plan.toml", "watches/b.toml", "documents/ab/cd", "compiled/x"] {
            let path = temp.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        fs::write(directory.config(), "").unwrap();
        let names = |secrets| -> Vec<String> {
            of(&directory, &directory.config(), secrets).unwrap().into_iter().map(|wanted| wanted.name).collect()
        };
        assert_eq!(names(false), ["caifeng.toml", "plan.toml", "watches/b.toml", "documents/ab/cd"]);
        assert!(names(true).contains(&"secrets.toml".to_owned()) && names(true).contains(&"keys/author".to_owned()));
        assert!(names(true).iter().all(|name| is_ours(name)));
    }
}
