//! `caifeng config`: is the configuration right, and what does it come to.

use std::path::PathBuf;

use anyhow::anyhow;
use caifeng::clock::rfc3339;
use caifeng::config::{Config, Problem, Reading};
use caifeng::directory::Directory;
use caifeng::handling::{Outcome as Done, What};
use clap::Subcommand;
use serde_json::json;

use super::deed::{PersonArgs, act};
use super::output::{Lines, note};
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng config`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check topics, watches, classifiers and grants, and print everything that is wrong
    Check(FileArgs),
    /// Print the configuration in force: main file, watches/*.toml and defaults together
    Show(FileArgs),
    /// Believe the machine's clock, when the record is ahead of it because the clock once was
    TrustClock(TrustArgs),
}

#[derive(Debug, clap::Args)]
#[command(
    long_about = "Times never go back: Caifeng goes on from the latest moment on record when the machine's clock is behind it, and says so. That is right when the clock is wrong, which whoever runs the machine then sets. When it is the record that is wrong, because the clock was ahead for a while, this makes Caifeng believe the clock again; an event says so. Incidents that were decided upon under the wrong time take no decision before that time. A daemon that runs goes on as it is until it is started again. Takes the system administrator, once there are users."
)]
struct TrustArgs {
    #[command(flatten)]
    person: PersonArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct FileArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Configuration [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng config`.
pub(crate) fn run(args: &Args) -> Outcome {
    match &args.command {
        Command::Check(args) => check(args),
        Command::Show(args) => show(args),
        Command::TrustClock(args) => trust_clock(args),
    }
}

fn trust_clock(args: &TrustArgs) -> Outcome {
    let Done::Trusted(record, wall) = act(&args.person, What::TrustClock)? else {
        return Err(anyhow!("nothing came of it")).or_exit(Exit::Internal);
    };
    let (wall, record) = (rfc3339(wall), record.map(rfc3339));
    let mut lines = Lines::new();
    let printed = match &record {
        _ if args.json => lines.json(&json!({"clock": wall, "record": record})),
        Some(record) => lines.text(format_args!("the machine's clock is believed: {wall}; the record said {record}")),
        None => lines.text(format_args!("the record is not ahead of the machine's clock: {wall}")),
    };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn read(args: &FileArgs) -> Result<(Reading, Directory), Failed> {
    let directory = args.data.directory()?;
    let path = args.config.clone().unwrap_or_else(|| directory.config());
    if args.config.is_none() && !path.exists() {
        let what = format!("there is no configuration: write {}, or name a file with --config", path.display());
        return Err(anyhow!(what)).or_exit(Exit::Usage);
    }
    Ok((Reading::read(&path).or_exit(Exit::Usage)?, directory))
}

fn check(args: &FileArgs) -> Outcome {
    let (mut reading, directory) = read(args)?;
    let registry = workplace::registry(Some(&directory))?;
    reading.check_against(&registry, &directory.grants());
    if !reading.config.classifiers.is_empty() {
        reading.check_classifiers(&registry, &workplace::engine(None)?);
    }
    let mut lines = Lines::new();
    for problem in reading.problems() {
        if args.json { lines.json(&problem_json(problem)) } else { lines.text(problem) }.or_exit(Exit::Internal)?;
    }
    let (problems, files) = (reading.problems().len(), reading.paths().count());
    let Config { topics, watches, accounts, .. } = &reading.config;
    if problems == 0 && !args.json {
        let (topics, watches, accounts) = (topics.len(), watches.len(), accounts.len());
        let line = format!("{files} files in order: {topics} topics, {watches} watches, {accounts} accounts");
        lines.text(line).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    if problems == 0 {
        return Ok(Exit::Done);
    }
    note(format_args!("{problems} problems in {files} files"));
    Ok(Exit::Usage)
}

/// One thing that is wrong with a file, as a line of JSON.
pub(super) fn problem_json(problem: &Problem) -> serde_json::Value {
    let (line, column) = problem.at.unzip();
    json!({ "path": problem.path, "line": line, "column": column, "message": problem.message })
}

fn show(args: &FileArgs) -> Outcome {
    let config = read(args)?.0.into_config().or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    if args.json {
        lines.json(&config).or_exit(Exit::Internal)?;
    } else {
        // A table that nobody can read is a fault of ours: every part of the configuration came from one.
        lines.text(config.to_toml().or_exit(Exit::Internal)?.trim_end()).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}
