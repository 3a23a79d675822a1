//! `caifeng audit`: is the record what it was?

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use caifeng::handling::checkpoint::{self, Key, Unproven};
use caifeng::handling::{Outcome as Done, What};
use caifeng::incident::chain::{Checkpoint, Proof};
use caifeng::permission::Permission;
use caifeng::store::Reader;
use clap::Subcommand;
use serde_json::json;

use super::deed::{PersonArgs, act};
use super::output::{Lines, note};
use super::workplace::DataArgs;
use super::{Exit, Failed, OrExit, Outcome};

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
    /// Sign where the record stands now, to be kept elsewhere
    Checkpoint(CheckpointArgs),
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
#[command(
    long_about = "Prints a signed checkpoint of the record as JSON, for the audit administrator. Keep it where the database is not: `caifeng audit verify --checkpoint F` then proves that nothing up to it was cut off or rewritten. The key lies in keys/checkpoint of the data directory; its public half is in the checkpoint."
)]
struct CheckpointArgs {
    #[command(flatten)]
    person: PersonArgs,
}

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    #[command(flatten)]
    data: DataArgs,
    /// A checkpoint that was kept elsewhere: what `caifeng audit checkpoint` printed
    #[arg(long, value_name = "F")]
    checkpoint: Option<PathBuf>,
    /// The public key that signed it, in hex [default: that of the data directory]
    #[arg(long, value_name = "HEX", requires = "checkpoint")]
    key: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng audit …`.
pub(crate) fn run(args: &Args) -> Outcome {
    match &args.command {
        Command::Verify(args) => verify(args),
        Command::Checkpoint(args) => checkpoint(args),
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

fn checkpoint(args: &CheckpointArgs) -> Outcome {
    if let Done::Checkpoint(signed) = act(&args.person, What::Checkpoint)? {
        let mut lines = Lines::new();
        lines.json(&signed).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
        note("keep it where the database is not; caifeng audit verify --checkpoint F holds the record against it");
    }
    Ok(Exit::Done)
}

/// The checkpoint of a file, once its signature has been checked; one without is worth what its keeper is.
fn kept(args: &VerifyArgs, path: &Path) -> Result<Checkpoint, Failed> {
    let text =
        std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display())).or_exit(Exit::Usage)?;
    let own = || args.data.directory()?.key(checkpoint::KEY).map(|key| Key::new(&key).public()).or_exit(Exit::Usage);
    let trusted = args.key.clone().map_or_else(own, Ok)?;
    let brought = checkpoint::brought(&text, &trusted).map_err(|error| Failed {
        exit: if error == Unproven::NotOne { Exit::Usage } else { Exit::Refused },
        error: anyhow!(error).context(path.display().to_string()),
    })?;
    if !brought.signed {
        note(format_args!("{}: not signed: it proves as much as the place where it was kept", path.display()));
    }
    Ok(brought.checkpoint)
}

fn verify(args: &VerifyArgs) -> Outcome {
    let checkpoint = args.checkpoint.as_deref().map(|path| kept(args, path)).transpose()?;
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
