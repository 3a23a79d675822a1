//! Where a command works: directories, sandbox, plugins.
//!
//! The only module that looks at the environment and the home directory.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use caifeng::clock::steady::SteadyClock;
use caifeng::clock::{Clock, Pace, PacedClock, rfc3339};
use caifeng::config::{self, Config, Organisation};
use caifeng::demo::Demo;
use caifeng::directory::Directory;
use caifeng::drill::{DrillClock, DrillError};
use caifeng::plugins::{Origin, PluginError, Registry};
use caifeng::store::{Governing, Reader, Store};
use caifeng_plugin_host::contract::Timestamp;
use caifeng_plugin_host::engine::{CompiledCache, Engine, EngineConfig};
use jiff::tz::TimeZone;

use super::output::{self, note};
use super::{Exit, Failed, OrExit};

/// Options that name a data directory.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DataArgs {
    /// Data directory [default: $CAIFENG_DATA, else the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Options of commands that print all of a kind.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Print JSON Lines
    #[arg(long)]
    pub(crate) json: bool,
}

impl DataArgs {
    /// The data directory that was named, or the user's own. From here on everything that is printed says so when it
    /// is a drill.
    pub(crate) fn directory(&self) -> Result<Directory, Failed> {
        let directory = self.named()?;
        if let Some(path) = directory.way_out() {
            return Err(DrillError::WayOut(path)).or_exit(Exit::Usage);
        }
        if directory.is_drill() {
            output::mark_as_drill();
        }
        Ok(directory)
    }

    fn named(&self) -> Result<Directory, Failed> {
        if let Some(named) = self.data.clone().or_else(|| std::env::var_os("CAIFENG_DATA").map(PathBuf::from)) {
            return Ok(Directory::at(named));
        }
        user_folder("XDG_DATA_HOME", ".local/share")
            .map(|folder| Directory::at(folder.join("caifeng")))
            .context("no home directory is known: name a data directory with --data DIR")
            .or_exit(Exit::Usage)
    }
}

/// A folder of the user by the XDG base directory specification.
fn user_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(below_home)))
}

/// The file of the personal token, and whether somebody named it; `None` where no home directory is known.
pub(super) fn token_file(named: Option<&PathBuf>) -> Option<(PathBuf, bool)> {
    let named = named.cloned().or_else(|| std::env::var_os("CAIFENG_TOKEN").map(PathBuf::from));
    let own = || user_folder("XDG_CONFIG_HOME", ".config").map(|folder| (folder.join("caifeng/token"), false));
    named.map(|path| (path, true)).or_else(own)
}

/// The clock of a data directory: one that nobody can set while it runs, and that never goes back behind the record;
/// the demo's may be ahead, a drill has its own. A machine whose clock is behind is told so.
pub(super) fn clock(directory: &Directory) -> Result<Arc<dyn Clock>, Failed> {
    if directory.is_drill() {
        return Ok(Arc::new(DrillClock::new(directory).or_exit(Exit::Usage)?));
    }
    let ahead = Demo::ahead(directory).or_exit(Exit::Usage)?;
    if ahead != 0 {
        return Ok(Arc::new(PacedClock(Pace::ahead(ahead))));
    }
    // Where no record can be read there is none to go back behind: whoever opens it will say what is wrong.
    let latest = Reader::open(directory.path()).and_then(|reader| reader.latest()).ok().flatten();
    let clock = SteadyClock::after(latest.unwrap_or(Timestamp::MIN));
    if clock.off() != 0 {
        let (now, wall) = (clock.now(), clock.now().saturating_add(clock.off()));
        note(format_args!(
            "the machine's clock says {}, before the latest moment on record: times go on from there, it is {} here; whoever runs the machine must set its clock, or, if the record is wrong, run caifeng config trust-clock",
            rfc3339(wall),
            rfc3339(now)
        ));
    }
    Ok(Arc::new(clock))
}

/// Whether the person wants colours (<https://no-color.org>).
pub(crate) fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Reads the configuration that was named, else the one in the data directory;
/// `None` when there is neither.
pub(crate) fn config(named: Option<&PathBuf>, directory: &Directory) -> Result<Option<Config>, Failed> {
    let path = match named {
        Some(path) => path.clone(),
        None if directory.config().exists() => directory.config(),
        None => return Ok(None),
    };
    Config::read(&path).map(Some).or_exit(Exit::Usage)
}

/// Whose data directory it is: as the configuration that was named or lies in it says, or the demo's county.
pub(crate) fn organisation(named: Option<&PathBuf>, directory: &Directory) -> Result<Organisation, Failed> {
    let config = match config(named, directory)? {
        None if directory.demo().exists() => Demo::config().or_exit(Exit::Internal)?,
        config => config.unwrap_or_default(),
    };
    Ok(config.organisation)
}

/// Tells a store which plan governs here, and the organisation's time.
pub(crate) fn govern(store: &Store, directory: &Directory, zone: TimeZone) -> Result<(), Failed> {
    let plan = config::plan_beside(&directory.config()).or_exit(Exit::Usage)?;
    let calendar = config::calendar_beside(&directory.config()).or_exit(Exit::Usage)?;
    store.govern(plan, calendar, zone).or_exit(Exit::Internal)
}

/// Which plan governs what a reader reads: the one beside the configuration until something is decided.
pub(crate) fn governing(reader: &Reader, directory: &Directory) -> Result<Governing, Failed> {
    let plan = config::plan_beside(&directory.config()).or_exit(Exit::Usage)?;
    Ok(Governing::new(reader.clone(), Arc::new(plan)))
}

/// The plugins beside the executable and those of a data directory.
pub(crate) fn registry(directory: Option<&Directory>) -> Result<Arc<Registry>, Failed> {
    let mut directories = Vec::new();
    let executable = std::env::current_exe().and_then(std::fs::canonicalize).or_exit(Exit::Internal)?;
    // Beside the executable when installed; one up in a build tree (target/plugins).
    let shipped = executable.ancestors().skip(1).take(2).map(|folder| folder.join("plugins"));
    directories.extend(shipped.filter(|folder| folder.is_dir()).take(1).map(|folder| (folder, Origin::Shipped)));
    directories.extend(directory.map(|directory| (directory.plugins(), Origin::Installed)));
    Registry::read(&directories).map(Arc::new).or_exit(Exit::Plugin)
}

/// Who must act: whoever named a plugin that is not there, else the plugin's side.
pub(crate) fn plugin_fault(error: PluginError) -> Failed {
    let exit = if matches!(error, PluginError::Missing { .. }) { Exit::Usage } else { Exit::Plugin };
    Failed { exit, error: error.into() }
}

/// The sandbox, with compiled code kept in the data directory or, for commands
/// without one, in the user's cache folder. Where neither can be written every
/// plugin is compiled anew.
pub(crate) fn engine(directory: Option<&Directory>) -> Result<Engine, Failed> {
    Engine::new(EngineConfig { cache: compiled(directory), ..EngineConfig::default() }).or_exit(Exit::Internal)
}

/// Where compiled code is kept, if it can be.
pub(crate) fn compiled(directory: Option<&Directory>) -> Option<CompiledCache> {
    let cached =
        directory.cloned().or_else(|| Some(Directory::at(user_folder("XDG_CACHE_HOME", ".cache")?.join("caifeng"))));
    cached.and_then(|directory| match directory.key("compiled") {
        Ok(key) => Some(CompiledCache { dir: directory.compiled(), key }),
        Err(error) => {
            tracing::warn!("compiled plugins are not kept: {error}");
            None
        }
    })
}
