//! What `caifeng submit`, `caifeng import` and `caifeng reply receipt` share: where they work, and how something is handed in.

use std::path::PathBuf;

use anyhow::anyhow;
use caifeng::control::{self, Asked, Line, Refusal};
use caifeng::daemon::Daemon;
use caifeng::directory::Directory;
use caifeng::hand::{HandIn, Handing, Told};
use tokio::sync::mpsc;

use super::deed::{TokenArgs, account, refused};
use super::output::note;
use super::serve::{open_as_it_is, runtime};
use super::workplace::DataArgs;
use super::{Exit, Failed, OrExit};

#[derive(Debug, clap::Args)]
pub(super) struct PlaceArgs {
    #[command(flatten)]
    pub(super) data: DataArgs,
    #[command(flatten)]
    pub(super) token: TokenArgs,
    /// Configuration [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    pub(super) config: Option<PathBuf>,
    /// Print JSON Lines
    #[arg(long)]
    pub(super) json: bool,
}

/// Hands something in; passes on what is told.
pub(super) fn hand_in(
    args: &PlaceArgs,
    directory: &Directory,
    handing: Handing,
    mut told: impl FnMut(Told),
) -> Result<(), Failed> {
    let asked = Asked::HandIn(HandIn { token: args.token.read()?, handing });
    ask(args, directory, asked, |line| {
        if let Line::Handed(it) = line {
            told(*it);
        }
    })
}

/// Gives it to the daemon when one runs here, else takes the directory; passes on what comes of it.
pub(super) fn ask(
    args: &PlaceArgs,
    directory: &Directory,
    asked: Asked,
    mut came: impl FnMut(Line),
) -> Result<(), Failed> {
    let runtime = runtime()?;
    let (tell, mut lines) = mpsc::channel(64);
    let daemon = if std::os::unix::net::UnixStream::connect(directory.socket()).is_ok() {
        if args.config.is_some() {
            let what = "a daemon runs here with its own configuration: leave --config out, or start the daemon with it";
            return Err(anyhow!(what)).or_exit(Exit::Usage);
        }
        None
    } else {
        Some(open_as_it_is(directory, args.config.as_ref())?)
    };
    let (owner, socket, account) = (daemon.as_ref().map(Daemon::owner), directory.socket(), account(directory));
    let outcome = runtime.block_on(async {
        let work = tokio::spawn(async move {
            match owner {
                Some(owner) => asked.carry_out(&owner, account, &tell).await,
                None => {
                    let given = control::give(&socket, &asked, &tell).await;
                    given.map_err(|error| Refusal::Internal(error.to_string()))
                }
            }
        });
        let mut refusal = None;
        while let Some(line) = lines.recv().await {
            match line {
                Line::Note(line) => note(line),
                Line::Failed(failed) => refusal = Some(failed),
                line => came(line),
            }
        }
        let carried = work.await.or_exit(Exit::Internal)?;
        Ok::<_, Failed>(refusal.map_or(carried, Err))
    });
    if let Some(daemon) = daemon {
        daemon.sweeper.store.close();
    }
    outcome?.map_err(refused)
}
