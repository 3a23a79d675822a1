//! `caifeng config`: is the configuration right, and what does it come to.

use std::path::PathBuf;

use anyhow::anyhow;
use caifeng::config::{Config, Problem, Reading};
use caifeng::directory::Directory;
use clap::Subcommand;
use serde_json::json;

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
    }
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
