//! `caifeng backup` and `caifeng restore`: a copy elsewhere, and back.

use std::path::PathBuf;

use caifeng::backup::{self, BackupError, Manifest, Order, restore};
use caifeng::clock::{Clock as _, SystemClock, rfc3339};
use caifeng::store::StoreError;
use serde_json::json;

use super::output::{Lines, note};
use super::workplace::DataArgs;
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng backup`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Copies a data directory while a daemon serves it: the store as one state, evidence, documents, reports, installed plugins and the configuration. The copy is read back and checked: each file against its hash, the database by SQLite's integrity check and by the chain of its events. Keys and credentials stay behind unless --with-secrets is said. The copy names people as the data directory does; it is readable by its owner only."
)]
pub(crate) struct Args {
    /// FILE.zip, or a folder; neither may exist
    #[arg(value_name = "FILE|DIR")]
    to: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Configuration [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Also copy keys/ and secrets.toml: whoever has this copy can read pseudonyms back and ask sites as you
    #[arg(long)]
    with_secrets: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// `caifeng restore`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Brings a backup back into a data directory that is empty or does not exist. Everything is checked on the way; where something does not fit, the directory is left empty. A backup of an earlier version is converted when the daemon starts."
)]
pub(crate) struct RestoreArgs {
    /// What caifeng backup wrote
    #[arg(value_name = "FILE|DIR")]
    from: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Who must act.
fn unmade(error: BackupError) -> Failed {
    let exit = match &error {
        BackupError::Drill(_) | BackupError::Damaged { .. } => Exit::Refused,
        BackupError::Store(StoreError::Damaged(_)) => Exit::Refused,
        BackupError::Store(StoreError::Disk(_) | StoreError::Internal(_)) => Exit::Internal,
        _ => Exit::Usage,
    };
    Failed { exit, error: error.into() }
}

/// Runs `caifeng backup`.
pub(crate) fn run(args: Args) -> Outcome {
    let Args { to, data, config, with_secrets, json } = args;
    let directory = data.directory()?;
    let config = config.unwrap_or_else(|| directory.config());
    let order = Order { directory, config, secrets: with_secrets, to, now: rfc3339(SystemClock.now()) };
    let manifest = backup::make(&order).map_err(unmade)?;
    print("written and checked", &order.to, &manifest, json)?;
    if !with_secrets {
        note(
            "keys/ and secrets.toml are not in it: keep them elsewhere; without them what is brought back has other pseudonyms",
        );
    }
    let Some(first) = manifest.missing.first() else { return Ok(Exit::Done) };
    note(format_args!(
        "evidence was missing before and is not in it: {} files, such as {first}: bring it back from an earlier backup",
        manifest.missing.len()
    ));
    Ok(Exit::Refused)
}

/// Runs `caifeng restore`.
pub(crate) fn run_restore(args: RestoreArgs) -> Outcome {
    let RestoreArgs { from, data, json } = args;
    let directory = data.directory()?;
    let manifest = restore::restore(&from, &directory).map_err(unmade)?;
    print("brought back and checked", &directory.path().to_owned(), &manifest, json)?;
    if !manifest.secrets {
        note(
            "before the first start, put keys/ and secrets.toml back from where they are kept: without keys/author new posts get other pseudonyms, without keys/sign-in nobody's second factor works",
        );
    }
    Ok(Exit::Done)
}

fn print(done: &str, place: &PathBuf, manifest: &Manifest, json: bool) -> Result<(), Failed> {
    let bytes: u64 = manifest.files.values().map(|entry| entry.bytes).sum();
    let Manifest { program, made, schema, record, secrets, files, .. } = manifest;
    let (count, events) = (files.len(), record.seq);
    let mut lines = Lines::new();
    let printed = if json {
        lines.json(&json!({"path": place, "made": made, "program": program, "schema": schema, "files": count, "bytes": bytes, "events": events, "record": record, "secrets": secrets}))
    } else {
        let place = place.display();
        lines.text(format_args!(
            "{done}: {place}: {count} files, {bytes} bytes, {events} events, schema {schema}, as of {made}"
        ))
    };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)
}
