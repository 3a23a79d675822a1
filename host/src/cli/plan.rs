//! `caifeng plan`: what is done about an incident, by whom and until when.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use caifeng::calendar::Calendar;
use caifeng::clock::{Clock, SystemClock};
use caifeng::config::{self, ConfigError, Organisation};
use caifeng::lang::Lang;
use caifeng::plan::diff::{Change, diff};
use caifeng::plan::{Plan, show};
use clap::Subcommand;
use serde_json::{Value, json};

use super::config::problem_json;
use super::output::{Lines, note};
use super::workplace::DataArgs;
use super::{Exit, Failed, OrExit, Outcome};

/// What `caifeng plan diff` calls the plan that is in force without a file.
const BUILT_IN: &str = "built-in";

/// `caifeng plan`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a plan and the calendar beside it, and print everything that is wrong
    Check(CheckArgs),
    /// Print the plan in force, for people or as the file that it is
    Show(ShowArgs),
    /// Print what is different between two plans, rule by rule
    Diff(DiffArgs),
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// The file [default: plan.toml in the data directory, else the built-in plan]
    file: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// The file [default: plan.toml in the data directory, else the built-in plan]
    file: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    /// Print the file itself: where a plan of one's own begins
    #[arg(long, conflicts_with = "json")]
    toml: bool,
    /// Language of the text: zh-CN or en
    #[arg(long, value_name = "TAG", default_value = "en")]
    lang: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct DiffArgs {
    /// A plan: a file, or `built-in`
    a: PathBuf,
    /// Another
    b: PathBuf,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng plan`.
pub(crate) fn run(args: &Args) -> Outcome {
    match &args.command {
        Command::Check(args) => check(args),
        Command::Show(args) => print(args),
        Command::Diff(args) => compare(args),
    }
}

/// The plan that was named, else the one in force for a data directory.
fn plan(file: Option<&Path>, data: &DataArgs) -> Result<Result<Plan, ConfigError>, Failed> {
    Ok(match file {
        Some(file) => named(file),
        None => config::plan_beside(&data.directory()?.config()),
    })
}

fn named(file: &Path) -> Result<Plan, ConfigError> {
    if file.as_os_str() == BUILT_IN { Ok(Plan::built_in().clone()) } else { config::plan_at(file) }
}

fn check(args: &CheckArgs) -> Outcome {
    let (plan, calendar) = match (plan(args.file.as_deref(), &args.data)?, calendar(args)?) {
        (Ok(plan), Ok(calendar)) => (plan, calendar),
        (Err(error), _) | (_, Err(error)) => return refused(error, args.json),
    };
    let mut lines = Lines::new();
    if !args.json {
        let steps: usize = plan.playbooks.iter().map(|playbook| playbook.steps.len()).sum();
        let (version, digest, playbooks) = (&plan.version, plan.digest(), plan.playbooks.len());
        let (clocks, levels) = (plan.clocks.len(), plan.levels().len());
        let order = format!(
            "in order: version {version}, {playbooks} playbooks with {steps} steps, {clocks} clocks, {levels} levels, sha256 {digest}"
        );
        lines.text(order).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    let today = Organisation::default().day(SystemClock.now());
    if let Some(year) = calendar.missing(today) {
        note(format_args!(
            "no notice of holidays is known for {year}: write calendar.toml beside caifeng.toml, or working days count Monday to Friday"
        ));
    }
    Ok(Exit::Done)
}

/// Which days are worked; a file that is checked by itself has the built-in ones.
fn calendar(args: &CheckArgs) -> Result<Result<Calendar, ConfigError>, Failed> {
    Ok(match args.file {
        Some(_) => Ok(Calendar::built_in().clone()),
        None => config::calendar_beside(&args.data.directory()?.config()),
    })
}

fn refused(error: ConfigError, json: bool) -> Outcome {
    let ConfigError::Wrong(problems) = error else { return Err(error).or_exit(Exit::Usage) };
    let mut lines = Lines::new();
    for problem in &problems {
        if json { lines.json(&problem_json(problem)) } else { lines.text(problem) }.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    note(format_args!("{} problems", problems.len()));
    Ok(Exit::Usage)
}

fn print(args: &ShowArgs) -> Outcome {
    let lang = Lang::of_tag(&args.lang);
    let lang = lang.ok_or_else(|| anyhow!("--lang {:?}: write zh-CN or en", args.lang)).or_exit(Exit::Usage)?;
    let plan = plan(args.file.as_deref(), &args.data)?.or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    if args.toml {
        // Byte for byte, so that its SHA-256 is the plan's.
        lines.bytes(plan.text().as_bytes()).or_exit(Exit::Internal)?;
    } else if args.json {
        lines.json(&json!({ "digest": plan.digest(), "plan": plan })).or_exit(Exit::Internal)?;
    } else {
        for line in show::lines(&plan, lang) {
            lines.text(line).or_exit(Exit::Internal)?;
        }
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn compare(args: &DiffArgs) -> Outcome {
    let (a, b) = (named(&args.a).or_exit(Exit::Usage)?, named(&args.b).or_exit(Exit::Usage)?);
    let mut lines = Lines::new();
    let changes = diff(&a, &b);
    for change in &changes {
        if args.json { lines.json(change) } else { lines.text(change_line(change)) }.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    if changes.is_empty() {
        note("no rule is different");
    }
    Ok(Exit::Done)
}

fn change_line(change: &Change) -> String {
    let said = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let path = &change.path;
    match (&change.from, &change.to) {
        (Some(from), Some(to)) => format!("~ {path}: {} → {}", said(from), said(to)),
        (Some(from), None) => format!("- {path}: {}", said(from)),
        (None, Some(to)) => format!("+ {path}: {}", said(to)),
        (None, None) => path.clone(),
    }
}
