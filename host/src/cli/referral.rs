//! `caifeng referral`: handing a false and grave claim to the police, by two people, after a night.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use caifeng::clock::rfc3339;
use caifeng::directory::Directory;
use caifeng::handling::handout::{self, HandOutError};
use caifeng::handling::{Outcome as Done, What, document};
use caifeng::referral::Referral;
use caifeng::store::{Reader, ReferralRow, Referring, Sight};
use clap::Subcommand;

use super::deed::{ReasonArgs, With, act};
use super::output::{Lines, note};
use super::reply::At;
use super::workplace::{self, ListArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng referral`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Legal referrals. Only what is assessed as a rumour, makes a specific claim, is shown to be false by a document and has been rebutted in public can be proposed; criticism, opinion and the unverified never. It rests (24 hours by default), then the legal officer and the head agree, two different people; either ends it by refusing. A command names the referral with the version that you saw: 2@1."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print referrals: proposed, approved and refused ones, with their number
    List(ListArgs),
    /// Propose one
    Propose(ProposeArgs),
    /// Agree, as the legal officer or the head
    Approve(ReasonArgs),
    /// Do not agree: it is over
    Refuse(ReasonArgs),
    /// Hand an approved one out, with the page as it was captured; the record says so each time
    Export(ExportArgs),
}

#[derive(Debug, clap::Args)]
struct ProposeArgs {
    /// The incident
    incident: i64,
    /// The post that makes the claim, by the key that `caifeng incident show` prints
    #[arg(long, value_name = "KEY", allow_negative_numbers = true)]
    post: i64,
    /// The claim that is false, in one sentence
    #[arg(long, value_name = "T")]
    claim: String,
    /// A document that shows that it is false; may be repeated
    #[arg(long = "document", value_name = "F")]
    documents: Vec<PathBuf>,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, clap::Args)]
struct ExportArgs {
    /// The referral, and the version that you saw
    #[arg(value_name = "ID@VERSION")]
    at: At,
    /// The WARC file [default: referral-N.warc.gz]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    with: With,
}

/// Runs `caifeng referral`.
pub(crate) fn run(args: Args) -> Outcome {
    match args.command {
        Command::List(args) => list(&args),
        Command::Propose(args) => propose(args),
        Command::Approve(args) => take(Referring::Approve(args.at.0, args.reason), &args.with),
        Command::Refuse(args) => take(Referring::Refuse(args.at.0, args.reason), &args.with),
        Command::Export(args) => hand_out(&args),
    }
}

fn line(row: &ReferralRow) -> String {
    let ReferralRow { id, incident, referral } = row;
    let Referral { version, state, rests_until, legal, head, .. } = referral;
    let agreed = match (legal, head) {
        (None, None) => "nobody has agreed",
        (Some(_), None) => "legal has agreed",
        (None, Some(_)) => "the head has agreed",
        (Some(_), Some(_)) => "both have agreed",
    };
    let (state, rests) = (state.as_str(), rfc3339(*rests_until));
    format!("{id}@{version}  {state:<9}  incident {incident}  rests until {rests}  {agreed}")
}

fn list(args: &ListArgs) -> Outcome {
    let reader = Reader::open(args.data.directory()?.path()).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    for row in reader.referrals().or_exit(Exit::Internal)? {
        if args.json { lines.json(&row) } else { lines.text(line(&row)) }.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn done(referring: Referring, with: &With) -> Result<ReferralRow, Failed> {
    match act(&with.person, What::Refer(referring))? {
        Done::Referral(row) => Ok(row),
        _ => Err(anyhow!("nothing came of it")).or_exit(Exit::Internal),
    }
}

fn take(referring: Referring, with: &With) -> Outcome {
    print(&done(referring, with)?, with.json)
}

fn print(row: &ReferralRow, json: bool) -> Outcome {
    let mut lines = Lines::new();
    let printed = if json { lines.json(row) } else { lines.text(line(row)) };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn propose(args: ProposeArgs) -> Outcome {
    let folder = args.with.person.data.directory()?.documents();
    let keep = |path: &PathBuf| {
        let kept = document::keep(&folder, path);
        kept.with_context(|| format!("{}: cannot be kept", path.display())).or_exit(Exit::Usage)
    };
    let evidence = args.documents.iter().map(keep).collect::<Result<Vec<_>, _>>()?;
    let ProposeArgs { incident, post, claim, with, .. } = args;
    take(Referring::Propose { incident, post, claim, evidence }, &with)
}

/// Writes what is handed out, has the record say so, and leaves nothing behind when it refuses.
fn hand_out(args: &ExportArgs) -> Outcome {
    let (at, person) = (args.at.0, &args.with.person);
    let directory = person.data.directory()?;
    directory.not_in_a_drill("nobody is referred: the decision itself is the exercise").or_exit(Exit::Refused)?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let found = reader.referral(at.id).or_exit(Exit::Internal)?;
    let row = found.ok_or_else(|| anyhow!("no such referral: {}", at.id)).or_exit(Exit::Usage)?;
    let out = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("referral-{}.warc.gz", at.id)));
    let files = write(&reader, &directory, &row, &out)?;
    match record(args, at, &out) {
        Ok(row) => {
            note(format_args!("written: {}", files.join(", ")));
            print(&row, args.with.json)
        }
        Err(refused) => {
            files.iter().for_each(|file| drop(std::fs::remove_file(file)));
            Err(refused)
        }
    }
}

fn record(args: &ExportArgs, at: Sight, out: &Path) -> Result<ReferralRow, Failed> {
    let sha256 = document::digest(out).with_context(|| format!("{}: cannot be read", out.display()));
    done(Referring::Export(at, sha256.or_exit(Exit::Internal)?), &args.with)
}

fn write(reader: &Reader, directory: &Directory, row: &ReferralRow, out: &Path) -> Result<Vec<String>, Failed> {
    let now = workplace::clock(directory)?.now();
    let exported = handout::referral(reader, directory, row, out, now).map_err(|error| {
        let exit = if matches!(error, HandOutError::File(_)) { Exit::Usage } else { Exit::Internal };
        Failed { exit, error: error.into() }
    })?;
    exported.missing.iter().for_each(|line| note(format_args!("missing: {line}")));
    Ok(exported.files.iter().map(|path| path.display().to_string()).collect())
}
