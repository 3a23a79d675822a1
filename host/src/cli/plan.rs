//! `caifeng plan`: what is done about an incident, by whom and until when; another plan is proposed by one person and put into
//! force by another, in a running daemon too.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use caifeng::calendar::Calendar;
use caifeng::clock::{Clock, SystemClock, rfc3339};
use caifeng::config::{self, ConfigError, Organisation};
use caifeng::control::Asked;
use caifeng::lang::Lang;
use caifeng::plan::diff::{Change, diff};
use caifeng::plan::{Plan, show};
use caifeng::planning::{self, Planning, Wish};
use caifeng::store::{PlanProposal, Reader};
use clap::Subcommand;
use serde_json::{Value, json};

use super::config::problem_json;
use super::hand::{PlaceArgs, ask};
use super::output::{Lines, note};
use super::workplace::{DataArgs, ListArgs};
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
    /// Propose another plan, as the system administrator; it is in force once somebody who decides says so
    Propose(ProposeArgs),
    /// Print what is proposed: by whom, why, and what would be different
    Proposals(ListArgs),
    /// Put a proposed plan into force at once, as the leading group or its head
    Adopt(NamedArgs),
    /// Drop a proposed plan
    Drop(NamedArgs),
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

#[derive(Debug, clap::Args)]
struct ProposeArgs {
    /// The plan
    file: PathBuf,
    /// Why
    #[arg(long, value_name = "R")]
    reason: String,
    /// The plan in force that you saw, by its SHA-256 [default: that of `caifeng plan show` for the same data directory]
    #[arg(long, value_name = "DIGEST")]
    seen: Option<String>,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Debug, clap::Args)]
struct NamedArgs {
    /// The plan, by the SHA-256 that `caifeng plan proposals` prints
    digest: String,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Runs `caifeng plan`.
pub(crate) fn run(args: &Args) -> Outcome {
    match &args.command {
        Command::Check(args) => check(args),
        Command::Show(args) => print(args),
        Command::Diff(args) => compare(args),
        Command::Propose(args) => propose(args),
        Command::Proposals(args) => proposals(args),
        Command::Adopt(args) => {
            have(&args.place, Wish::Adopt(args.digest.clone()), &args.digest, ("adopted", "in force from now on"))
        }
        Command::Drop(args) => {
            have(&args.place, Wish::Drop(args.digest.clone()), &args.digest, ("dropped", "proposed no longer"))
        }
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

/// Where the plan in force stands for a daemon with the configuration of these options.
fn in_force(place: &PlaceArgs) -> Result<Plan, Failed> {
    let config = match &place.config {
        Some(config) => config.clone(),
        None => place.data.directory()?.config(),
    };
    config::plan_beside(&config).or_exit(Exit::Usage)
}

fn propose(args: &ProposeArgs) -> Outcome {
    // What is proposed has its lines ended in one way, whatever the file's are.
    let read = |plan: Plan| planning::read(plan.text()).map_err(ConfigError::Wrong);
    let plan = match config::plan_at(&args.file).and_then(read) {
        Ok(plan) => plan,
        Err(error) => return refused(error, args.place.json),
    };
    let seen = match &args.seen {
        Some(seen) => seen.clone(),
        None => in_force(&args.place)?.digest(),
    };
    let (digest, text) = (plan.digest(), plan.text().to_owned());
    let wish = Wish::Propose { text, seen, reason: args.reason.clone() };
    let told = "proposed: somebody who decides puts it into force with caifeng plan adopt";
    have(&args.place, wish, &digest, ("proposed", told))
}

/// Has something become of plans: by the daemon when one runs here, else by taking the directory.
fn have(place: &PlaceArgs, planning: Wish, digest: &str, (came, words): (&str, &str)) -> Outcome {
    let directory = place.data.directory()?;
    // Nothing is made where nobody was ever added.
    Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let asked = Asked::Plan(Planning { token: place.token.read()?, planning });
    ask(place, &directory, asked, |_| ())?;
    let mut lines = Lines::new();
    let printed = if place.json {
        lines.json(&json!({ "plan": digest, "came": came }))
    } else {
        lines.text(format!("{digest}  {words}"))
    };
    printed.or_exit(Exit::Internal)?;
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn proposals(args: &ListArgs) -> Outcome {
    let directory = args.data.directory()?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    match reader.plan_proposal().or_exit(Exit::Internal)? {
        Some(proposal) => {
            let before = config::plan_beside(&directory.config()).or_exit(Exit::Usage)?;
            let changes = planning::read(&proposal.text).map(|plan| diff(&before, &plan)).unwrap_or_default();
            let PlanProposal { plan, before, reason, user, at, .. } = proposal;
            if args.json {
                let told = json!({ "plan": plan, "before": before, "by": user, "at": rfc3339(at), "reason": reason, "changes": changes });
                lines.json(&told).or_exit(Exit::Internal)?;
            } else {
                let reason = reason.replace(char::is_control, " ");
                lines
                    .text(format!("{plan}  proposed by {user} at {}: {reason}", rfc3339(at)))
                    .or_exit(Exit::Internal)?;
                for change in &changes {
                    lines.text(format!("  {}", change_line(change))).or_exit(Exit::Internal)?;
                }
            }
        }
        None => note("no plan is proposed"),
    }
    lines.flush().or_exit(Exit::Internal)?;
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
