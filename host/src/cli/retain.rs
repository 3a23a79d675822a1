//! `caifeng retain`: let go of what is kept no longer.

use anyhow::anyhow;
use caifeng::control::{Asked, Line, Upkeep};
use caifeng::failed_call::FailedCalls;
use caifeng::retention::{self, Released};
use caifeng::store::{Reader, StoreError};

use super::hand::{PlaceArgs, ask};
use super::output::{Lines, note};
use super::workplace;
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng retain`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Deletes posts, evidence and sweeps that are kept no longer ([retention] in caifeng.toml), and captured pages with the words of a person who asked that they be deleted, as the daemon does once a day. What an open incident holds stays. Takes the system administrator, once there are users."
)]
pub(crate) struct Args {
    /// Only print what would go
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Runs `caifeng retain`.
pub(crate) fn run(args: &Args) -> Outcome {
    let released = if args.dry_run { would_go(args)? } else { release(args)? };
    let mut lines = Lines::new();
    if args.place.json {
        lines.json(&released).or_exit(Exit::Internal)?;
    } else {
        lines.text(told(&released, args.dry_run)).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    if released.later > 0 {
        note("a page that must go lies in a file that was written to just now: run it again in half a minute");
    }
    Ok(Exit::Done)
}

/// Reading needs nobody's leave.
fn would_go(args: &Args) -> Result<Released, Failed> {
    let directory = args.place.data.directory()?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let rules = workplace::config(args.place.config.as_ref(), &directory)?.unwrap_or_default().retention;
    let now = workplace::clock(&directory)?.now();
    let calls = FailedCalls::below(directory.failed_calls()).expired(now);
    let rest = retention::would_release(&reader, &directory.evidence(), &rules, now).or_exit(Exit::Internal)?;
    Ok(Released { calls, ..rest })
}

/// A store of an earlier version is converted when it is opened to write.
fn older(error: StoreError) -> Result<(), StoreError> {
    if matches!(error, StoreError::Older { .. }) { Ok(()) } else { Err(error) }
}

fn release(args: &Args) -> Result<Released, Failed> {
    let directory = args.place.data.directory()?;
    let instead = "nothing is kept for long in it: remove its directory when it is over";
    directory.not_in_a_drill(instead).or_exit(Exit::Refused)?;
    // Nothing is made where nothing was ever stored.
    Reader::open(directory.path()).map(drop).or_else(older).or_exit(Exit::Usage)?;
    let asked = Asked::Upkeep(Upkeep::Retain { token: args.place.token.read()? });
    let mut released = None;
    ask(&args.place, &directory, asked, |line| {
        if let Line::Released(went) = line {
            released = Some(went);
        }
    })?;
    released.ok_or_else(|| anyhow!("nothing was said of what went")).or_exit(Exit::Internal)
}

fn told(released: &Released, dry_run: bool) -> String {
    let Released { unmatched, matched, sweeps, captures, bytes, calls, contact_notes, .. } = released;
    let verb = if dry_run { "would go" } else { "gone" };
    format!(
        "{verb}: {unmatched} posts that mention nothing, {matched} mentions, {captures} exchanges ({bytes} bytes), {sweeps} sweeps, {calls} pages that a plugin could not read, {contact_notes} notes about contacts"
    )
}
