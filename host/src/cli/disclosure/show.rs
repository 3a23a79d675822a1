//! `caifeng disclosure list|show|prepare`: the calendar, one disclosure, and what to paste.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use caifeng::clock::rfc3339;
use caifeng::config::{self, Organisation};
use caifeng::disclosure::prepare::Prepared;
use caifeng::disclosure::{DisclosureEvent, DisclosureState, Text, calendar};
use caifeng::handling::disclosed::Disclosed;
use caifeng::incident::event::Actor;
use caifeng::lang::Lang;
use caifeng::privacy::Found;
use caifeng::reply::aid;
use caifeng::store::{DisclosureRow, DisclosureStep, Reader};
use caifeng_plugin_host::contract::Timestamp;
use serde_json::{Value, json};

use crate::cli::output::{Lines, note, one_line};
use crate::cli::reply::{finding_line, findings, lang};
use crate::cli::workplace::{self, DataArgs};
use crate::cli::{Exit, Failed, OrExit, Outcome};

const DAY: i64 = 86_400;

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// What the calendar asks for: what is overdue first, then what is due soon; ends with 1 when something is overdue
    #[arg(long)]
    due: bool,
    /// How many days from now are soon
    #[arg(long, value_name = "DAYS", default_value_t = 7, requires = "due")]
    within: u32,
    /// Only those that answer an incident
    #[arg(long, value_name = "N")]
    incident: Option<i64>,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// The disclosure
    disclosure: i64,
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
pub(super) struct PrepareArgs {
    /// The disclosure
    disclosure: i64,
    /// Only for this channel
    #[arg(long, value_name = "C")]
    channel: Option<String>,
    /// Also while it is not approved, to see how long it is and how it looks
    #[arg(long)]
    preview: bool,
    /// Write the channel's parts into this file
    #[arg(long, value_name = "F", requires = "channel")]
    out: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn line(row: &DisclosureRow) -> String {
    let DisclosureRow { id, disclosure, text } = row;
    let title = text.as_ref().map_or_else(|| "(deleted)".to_owned(), |text| one_line(&text.title));
    let due = calendar::pending(disclosure).map_or_else(String::new, |due| format!("  due {}", rfc3339(due)));
    let (version, state, kind) = (disclosure.version, disclosure.state.as_str(), disclosure.kind.as_str());
    format!("{id}@{version}  {state:<9}  {kind} on {}{due}  {title}", disclosure.channels.join(", "))
}

pub(super) fn list(args: &ListArgs) -> Outcome {
    let directory = args.data.directory()?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let now = workplace::clock(&directory)?.now();
    let mut rows = reader.disclosures(args.incident).or_exit(Exit::Internal)?;
    if args.due {
        let until = now.saturating_add(i64::from(args.within) * DAY);
        rows.retain(|row| calendar::pending(&row.disclosure).is_some_and(|due| due <= until));
        calendar::sort(&mut rows, |row| &row.disclosure);
    }
    let late = |row: &DisclosureRow| calendar::is_overdue(&row.disclosure, now);
    let mut lines = Lines::new();
    for row in &rows {
        let printed = if args.json {
            let mut told = serde_json::to_value(row).or_exit(Exit::Internal)?;
            told["overdue"] = late(row).into();
            lines.json(&told)
        } else {
            lines.text(format_args!("{}{}", line(row), if late(row) { "  OVERDUE" } else { "" }))
        };
        printed.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(if args.due && rows.iter().any(late) { Exit::Refused } else { Exit::Done })
}

/// A disclosure with what is needed to look at it.
struct Shown {
    it: Disclosed,
    organisation: Organisation,
    history: Vec<DisclosureStep>,
    now: Timestamp,
}

impl Shown {
    fn read(data: &DataArgs, id: i64) -> Result<Self, Failed> {
        let directory = data.directory()?;
        let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
        let plan = Arc::new(config::plan_beside(&directory.config()).or_exit(Exit::Usage)?);
        let mut governing = workplace::governing(&reader, &directory)?;
        let found = Disclosed::read(&reader, id, plan, |incident| governing.plan(incident)).or_exit(Exit::Internal)?;
        let it = found.ok_or_else(|| anyhow!("no such disclosure: {id}")).or_exit(Exit::Usage)?;
        let organisation = workplace::config(None, &directory)?.unwrap_or_default().organisation;
        let history = reader.disclosure_history(id).or_exit(Exit::Internal)?;
        Ok(Self { it, organisation, history, now: workplace::clock(&directory)?.now() })
    }

    fn text(&self) -> Text {
        self.it.text()
    }

    /// By what private persons may be known in a text of it.
    fn private(&self, text: &str) -> Vec<Found> {
        Disclosed::private(text, &self.organisation)
    }

    /// What to paste on each channel, or why it cannot be.
    fn prepared(&self) -> Vec<(&str, Result<Prepared, String>)> {
        self.it.prepared(&self.organisation, self.now)
    }
}

/// Says beside a result what its author should look at.
pub(super) fn point(data: &DataArgs, row: &DisclosureRow) -> Result<(), Failed> {
    let shown = Shown::read(data, row.id)?;
    let found = aid::findings(&shown.text().body, &shown.it.purpose()).len();
    if found > 0 {
        note(format_args!("the drafting aid points at {found} places: caifeng disclosure show prints them"));
    }
    let written = shown.text().written();
    let people: Vec<&str> = shown.private(&written).into_iter().map(|one| &written[one.range]).collect();
    if !people.is_empty() {
        note(format_args!("it may name private persons: {}: caifeng disclosure show says why", people.join(", ")));
    }
    for (channel, prepared) in shown.prepared() {
        if let Err(why) = prepared {
            note(format_args!("it does not fit on {channel}: {why}"));
        }
    }
    Ok(())
}

/// By what private persons may be known in it.
fn named(shown: &Shown, lang: Lang) -> Vec<Value> {
    let text = shown.text().written();
    let told = shown.private(&text).into_iter();
    told.map(|one| json!({"kind": one.kind, "words": &text[one.range], "why": one.kind.why(lang)})).collect()
}

pub(super) fn show(args: &ShowArgs) -> Outcome {
    let lang = lang(&args.lang)?;
    let shown = Shown::read(&args.data, args.disclosure)?;
    let found = findings(&shown.text().body, &shown.it.purpose(), lang);
    let people = named(&shown, lang);
    let mut lines = Lines::new();
    if args.json {
        let fits: Vec<Value> = shown.prepared().into_iter().map(fit).collect();
        let overdue = calendar::is_overdue(&shown.it.row.disclosure, shown.now);
        let mut told = serde_json::to_value(&shown.it.row).or_exit(Exit::Internal)?;
        told["overdue"] = overdue.into();
        told["findings"] = found.into();
        told["people"] = people.into();
        told["channels"] = fits.into();
        told["history"] = serde_json::to_value(&shown.history).or_exit(Exit::Internal)?;
        lines.json(&told).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
        return Ok(Exit::Done);
    }
    for line in told(&shown, &found, &people) {
        lines.text(line).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn fit((channel, prepared): (&str, Result<Prepared, String>)) -> Value {
    match prepared {
        Ok(it) => json!({"channel": channel, "characters": it.characters, "limit": it.limit, "parts": it.parts.len()}),
        Err(why) => json!({"channel": channel, "unfit": why}),
    }
}

fn told(shown: &Shown, found: &[Value], people: &[Value]) -> Vec<String> {
    let DisclosureRow { disclosure, text, .. } = &shown.it.row;
    let late = if calendar::is_overdue(disclosure, shown.now) { "  OVERDUE" } else { "" };
    let mut told = vec![format!("{}{late}", line(&shown.it.row))];
    told.push(format!("written by {}", disclosure.authors.join(", ")));
    told.extend(disclosure.reviewer.as_ref().map(|user| format!("reviewed by {user}")));
    told.extend(disclosure.approver.as_ref().map(|user| format!("approved by {user}")));
    told.extend(disclosure.planned.map(|at| format!("planned for {}", rfc3339(at))));
    if !disclosure.answers.is_empty() {
        let answers: Vec<_> = disclosure.answers.iter().map(ToString::to_string).collect();
        told.push(format!("answers incident {}", answers.join(", ")));
    }
    for (channel, prepared) in shown.prepared() {
        let how = match (disclosure.outlets.get(channel), &prepared) {
            (Some(outlet), _) => {
                let published =
                    format!("published {} as {}", rfc3339(outlet.publication.at), outlet.publication.account);
                let receipt = outlet.receipt.as_ref().map_or("no receipt yet", |receipt| &receipt.capture);
                format!("{published}, receipt {receipt}")
            }
            (None, Err(why)) => format!("cannot be published: {why}"),
            (None, Ok(it)) => {
                let limit = it.limit.map_or_else(String::new, |limit| format!(" of {limit}"));
                format!("{} characters{limit}, {} to paste", it.characters, it.parts.len())
            }
        };
        told.push(format!("{channel}: {how}"));
    }
    let text = text.as_ref().map_or_else(|| "(the text has been deleted)".to_owned(), Text::written);
    told.extend([String::new(), text, String::new()]);
    told.extend(found.iter().map(finding_line));
    let of = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    told.extend(people.iter().map(|one| format!("{}  “{}”  {}", of(one, "kind"), of(one, "words"), of(one, "why"))));
    told.extend(shown.history.iter().map(happened));
    told
}

fn happened(step: &DisclosureStep) -> String {
    let who = match &step.by {
        Actor::Machine { by } => by.clone(),
        Actor::Person { user, role, .. } => format!("{user} as {}", role.as_str()),
    };
    let what = match &step.done {
        DisclosureEvent::Drafted { whole: false, .. } => "planned".to_owned(),
        DisclosureEvent::Drafted { .. } => "drafted".to_owned(),
        DisclosureEvent::Scheduled { due: Some(due), .. } => format!("scheduled, due {}", rfc3339(*due)),
        DisclosureEvent::Scheduled { .. } => "scheduled, due at no time".to_owned(),
        DisclosureEvent::Reviewed { .. } => "reviewed".to_owned(),
        DisclosureEvent::Returned { .. } => "returned".to_owned(),
        DisclosureEvent::Approved { .. } => "approved".to_owned(),
        DisclosureEvent::Published { channel, .. } => format!("published on {channel}"),
        DisclosureEvent::Receipted { channel, .. } => format!("receipt from {channel}"),
        DisclosureEvent::Dropped { .. } => "dropped".to_owned(),
        DisclosureEvent::Overdue { due } => format!("overdue since {}", rfc3339(*due)),
    };
    let note = step.note.as_deref().map_or_else(String::new, |note| format!(": {}", one_line(note)));
    format!("{}  {what}  {who}{note}", rfc3339(step.at))
}

pub(super) fn prepare(args: &PrepareArgs) -> Outcome {
    let shown = Shown::read(&args.data, args.disclosure)?;
    let disclosure = &shown.it.row.disclosure;
    let approved =
        matches!(disclosure.state, DisclosureState::Approved | DisclosureState::Published | DisclosureState::Receipted);
    if !approved && !args.preview {
        let what =
            "it is not approved: what is pasted is what another person approved; --preview shows how it would look";
        return Err(anyhow!(what)).or_exit(Exit::Refused);
    }
    if let Some(channel) = args.channel.as_ref().filter(|channel| !disclosure.channels.contains(channel)) {
        let what = format!("it is not prepared for the channel {channel:?} but for {}", disclosure.channels.join(", "));
        return Err(anyhow!(what)).or_exit(Exit::Usage);
    }
    let wanted = |channel: &str| args.channel.as_deref().is_none_or(|wanted| wanted == channel);
    let mut lines = Lines::new();
    let mut unfit = false;
    for (channel, prepared) in shown.prepared().into_iter().filter(|(channel, _)| wanted(channel)) {
        match prepared {
            Err(why) => {
                unfit = true;
                note(format_args!("it does not fit on {channel}: {why}"));
            }
            Ok(prepared) => match &args.out {
                Some(path) => {
                    let written = std::fs::write(path, prepared.parts.join("\n\n"));
                    written.with_context(|| format!("{}: cannot be written", path.display())).or_exit(Exit::Usage)?;
                }
                None if args.json => lines.json(&prepared).or_exit(Exit::Internal)?,
                None => {
                    for part in paste(&prepared) {
                        lines.text(part).or_exit(Exit::Internal)?;
                    }
                }
            },
        }
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(if unfit { Exit::Refused } else { Exit::Done })
}

fn paste(prepared: &Prepared) -> Vec<String> {
    let Prepared { channel, characters, limit, parts, .. } = prepared;
    let limit = limit.map_or_else(String::new, |limit| format!(" of {limit}"));
    let head =
        |n: usize| format!("-- {channel}, part {} of {}, {characters} characters{limit} in all --", n + 1, parts.len());
    parts.iter().enumerate().flat_map(|(n, part)| [head(n), part.clone(), String::new()]).collect()
}
