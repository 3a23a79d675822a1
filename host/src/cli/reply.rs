//! `caifeng reply`: official answers, from a draft to the receipt of what was published.

use std::io::Read as _;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context as _, anyhow};
use caifeng::clock::rfc3339;
use caifeng::config;
use caifeng::control::Asked;
use caifeng::directory::Directory;
use caifeng::handling::answer::Answer;
use caifeng::handling::receipt::{Published, Receipting};
use caifeng::handling::{Outcome as Done, What, document};
use caifeng::incident::Category;
use caifeng::lang::Lang;
use caifeng::plan::answer::Form;
use caifeng::reply::ReplyState;
use caifeng::reply::aid::{self, Purpose};
use caifeng::store::{Answering, Reader, Receipt, ReplyRow, Sight};
use clap::Subcommand;
use serde_json::{Value, json};

use super::deed::{PersonArgs, ReasonArgs, SeenArgs, With, act};
use super::hand::{PlaceArgs, ask};
use super::output::{Lines, note};
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// Longest draft that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// `caifeng reply`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Official answers: draft, review, approve, publish, receipt. Who wrote a word of a text neither reviews nor approves it. Publishing is your own act under a registered account; this command records it and prints what to paste. A command names the reply with the version that you saw: 7@3."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print replies
    List(ListArgs),
    /// Print one: how it stands, what the aid points at, what to paste
    Show(ShowArgs),
    /// Write a reply, or write one anew
    Draft(DraftArgs),
    /// Say that somebody else's text is right
    Review(SeenArgs),
    /// Give it back to its author
    Return(ReasonArgs),
    /// Stand behind somebody else's text
    Approve(SeenArgs),
    /// Say that you published it
    Publish(PublishArgs),
    /// Keep what the site shows of it
    Receipt(ReceiptArgs),
    /// Point at what the plan warns of in a text
    Aid(AidArgs),
}

/// `7@3`: a reply or a referral, and the version of it that was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct At(pub(super) Sight);

impl FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (id, version) = text.split_once('@')?;
            Some(Self(Sight { id: id.parse().ok()?, version: version.parse().ok()? }))
        };
        read().ok_or_else(|| "write its number and the version that you saw: 7@3".to_owned())
    }
}

fn form(text: &str) -> Result<Form, String> {
    Form::from_name(text).ok_or_else(|| "no such form: one of post, comment, article, statement".to_owned())
}

fn category(text: &str) -> Result<Category, String> {
    let known = Category::ALL.map(Category::as_str).join(", ");
    Category::from_name(text).ok_or_else(|| format!("no such category: one of {known}"))
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only those of an incident
    #[arg(long, value_name = "N")]
    incident: Option<i64>,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// The reply
    reply: i64,
    /// Language of what the aid says: zh-CN or en
    #[arg(long, value_name = "TAG", default_value = "en")]
    lang: String,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct DraftArgs {
    /// The incident that it answers
    incident: i64,
    /// The reply that is written anew, and the version that you saw
    #[arg(long, value_name = "ID@VERSION")]
    reply: Option<At>,
    /// post, comment, article or statement
    #[arg(long, value_parser = form)]
    form: Form,
    /// Where it is to be published: a channel of the plan
    #[arg(long, value_name = "C")]
    channel: String,
    /// The text; - reads it from standard input. [post:KEY] and [doc:SHA-256] cite, {{wording}} inserts from wording.toml
    #[arg(long, value_name = "T")]
    text: String,
    /// A file to cite, which is copied into the data directory; may be repeated
    #[arg(long = "document", value_name = "F")]
    documents: Vec<PathBuf>,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, clap::Args)]
struct PublishArgs {
    /// The reply, and the version that you saw
    #[arg(value_name = "ID@VERSION")]
    at: At,
    /// The registered account: one of `accounts` in [organisation]
    #[arg(long, value_name = "A")]
    account: String,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, clap::Args)]
#[group(id = "shown", required = true, multiple = false, args = ["url", "document"])]
struct ReceiptArgs {
    /// The reply, and the version that you saw
    #[arg(value_name = "ID@VERSION")]
    at: At,
    /// Where it can be read: the page is fetched and kept
    url: Option<String>,
    /// A picture or a copy of it, where no page can be fetched
    #[arg(long, value_name = "F")]
    document: Option<PathBuf>,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Debug, clap::Args)]
struct AidArgs {
    /// The text; - reads it from standard input
    text: String,
    /// What the incident is
    #[arg(long, value_parser = category)]
    category: Option<Category>,
    /// As what it is published
    #[arg(long, value_parser = form, default_value = "post")]
    form: Form,
    /// The cause is established: it may be told
    #[arg(long)]
    established: bool,
    /// Language of what is said: zh-CN or en
    #[arg(long, value_name = "TAG", default_value = "en")]
    lang: String,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng reply`.
pub(crate) fn run(args: Args) -> Outcome {
    match args.command {
        Command::List(args) => list(&args),
        Command::Show(args) => show(&args),
        Command::Draft(args) => draft(args),
        Command::Review(args) => take(Answering::Review(args.at.0), &args.with),
        Command::Return(args) => take(Answering::Return(args.at.0, args.reason), &args.with),
        Command::Approve(args) => take(Answering::Approve(args.at.0), &args.with),
        Command::Publish(args) => take(Answering::Publish(args.at.0, args.account), &args.with),
        Command::Receipt(args) => receipt(args),
        Command::Aid(args) => point(&args),
    }
}

pub(super) fn lang(tag: &str) -> Result<Lang, Failed> {
    Lang::of_tag(tag).ok_or_else(|| anyhow!("--lang {tag:?}: write zh-CN or en")).or_exit(Exit::Usage)
}

/// What was written, or read from standard input.
pub(super) fn written(text: String) -> Result<String, Failed> {
    if text != "-" {
        return Ok(text);
    }
    let mut read = String::new();
    std::io::stdin().lock().take(LONGEST + 1).read_to_string(&mut read).or_exit(Exit::Usage)?;
    if read.len() as u64 > LONGEST {
        return Err(anyhow!("longer than 1 MiB: no answer is")).or_exit(Exit::Usage);
    }
    Ok(read)
}

fn line(row: &ReplyRow) -> String {
    let ReplyRow { id, incident, reply } = row;
    let (version, state, form, channel) = (reply.version, reply.state.as_str(), reply.form.as_str(), &reply.channel);
    format!("{id}@{version}  {state:<9}  incident {incident}  {form} on {channel}")
}

fn print(row: &ReplyRow, json: bool) -> Outcome {
    let mut lines = Lines::new();
    let printed = if json { lines.json(row) } else { lines.text(line(row)) };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn list(args: &ListArgs) -> Outcome {
    let reader = Reader::open(args.data.directory()?.path()).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    for row in reader.replies(args.incident).or_exit(Exit::Internal)? {
        if args.json { lines.json(&row) } else { lines.text(line(&row)) }.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn take(answering: Answering, with: &With) -> Outcome {
    match act(&with.person, What::Answer(answering))? {
        Done::Reply(row) => print(&row, with.json),
        _ => Err(anyhow!("nothing came of it")).or_exit(Exit::Internal),
    }
}

/// Copies files into the data directory, and says how they are cited.
pub(super) fn keep_documents(directory: &Directory, paths: &[PathBuf]) -> Result<(), Failed> {
    for path in paths {
        let kept = document::keep(&directory.documents(), path);
        let digest = kept.with_context(|| format!("{}: cannot be kept", path.display())).or_exit(Exit::Usage)?;
        note(format_args!("{}: cite it as [doc:{}]", path.display(), &digest[..16]));
    }
    Ok(())
}

/// A text, or standard input, with the approved wording that it names in its place.
pub(super) fn worded(directory: &Directory, text: String) -> Result<String, Failed> {
    let wordings = config::wordings_beside(&directory.config()).or_exit(Exit::Usage)?;
    let organisation = workplace::organisation(None, directory)?;
    let today = organisation.day(workplace::clock(directory)?.now());
    wordings
        .insert(&written(text)?, today)
        .map_err(|wrong| anyhow!(wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
        .or_exit(Exit::Usage)
}

fn draft(args: DraftArgs) -> Outcome {
    let directory = args.with.person.data.directory()?;
    keep_documents(&directory, &args.documents)?;
    let (text, form) = (worded(&directory, args.text)?, args.form);
    let reply = args.reply.map(|at| at.0);
    let answering =
        Answering::Draft { incident: args.incident, reply, form, channel: args.channel, text: text.clone() };
    let done = take(answering, &args.with)?;
    let found = aid::findings(&text, &Purpose { category: None, form, cause_established: false });
    if !found.is_empty() {
        note(format_args!("the drafting aid points at {} places: caifeng reply show prints them", found.len()));
    }
    Ok(done)
}

fn receipt(args: ReceiptArgs) -> Outcome {
    let (reply, place) = (args.at.0, &args.place);
    let directory = place.data.directory()?;
    if let Some(path) = &args.document {
        let kept = document::keep(&directory.documents(), path);
        let digest = kept.with_context(|| format!("{}: cannot be kept", path.display())).or_exit(Exit::Usage)?;
        let person = PersonArgs { data: place.data.clone(), token: place.token.clone() };
        return match act(&person, What::Receipt(reply, Receipt::Document(digest)))? {
            Done::Reply(row) => print(&row, place.json),
            _ => Err(anyhow!("nothing came of it")).or_exit(Exit::Internal),
        };
    }
    let receipting = Receipting {
        token: place.token.read()?,
        of: Published::Reply(reply),
        published_at: args.url.unwrap_or_default(),
    };
    let mut done = None;
    ask(place, &directory, Asked::Receipt(receipting), |line| {
        if let caifeng::control::Line::Acted(outcome) = line {
            done = Some(*outcome);
        }
    })?;
    let Some(Done::Reply(row)) = done else { return Err(anyhow!("nothing came of it")).or_exit(Exit::Internal) };
    if !row.reply.receipt.as_ref().is_some_and(|receipt| receipt.found) {
        note("the page was kept, but the approved text was not found on it: look whether it is the right address");
    }
    print(&row, place.json)
}

/// Everything that is shown of a reply.
fn read(args: &ShowArgs) -> Result<Answer, Failed> {
    let directory = args.data.directory()?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let mut governing = workplace::governing(&reader, &directory)?;
    let now = workplace::clock(&directory)?.now();
    let found = Answer::read(&reader, args.reply, |incident| governing.plan(incident), now).or_exit(Exit::Internal)?;
    found.ok_or_else(|| anyhow!("no such reply: {}", args.reply)).or_exit(Exit::Usage)
}

fn show(args: &ShowArgs) -> Outcome {
    let lang = lang(&args.lang)?;
    let shown = read(args)?;
    let text = shown.text.as_deref().unwrap_or_default();
    let found: Vec<Value> = findings(text, &shown.purpose(), lang);
    let mut lines = Lines::new();
    if args.json {
        let (row, page) = (&shown.row, &shown.page);
        let parts = shown.parts();
        let printed = json!({
            "id": row.id, "incident": row.incident, "reply": row.reply, "text": shown.text, "findings": found,
            "paste": parts.as_ref().ok(), "unfit": parts.as_ref().err(), "page": page, "effect": shown.effect,
        });
        lines.json(&printed).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
        return Ok(Exit::Done);
    }
    let mut told = vec![line(&shown.row)];
    let reply = &shown.row.reply;
    told.push(format!("written by {}", reply.authors.join(", ")));
    told.extend(reply.reviewer.as_ref().map(|user| format!("reviewed by {user}")));
    told.extend(reply.approver.as_ref().map(|user| format!("approved by {user}")));
    told.extend(reply.published.as_ref().map(|it| format!("published {} as {}", rfc3339(it.at), it.account)));
    told.extend(reply.receipt.as_ref().map(|it| format!("receipt {}", it.capture)));
    told.extend(shown.page.as_ref().map(|url| format!("captured from {url}")));
    told.extend(shown.effect.iter().flat_map(|effect| super::effect::told(shown.row.id, effect)));
    told.push(String::new());
    told.push(shown.text.clone().unwrap_or_else(|| "(the text has been deleted)".to_owned()));
    if !found.is_empty() {
        told.push(String::new());
    }
    told.extend(found.iter().map(finding_line));
    let settled = matches!(reply.state, ReplyState::Approved | ReplyState::Published);
    match shown.parts() {
        Ok(parts) if settled => told.extend(parts.iter().flat_map(|part| ["", "-- paste --", part].map(str::to_owned))),
        Err(why) => told.extend([String::new(), format!("cannot be published on {}: {why}", reply.channel)]),
        Ok(_) => {}
    }
    for line in told {
        lines.text(line).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

pub(super) fn findings(text: &str, purpose: &Purpose, lang: Lang) -> Vec<Value> {
    let found = aid::findings(text, purpose).into_iter();
    let told = found.map(|finding| {
        let characters = |end: usize| text[..end].chars().count();
        json!({
            "kind": finding.kind, "words": &text[finding.at.clone()],
            "from": characters(finding.at.start), "to": characters(finding.at.end),
            "why": finding.kind.why(lang), "instead": finding.kind.instead(lang),
        })
    });
    told.collect()
}

pub(super) fn finding_line(finding: &Value) -> String {
    let of = |key: &str| finding[key].as_str().unwrap_or_default().replace('\n', " ");
    format!("{}  “{}”  {}: {}", of("kind"), of("words"), of("why"), of("instead"))
}

fn point(args: &AidArgs) -> Outcome {
    let lang = lang(&args.lang)?;
    let text = written(args.text.clone())?;
    let purpose = Purpose { category: args.category, form: args.form, cause_established: args.established };
    let mut lines = Lines::new();
    for finding in findings(&text, &purpose, lang) {
        if args.json { lines.json(&finding) } else { lines.text(finding_line(&finding)) }.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}
