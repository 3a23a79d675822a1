//! `caifeng disclosure`: what is published on one's own initiative, from the calendar to the receipts.

mod show;

pub(in crate::cli) use show::line;

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use caifeng::control::{Asked, Line};
use caifeng::disclosure::Kind;
use caifeng::disclosure::calendar::Day;
use caifeng::handling::receipt::{Published, Receipting};
use caifeng::handling::{Outcome as Done, What, document};
use caifeng::store::{Composed, Disclosing, DisclosureRow, Receipt, When};
use clap::Subcommand;
use jiff::tz::TimeZone;

use super::deed::{PersonArgs, ReasonArgs, SeenArgs, With, act};
use super::hand::{PlaceArgs, ask};
use super::output::{Lines, note};
use super::reply::{At, keep_documents, worded};
use super::{Exit, Failed, OrExit, Outcome, workplace};

/// `caifeng disclosure`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "What is published on one's own initiative: work, highlights, examples, answers. Plan it, draft it, have another person review and another approve it, publish it on each of its channels and keep the receipts. Who wrote a word of it neither reviews nor approves it. Publishing is your own act under a registered account; this command records it, and `prepare` prints what to paste. A command names the disclosure with the version that you saw: 7@3."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print disclosures, or with --due what the calendar asks for
    List(show::ListArgs),
    /// Print one: how it stands, what the aid points at, what has happened
    Show(show::ShowArgs),
    /// Print what to paste on its channels
    Prepare(show::PrepareArgs),
    /// Begin one; without --text it is a line in the calendar
    Draft(DraftArgs),
    /// Change what it says, where it goes or when
    Edit(EditArgs),
    /// Say that somebody else's text is right
    Review(SeenArgs),
    /// Give it back to its author
    Return(ReasonArgs),
    /// Stand behind somebody else's text
    Approve(SeenArgs),
    /// Say that you published it on one channel
    Publish(PublishArgs),
    /// Keep what a site shows of it
    Receipt(ReceiptArgs),
    /// Give up what is not published yet
    Drop(ReasonArgs),
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::from_name(text).ok_or_else(|| format!("no such kind: one of {}", Kind::ALL.map(Kind::as_str).join(", ")))
}

#[derive(Debug, clap::Args)]
struct DraftArgs {
    /// work, highlight, example or answer
    #[arg(long, value_parser = kind, default_value = "work")]
    kind: Kind,
    /// Its title
    #[arg(long, value_name = "T")]
    title: String,
    #[command(flatten)]
    what: WhatArgs,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, clap::Args)]
struct EditArgs {
    /// The disclosure, and the version that you saw
    #[arg(value_name = "ID@VERSION")]
    at: At,
    /// work, highlight, example or answer
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
    /// Its title
    #[arg(long, value_name = "T")]
    title: Option<String>,
    #[command(flatten)]
    what: WhatArgs,
    /// It is planned for no day any more
    #[arg(long, conflicts_with = "planned")]
    no_planned: bool,
    /// It is due by no day any more
    #[arg(long, conflicts_with = "due")]
    no_due: bool,
    /// It answers no incident any more
    #[arg(long, conflicts_with = "answers")]
    no_answers: bool,
    #[command(flatten)]
    with: With,
}

/// What may be said of one that is new and of one that is changed.
#[derive(Debug, clap::Args)]
struct WhatArgs {
    /// The text; - reads it from standard input. [post:KEY] and [doc:SHA-256] cite, {{wording}} inserts from wording.toml
    #[arg(long, value_name = "T")]
    text: Option<String>,
    /// Where it is to be published: a channel of the plan; may be repeated, and takes the place of those before
    #[arg(long = "channel", value_name = "C")]
    channels: Vec<String>,
    /// From which day on: 2026-07-01 by the organisation's days, or with a time
    #[arg(long, value_name = "DAY")]
    planned: Option<Day>,
    /// By the end of which day everywhere: 2026-07-05, or with a time
    #[arg(long, value_name = "DAY")]
    due: Option<Day>,
    /// An incident that it answers; may be repeated, and takes the place of those before
    #[arg(long, value_name = "N")]
    answers: Vec<i64>,
    /// A file to cite, which is copied into the data directory; may be repeated
    #[arg(long = "document", value_name = "F")]
    documents: Vec<PathBuf>,
}

impl WhatArgs {
    /// What is to be; what was not said stays.
    fn composed(self, with: &With) -> Result<Composed, Failed> {
        let directory = with.person.data.directory()?;
        keep_documents(&directory, &self.documents)?;
        let zone: TimeZone = workplace::organisation(None, &directory)?.zone();
        Ok(Composed {
            body: self.text.map(|text| worded(&directory, text)).transpose()?,
            channels: (!self.channels.is_empty()).then_some(self.channels),
            planned: self.planned.map(|day| When::At(day.begins(&zone))),
            due: self.due.map(|day| When::At(day.ends(&zone))),
            answers: (!self.answers.is_empty()).then_some(self.answers),
            ..Composed::default()
        })
    }
}

#[derive(Debug, clap::Args)]
struct PublishArgs {
    /// The disclosure, and the version that you saw
    #[arg(value_name = "ID@VERSION")]
    at: At,
    /// The channel on which you published it
    #[arg(long, value_name = "C")]
    channel: String,
    /// The registered account: one of `accounts` in [organisation]
    #[arg(long, value_name = "A")]
    account: String,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, clap::Args)]
#[group(id = "shown", required = true, multiple = false, args = ["url", "document"])]
struct ReceiptArgs {
    /// The disclosure, and the version that you saw
    #[arg(value_name = "ID@VERSION")]
    at: At,
    /// The channel on which it was published
    #[arg(long, value_name = "C")]
    channel: String,
    /// Where it can be read: the page is fetched and kept
    url: Option<String>,
    /// A picture or a copy of it, where no page can be fetched, such as in a group
    #[arg(long, value_name = "F")]
    document: Option<PathBuf>,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Runs `caifeng disclosure`.
pub(crate) fn run(args: Args) -> Outcome {
    match args.command {
        Command::List(args) => show::list(&args),
        Command::Show(args) => show::show(&args),
        Command::Prepare(args) => show::prepare(&args),
        Command::Draft(args) => draft(args),
        Command::Edit(args) => edit(args),
        Command::Review(args) => take(Disclosing::Review(args.at.0), &args.with),
        Command::Return(args) => take(Disclosing::Return(args.at.0, args.reason), &args.with),
        Command::Approve(args) => take(Disclosing::Approve(args.at.0), &args.with),
        Command::Publish(args) => take(Disclosing::Publish(args.at.0, args.channel, args.account), &args.with),
        Command::Receipt(args) => receipt(args),
        Command::Drop(args) => take(Disclosing::Drop(args.at.0, args.reason), &args.with),
    }
}

fn draft(args: DraftArgs) -> Outcome {
    let composed = args.what.composed(&args.with)?;
    let composed = Composed { kind: Some(args.kind), title: Some(args.title), ..composed };
    take(Disclosing::Draft(composed), &args.with)
}

fn edit(args: EditArgs) -> Outcome {
    let mut composed = args.what.composed(&args.with)?;
    (composed.kind, composed.title) = (args.kind, args.title);
    if args.no_planned {
        composed.planned = Some(When::Never);
    }
    if args.no_due {
        composed.due = Some(When::Never);
    }
    if args.no_answers {
        composed.answers = Some(Vec::new());
    }
    if composed == Composed::default() {
        return Err(anyhow!("nothing to change: name what is to be different, such as --title or --due"))
            .or_exit(Exit::Usage);
    }
    take(Disclosing::Edit(args.at.0, composed), &args.with)
}

fn take(disclosing: Disclosing, with: &With) -> Outcome {
    let read = matches!(disclosing, Disclosing::Draft(_) | Disclosing::Edit(..) | Disclosing::Review(_));
    let row = row(act(&with.person, What::Disclose(disclosing))?)?;
    if read {
        show::point(&with.person.data, &row)?;
    }
    print(&row, with.json)
}

fn row(done: Done) -> Result<DisclosureRow, Failed> {
    match done {
        Done::Disclosure(row) => Ok(*row),
        _ => Err(anyhow!("nothing came of it")).or_exit(Exit::Internal),
    }
}

fn print(row: &DisclosureRow, json: bool) -> Outcome {
    let mut lines = Lines::new();
    let printed = if json { lines.json(row) } else { lines.text(line(row)) };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn receipt(args: ReceiptArgs) -> Outcome {
    let (at, place) = (args.at.0, &args.place);
    let directory = place.data.directory()?;
    if let Some(path) = &args.document {
        let kept = document::keep(&directory.documents(), path);
        let digest = kept.with_context(|| format!("{}: cannot be kept", path.display())).or_exit(Exit::Usage)?;
        let person = PersonArgs { data: place.data.clone(), token: place.token.clone() };
        let what = What::DisclosureReceipt(at, args.channel, Receipt::Document(digest));
        return print(&row(act(&person, what)?)?, place.json);
    }
    let of = Published::Disclosure(at, args.channel.clone());
    let receipting = Receipting { token: place.token.read()?, of, published_at: args.url.unwrap_or_default() };
    let mut done = None;
    ask(place, &directory, Asked::Receipt(receipting), |line| {
        if let Line::Acted(outcome) = line {
            done = Some(*outcome);
        }
    })?;
    let row = row(done.ok_or_else(|| anyhow!("nothing came of it")).or_exit(Exit::Internal)?)?;
    let receipt = row.disclosure.outlets.get(&args.channel).and_then(|outlet| outlet.receipt.as_ref());
    if !receipt.is_some_and(|receipt| receipt.found) {
        note("the page was kept, but the approved text was not found on it: look whether it is the right address");
    }
    print(&row, place.json)
}
