//! `caifeng audit`: is the record what it was?

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use caifeng::incident::chain::{Checkpoint, Proof};
use caifeng::permission::Permission;
use caifeng::store::Reader;
use clap::Subcommand;
use serde_json::json;

use super::output::Lines;
use super::workplace::DataArgs;
use super::{Exit, OrExit, Outcome};

/// `caifeng audit …`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Walk the chain of events and check every link
    Verify(VerifyArgs),
    /// Print the hosts at which robots.txt is not asked, with since when and why
    Permissions(PermissionsArgs),
}

#[derive(Debug, clap::Args)]
struct PermissionsArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    #[command(flatten)]
    data: DataArgs,
    /// A checkpoint that was kept elsewhere: the JSON that an earlier `--json` run printed
    #[arg(long, value_name = "F")]
    checkpoint: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng audit …`.
pub(crate) fn run(args: &Args) -> Outcome {
    match &args.command {
        Command::Verify(args) => verify(args),
        Command::Permissions(args) => permissions(args),
    }
}

fn permissions(args: &PermissionsArgs) -> Outcome {
    let reader = Reader::open(args.data.directory()?.path()).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    for permission in reader.permissions().or_exit(Exit::Internal)? {
        if args.json {
            lines.json(&permission).or_exit(Exit::Internal)?;
            continue;
        }
        let Permission { host, reason, since } = permission;
        let since = jiff::Timestamp::from_second(since).map_or_else(|_| "?".to_owned(), |at| at.to_string());
        let reason = reason.as_deref().unwrap_or("(the reason has been deleted)");
        lines.text(format_args!("{host}  since {since}  {reason}")).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn verify(args: &VerifyArgs) -> Outcome {
    let checkpoint = args.checkpoint.as_ref().map(|path| {
        let text = std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
        let printed: serde_json::Value = serde_json::from_slice(&text)?;
        serde_json::from_value::<Checkpoint>(printed.get("checkpoint").cloned().unwrap_or(printed)).with_context(|| {
            format!("{}: not a checkpoint: keep what `caifeng audit verify --json` prints", path.display())
        })
    });
    let checkpoint = checkpoint.transpose().or_exit(Exit::Usage)?;
    let reader = Reader::open(args.data.directory()?.path()).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    match reader.verify_chain(checkpoint).or_exit(Exit::Internal)? {
        Ok(report) => {
            let anchored_to = checkpoint.filter(|_| report.proof == Proof::Anchored).map(|c| c.seq);
            let proof = match anchored_to {
                None => "consistent: no event was edited, inserted, swapped or removed from the middle; without a checkpoint kept elsewhere a shortened or wholly rewritten record is not seen".to_owned(),
                Some(seq) => format!("consistent, and up to event {seq} the record that the checkpoint saw, with nothing cut off or rewritten; what came later has no checkpoint yet"),
            };
            if args.json {
                lines.json(&json!({"ok": true, "events": report.head.seq, "proof": report.proof, "anchored_to": anchored_to, "checkpoint": report.head})).or_exit(Exit::Internal)?;
            } else {
                lines.text(format_args!("{} events, {proof}", report.head.seq)).or_exit(Exit::Internal)?;
            }
            lines.flush().or_exit(Exit::Internal)?;
            Ok(Exit::Done)
        }
        Err(broken) => {
            if args.json {
                let broken = json!({"ok": false, "error": broken.to_string()});
                lines.json(&broken).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
                return Ok(Exit::Refused);
            }
            Err(anyhow!(broken)).or_exit(Exit::Refused)
        }
    }
}
