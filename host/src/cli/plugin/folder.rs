//! Which plugin `test` and `check` are about, and where its fixtures lie.
//!
//! An author names the folder of the source, everybody else a `.wasm` or the id
//! of an installed plugin. For a folder the component is the one that was built
//! last, built anew when what it was made of has changed since; its fixtures are those
//! of the folder. For the others the fixtures are named, or those of the source
//! tree that the file was built in.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, anyhow};
use caifeng::directory::Directory;
use caifeng::plugins::card;
use caifeng_plugin_host::build::is_current;
use caifeng_plugin_host::fixture::{Fixture, Listed};

use super::super::output::note;
use super::super::workplace::{self, DataArgs};
use super::super::{Exit, Failed, OrExit};
use super::{build, named};

/// Names a plugin and its fixtures.
#[derive(Debug, clap::Args)]
pub(super) struct PluginArgs {
    /// A plugin's source folder, a .wasm file, or the id of an installed plugin
    #[arg(value_name = "PATH|ID", default_value = ".")]
    plugin: String,
    /// The folder of its fixtures [default: fixtures/ in the source folder]
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
}

/// As [`PluginArgs`], where the command's own argument is something else.
#[derive(Debug, clap::Args)]
pub(super) struct NamedArgs {
    /// The plugin: its source folder, a .wasm file, or the id of an installed one
    #[arg(long, value_name = "PATH|ID", default_value = ".")]
    plugin: String,
    /// The folder of its fixtures [default: fixtures/ in the source folder]
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
}

impl NamedArgs {
    /// The same plugin and fixtures.
    pub(super) fn plugin(&self) -> PluginArgs {
        PluginArgs { plugin: self.plugin.clone(), fixtures: self.fixtures.clone(), data: self.data.clone() }
    }
}

/// A file, not yet known to be a plugin, and where its fixtures lie, if that is known.
pub(super) struct Located {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// What it holds.
    pub(super) bytes: Vec<u8>,
    /// The folder of its fixtures.
    pub(super) fixtures: Option<PathBuf>,
}

/// A file, not yet known to be a plugin, and its fixtures.
pub(super) struct Subject {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// What it holds.
    pub(super) bytes: Vec<u8>,
    /// One directory each, with what is wrong with it if so.
    pub(super) fixtures: Vec<Listed>,
}

impl PluginArgs {
    /// A source folder with its own fixtures.
    pub(super) fn of(folder: &str, data: &DataArgs) -> Self {
        Self { plugin: folder.to_owned(), fixtures: None, data: data.clone() }
    }

    /// Finds the plugin, builds it where that is needed, and reads its fixtures.
    pub(super) fn subject(&self) -> Result<Subject, Failed> {
        let Located { path, bytes, fixtures } = self.located()?;
        let Some(fixtures) = fixtures else {
            let inside = inside(&bytes).with_context(|| path.display().to_string()).or_exit(Exit::Plugin)?;
            if inside.is_empty() {
                let what = "no fixtures are inside: name the folder of its fixtures with --fixtures DIR";
                return Err(anyhow!("{}: {what}", path.display())).or_exit(Exit::Usage);
            }
            return Ok(Subject { path, bytes, fixtures: inside });
        };
        if self.fixtures.is_some() && !fixtures.is_dir() {
            return Err(anyhow!("{}: no such folder", fixtures.display())).or_exit(Exit::Usage);
        }
        Ok(Subject { path, bytes, fixtures: Fixture::all(&fixtures).or_exit(Exit::Usage)? })
    }

    /// The data directory that was named, or the usual one.
    pub(super) fn directory(&self) -> Result<Directory, Failed> {
        self.data.directory()
    }

    /// Which data directory was named.
    pub(super) fn data(&self) -> &DataArgs {
        &self.data
    }

    /// The source folder, if that is what was named.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        Some(PathBuf::from(&self.plugin)).filter(|folder| folder.join("plugin.toml").is_file())
    }

    /// Finds the plugin and builds it where that is needed.
    pub(super) fn located(&self) -> Result<Located, Failed> {
        let folder = PathBuf::from(&self.plugin);
        let (path, usual) = if folder.join("plugin.toml").is_file() {
            (component(&folder)?, Some(folder.join("fixtures")))
        } else if folder.extension().is_some_and(|extension| extension == "wasm") {
            let usual = source_of(&folder);
            (folder, usual)
        } else if folder.is_dir() {
            return Err(anyhow!("{}: no plugin.toml: name the source folder of a plugin", folder.display()))
                .or_exit(Exit::Usage);
        } else {
            let directory = self.data.directory().ok();
            let registry = workplace::registry(directory.as_ref())?;
            let (path, _) = named(&registry, &self.plugin)?;
            let usual = source_of(&path);
            (path, usual)
        };
        let bytes = fs::read(&path).with_context(|| format!("{}: cannot be read", path.display()));
        let bytes = bytes.or_exit(Exit::Usage)?;
        Ok(Located { path, bytes, fixtures: self.fixtures.clone().or(usual) })
    }
}

/// The fixtures that a packed plugin carries; none of a file that is no plugin, of which its card will tell.
pub(super) fn inside(bytes: &[u8]) -> anyhow::Result<Vec<Listed>> {
    Ok(card::fixtures(bytes)?)
}

/// The component of a source folder: the one that was built last, unless what it was made of has changed since.
fn component(folder: &Path) -> Result<PathBuf, Failed> {
    let own = build::default_out(folder)?;
    let found = place(folder).unwrap_or(own);
    if is_current(folder, &found) {
        return Ok(found);
    }
    if found.exists() {
        note(format_args!("{} is older than its source: building it anew", found.display()));
    }
    build::built(folder, &found).map(|(path, _)| path)
}

/// Where the component of a source folder lies: a workspace keeps all of its plugins in target/plugins; a crate of its own has
/// its plugin in its own target folder. `None` where there is no manifest to name it.
pub(super) fn place(folder: &Path) -> Option<PathBuf> {
    let own = build::default_out(folder).ok()?;
    let absolute = fs::canonicalize(folder).ok()?;
    let shared = absolute.ancestors().map(|above| above.join("target/plugins")).find(|folder| folder.is_dir());
    Some(shared.map_or_else(|| own.clone(), |shared| shared.join(own.file_name().unwrap_or_default())))
}

/// The fixtures of the plugin in the source tree that a file was built in:
/// `plugins/ID/fixtures` beside `target/`.
fn source_of(wasm: &Path) -> Option<PathBuf> {
    let absolute = fs::canonicalize(wasm).ok()?;
    let id = absolute.file_stem()?;
    let mut above = absolute.ancestors().map(|above| above.join("plugins").join(id));
    above.find(|folder| folder.join("plugin.toml").is_file()).map(|folder| folder.join("fixtures"))
}

/// When source or fixtures were last changed, and how many files they are: one that is removed is a change too.
pub(super) fn last_change(folder: &Path) -> (Option<SystemTime>, usize) {
    let (mut newest, mut files) = (None, 0);
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            // What is built and fetched, and what is hidden: of git, or of an editor.
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            let skipped = hidden || ["target", "node_modules"].iter().any(|name| path.ends_with(name));
            if path.is_dir() && !skipped {
                folders.push(path);
            } else if path.is_file() && !hidden {
                files += 1;
                newest = newest.max(modified(&path));
            }
        }
    }
    (newest, files)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}
