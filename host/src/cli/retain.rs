//! `caifeng retain`: let go of what is kept no longer.

use std::path::PathBuf;

use caifeng::clock::{Clock, SystemClock};
use caifeng::control::{self, Line, Refusal, Upkeep};
use caifeng::failed_call::FailedCalls;
use caifeng::retention::{self, Released};
use caifeng::store::Reader;
use tokio::sync::mpsc;

use super::output::Lines;
use super::serve::{open_as_it_is, runtime};
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng retain`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Deletes posts, evidence and sweeps that are kept no longer ([retention] in caifeng.toml), as the daemon does once a day. What an open incident holds stays."
)]
pub(crate) struct Args {
    /// Only print what would go
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    data: DataArgs,
    /// Configuration [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng retain`.
pub(crate) fn run(args: &Args) -> Outcome {
    let directory = args.data.directory()?;
    let released = if args.dry_run {
        let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
        let rules = workplace::config(args.config.as_ref(), &directory)?.unwrap_or_default().retention;
        let now = SystemClock.now();
        let calls = FailedCalls::below(directory.failed_calls()).expired(now);
        let rest = retention::would_release(&reader, &directory.evidence(), &rules, now).or_exit(Exit::Internal)?;
        Released { calls, ..rest }
    } else {
        // Nothing is made where nothing was ever stored.
        Reader::open(directory.path()).map(drop).or_else(older).or_exit(Exit::Usage)?;
        release(args)?
    };
    let mut lines = Lines::new();
    if args.json {
        lines.json(&released).or_exit(Exit::Internal)?;
    } else {
        lines.text(told(&released, args.dry_run)).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// A store of an earlier version is converted when it is opened to write.
fn older(error: caifeng::store::StoreError) -> Result<(), caifeng::store::StoreError> {
    if matches!(error, caifeng::store::StoreError::Older { .. }) { Ok(()) } else { Err(error) }
}

fn release(args: &Args) -> Result<Released, Failed> {
    let directory = args.data.directory()?;
    let instead = "nothing is kept for long in it: remove its directory when it is over";
    directory.not_in_a_drill(instead).or_exit(Exit::Refused)?;
    let runtime = runtime()?;
    if std::os::unix::net::UnixStream::connect(directory.socket()).is_ok() {
        return runtime.block_on(async {
            let (tell, mut told) = mpsc::channel(4);
            let socket = directory.socket();
            let given = tokio::spawn(async move { control::give(&socket, &Upkeep::Retain, &tell).await });
            let mut outcome = Err(Refusal::Internal("the daemon said nothing".to_owned()));
            while let Some(line) = told.recv().await {
                match line {
                    Line::Released(released) => outcome = Ok(released),
                    Line::Failed(refusal) => outcome = Err(refusal),
                    _ => {}
                }
            }
            given.await.or_exit(Exit::Internal)?.or_exit(Exit::Internal)?;
            outcome.or_exit(Exit::Internal)
        });
    }
    let daemon = open_as_it_is(&directory, args.config.as_ref())?;
    let released = daemon.sweeper.keeper().run(SystemClock.now());
    daemon.sweeper.store.close();
    released.or_exit(Exit::Internal)
}

fn told(released: &Released, dry_run: bool) -> String {
    let Released { unmatched, matched, sweeps, captures, bytes, calls } = released;
    let verb = if dry_run { "would go" } else { "gone" };
    format!(
        "{verb}: {unmatched} posts that mention nothing, {matched} mentions, {captures} exchanges ({bytes} bytes), {sweeps} sweeps, {calls} pages that a plugin could not read"
    )
}
