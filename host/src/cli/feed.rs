//! `caifeng feed`: addresses to which calendars and readers subscribe.

use anyhow::anyhow;
use caifeng::clock::rfc3339;
use caifeng::feed::{Feed, Kind};
use caifeng::handling::{Outcome as Done, What};
use caifeng::store::{Feeding, Reader};
use caifeng::user::token::Token;
use clap::Subcommand;

use super::deed::With;
use super::deed::act;
use super::output::{Lines, note};
use super::reply::lang;
use super::workplace::ListArgs;
use super::{Exit, OrExit, Outcome};

/// `caifeng feed`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Addresses to which calendars and readers subscribe: clocks and disclosures as iCalendar, incidents and regular reports as Atom. The page serves each at an address with a secret in it, which is printed once; whoever has it can read the feed until it is revoked. A feed holds numbers, categories, moments and titles that staff wrote, and no word that somebody posted."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an address, and print it once
    Add(AddArgs),
    /// Print feeds
    List(ListArgs),
    /// Let nobody read it any more
    Revoke(RevokeArgs),
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::from_name(text).ok_or_else(|| format!("no such feed: one of {}", Kind::ALL.map(Kind::as_str).join(", ")))
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// clocks, disclosures, incidents or reports
    #[arg(value_parser = kind)]
    kind: Kind,
    /// In which language it speaks: zh-CN or en
    #[arg(long, value_name = "TAG", default_value = "zh-CN")]
    lang: String,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, clap::Args)]
struct RevokeArgs {
    /// The feed
    feed: i64,
    #[command(flatten)]
    with: With,
}

/// Runs `caifeng feed`.
pub(crate) fn run(args: Args) -> Outcome {
    match args.command {
        Command::Add(args) => {
            let tag = lang(&args.lang)?.code().to_owned();
            take(Feeding::Add(args.kind, tag), &args.with)
        }
        Command::Revoke(args) => take(Feeding::Revoke(args.feed), &args.with),
        Command::List(args) => list(&args),
    }
}

fn line(feed: &Feed) -> String {
    let Feed { id, kind, lang, made, made_by, revoked } = feed;
    let revoked = revoked.map_or_else(String::new, |at| format!("  revoked {}", rfc3339(at)));
    format!("{id}  {}  {lang}  made {} by {made_by}{revoked}", kind.as_str(), rfc3339(*made))
}

/// Where the page serves it.
fn path(feed: &Feed, token: &Token) -> String {
    format!("/feeds/{}/{}", token.written(), feed.kind.file())
}

fn take(feeding: Feeding, with: &With) -> Outcome {
    let Done::Feed(feed, token) = act(&with.person, What::Feed(feeding))? else {
        return Err(anyhow!("nothing came of it")).or_exit(Exit::Internal);
    };
    let path = token.map(|token| path(&feed, &token));
    let mut lines = Lines::new();
    if with.json {
        let mut told = serde_json::to_value(&feed).or_exit(Exit::Internal)?;
        told["path"] = path.clone().into();
        lines.json(&told).or_exit(Exit::Internal)?;
    } else {
        lines.text(line(&feed)).or_exit(Exit::Internal)?;
        if let Some(path) = &path {
            lines.text(path).or_exit(Exit::Internal)?;
        }
    }
    lines.flush().or_exit(Exit::Internal)?;
    if path.is_some() {
        note("shown this once: subscribe to it at the address of the page; whoever has it can read the feed");
    }
    Ok(Exit::Done)
}

fn list(args: &ListArgs) -> Outcome {
    let reader = Reader::open(args.data.directory()?.path()).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    for feed in reader.feeds().or_exit(Exit::Internal)? {
        if args.json { lines.json(&feed) } else { lines.text(line(&feed)) }.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}
