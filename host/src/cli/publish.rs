//! `caifeng publish`: what the public may read (P24).

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use caifeng::document::html;
use caifeng::handling::{Outcome as Done, What};
use caifeng::lang::Lang;
use caifeng::store::{Reader, SummaryRow, Supervising};
use caifeng::supervision::Told;
use caifeng::supervision::page::{Frame, data, document, feed};
use clap::Subcommand;
use serde_json::json;

use super::deed::{ReasonArgs, SeenArgs, With, act};
use super::output::{Lines, note};
use super::reply::At;
use super::workplace::{self, DataArgs, ListArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng publish`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "What the public may read: of each incident a summary that staff wrote for everybody and another person approved; beside them how fast answers came, corrections, referrals made and refused, and how to contest. A text with a link, a mention, a long number or a name that the store knows is refused. `export` writes a page, a feed and data into a new folder, for you to put on your site; nothing is sent anywhere. A command names the summary with the version that you saw: 2@1."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print summaries: drafts, approved and withdrawn ones
    List(ListArgs),
    /// Write a summary of an incident for everybody
    Draft(DraftArgs),
    /// Write a summary anew; it must be approved again
    Redraft(RedraftArgs),
    /// Let the public read it: somebody else than who wrote it
    Approve(SeenArgs),
    /// Take it back, for a reason
    Withdraw(ReasonArgs),
    /// Write the page, the feed and the data into a new folder
    Export(ExportArgs),
}

#[derive(Debug, clap::Args)]
struct TextArgs {
    /// What was raised, in your own words
    #[arg(long, value_name = "T")]
    raised: String,
    /// What was answered, and what came of it
    #[arg(long, value_name = "T")]
    answered: String,
    /// What we had got wrong, and how it is right
    #[arg(long, value_name = "T")]
    corrected: Option<String>,
}

#[derive(Debug, clap::Args)]
struct DraftArgs {
    /// The incident
    incident: i64,
    #[command(flatten)]
    text: TextArgs,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, clap::Args)]
struct RedraftArgs {
    /// The summary, and the version that you saw
    #[arg(value_name = "ID@VERSION")]
    at: At,
    #[command(flatten)]
    text: TextArgs,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, clap::Args)]
struct ExportArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The folder, which must not exist yet
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Language of the page: zh-CN or en
    #[arg(long, value_name = "TAG", default_value = "zh-CN")]
    lang: String,
    /// Configuration, for name, zone and contact [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng publish`.
pub(crate) fn run(args: Args) -> Outcome {
    match args.command {
        Command::List(args) => list(&args),
        Command::Draft(args) => take(Supervising::Draft(args.incident, told(args.text)), &args.with),
        Command::Redraft(args) => take(Supervising::Redraft(args.at.0, told(args.text)), &args.with),
        Command::Approve(args) => take(Supervising::Approve(args.at.0), &args.with),
        Command::Withdraw(args) => take(Supervising::Withdraw(args.at.0, args.reason), &args.with),
        Command::Export(args) => export(&args),
    }
}

fn told(text: TextArgs) -> Told {
    Told { raised: text.raised, answered: text.answered, corrected: text.corrected }
}

fn line(row: &SummaryRow) -> String {
    let SummaryRow { id, incident, summary, told } = row;
    let raised = told.as_ref().map_or("(deleted)", |told| told.raised.as_str());
    let raised: String = raised.chars().take(60).collect();
    format!("{id}@{}  {:<9}  incident {incident}  {raised}", summary.version, summary.state.as_str())
}

fn list(args: &ListArgs) -> Outcome {
    let reader = Reader::open(args.data.directory()?.path()).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    for row in reader.summaries().or_exit(Exit::Internal)? {
        if args.json { lines.json(&row) } else { lines.text(line(&row)) }.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn take(wanted: Supervising, with: &With) -> Outcome {
    let Done::Public(row) = act(&with.person, What::Supervise(wanted))? else {
        return Err(anyhow!("nothing came of it")).or_exit(Exit::Internal);
    };
    let mut lines = Lines::new();
    let printed = if with.json { lines.json(&row) } else { lines.text(line(&row)) };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn export(args: &ExportArgs) -> Outcome {
    let lang = Lang::of_tag(&args.lang);
    let lang = lang.ok_or_else(|| anyhow!("--lang {:?}: write zh-CN or en", args.lang)).or_exit(Exit::Usage)?;
    let directory = args.data.directory()?;
    directory.not_in_a_drill("the public reads nothing of it").or_exit(Exit::Refused)?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let organisation = workplace::organisation(args.config.as_ref(), &directory)?;
    let now = workplace::clock(&directory)?.now();
    let (facts, held) = reader.public(now).or_exit(Exit::Internal)?;
    let (zone, contact) = (organisation.zone(), organisation.contact.as_deref());
    let frame = Frame { lang, zone: &zone, now, organisation: &organisation.name, contact };
    let created = std::fs::create_dir(&args.folder).with_context(|| args.folder.display().to_string());
    created.or_exit(Exit::Usage)?;
    put(&args.folder, "index.html", html::write(&document(&facts, &frame)).as_bytes())?;
    put(&args.folder, "feed.atom", feed(&facts, &frame).as_bytes())?;
    put(&args.folder, "data.json", format!("{:#}\n", data(&facts, &frame)).as_bytes())?;
    for (id, faults) in &held {
        let why: Vec<String> = faults.iter().map(ToString::to_string).collect();
        note(format_args!("summary {id} is held back: {}", why.join("; ")));
    }
    let mut lines = Lines::new();
    let (summaries, back) = (facts.summaries.len(), held.len());
    let printed = if args.json {
        lines.json(&json!({ "folder": args.folder, "summaries": summaries, "held_back": back }))
    } else {
        lines.text(format_args!("{}: {summaries} summaries, {back} held back", args.folder.display()))
    };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(if held.is_empty() { Exit::Done } else { Exit::Refused })
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Failed> {
    let path = folder.join(name);
    let file = std::fs::File::create_new(&path).with_context(|| path.display().to_string());
    let mut file = file.or_exit(Exit::Internal)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).or_exit(Exit::Internal)
}
