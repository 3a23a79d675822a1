//! A registry as `install`, `upgrade` and `publish` reach it.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use caifeng::clock::{Clock as _, SystemClock};
use caifeng::daemon::settings;
use caifeng::fetch::live::{Kept, Live};
use caifeng::fetch::registry::{Reference, RegistryError};

use super::super::serve::runtime;
use super::super::workplace::{self, DataArgs};
use super::super::{Exit, Failed, OrExit};
use super::secret;

/// Options of commands that go to a registry.
#[derive(Debug, clap::Args)]
pub(super) struct RegistryArgs {
    /// A file with USER:PASSWORD for the registry, which only you can read
    #[arg(long, value_name = "F")]
    login_file: Option<PathBuf>,
    /// Reach the registry without https; only one that [network] private of caifeng.toml lists
    #[arg(long)]
    plain_http: bool,
    /// Configuration [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
}

impl RegistryArgs {
    /// The place that was named, and how it is reached.
    pub(super) fn reference(&self, text: &str) -> Result<Reference, Failed> {
        let reference = text.parse::<Reference>().or_exit(Exit::Usage)?;
        Ok(reference.plain_http(self.plain_http).as_user(self.login()?))
    }

    fn login(&self) -> Result<Option<(String, String)>, Failed> {
        let Some(path) = &self.login_file else { return Ok(None) };
        let text = secret::line(path)?;
        let login = text.trim().split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()));
        login.with_context(|| format!("{}: write USER:PASSWORD", path.display())).or_exit(Exit::Usage).map(Some)
    }

    fn live(&self, data: &DataArgs) -> Result<Live, Failed> {
        let config = match data.directory() {
            Ok(directory) => workplace::config(self.config.as_ref(), &directory)?,
            Err(_) => None,
        };
        Live::new(settings(&config.unwrap_or_default()), Arc::new(|| SystemClock.now())).or_exit(Exit::Internal)
    }

    /// Fetches a plugin.
    pub(super) fn pull(&self, from: &str, data: &DataArgs) -> Result<Kept, Failed> {
        let (reference, live) = (self.reference(from)?, self.live(data)?);
        runtime()?.block_on(live.pull(&reference)).map_err(failed)
    }

    /// Publishes a plugin; the digest by which it can be named.
    pub(super) fn push(
        &self,
        to: &Reference,
        kept: &Kept,
        (exports, replace): (&[String], bool),
        data: &DataArgs,
    ) -> Result<String, Failed> {
        let live = self.live(data)?;
        runtime()?.block_on(live.push(to, kept, exports, replace)).map_err(failed)
    }
}

/// Who must act.
fn failed(error: RegistryError) -> Failed {
    let exit = match error {
        RegistryError::Reference(_)
        | RegistryError::Case(_)
        | RegistryError::Refused(_)
        | RegistryError::Plain(_)
        | RegistryError::Tags { named: false, .. } => Exit::Usage,
        RegistryError::Foreign(..) => Exit::Plugin,
        RegistryError::Denied(..) | RegistryError::Lies(..) | RegistryError::Taken { .. } => Exit::Refused,
        _ => Exit::Network,
    };
    Failed { exit, error: error.into() }
}
