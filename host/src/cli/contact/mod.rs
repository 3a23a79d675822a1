//! `caifeng contact`: who can be reached at media, sites and forums, because that is their work.

mod file;

use anyhow::anyhow;
use caifeng::clock::{parse_time, rfc3339};
use caifeng::contact::{Draft, Kind};
use caifeng::handling::{Outcome as Done, What};
use caifeng::store::{ContactQuery, ContactRow, Contacted, Contacting, Reader, Sight, Via};
use caifeng_plugin_host::contract::Timestamp;
use clap::Subcommand;
use serde_json::{Value, json};

use super::deed::With;
use super::deed::act;
use super::output::{Lines, one_line};
use super::reply::{At, written};
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng contact`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Contacts: the people at media, sites and forums whose work it is to be reached, in that function. A contact without an organisation or a function is refused: this is no register of persons. Nothing leads from a contact to what somebody posted. A command that changes or removes one names the version that you saw: 7@3."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keep somebody new
    Add(AddArgs),
    /// Change what is kept
    Edit(EditArgs),
    /// Print contacts, by organisation
    List(ListArgs),
    /// Print one, with what was said
    Show(ShowArgs),
    /// Say to which watches and incidents it belongs, or no longer
    Link(LinkArgs),
    /// Write down what was said
    Note(NoteArgs),
    /// Keep it no longer: it is deleted with what was said
    Remove(RemoveArgs),
    /// Take in vCards or a table
    Import(file::ImportArgs),
    /// Hand out vCards or a table
    Export(file::ExportArgs),
}

pub(super) fn kind(text: &str) -> Result<Kind, String> {
    Kind::from_name(text).ok_or_else(|| format!("no such kind: one of {}", Kind::ALL.map(Kind::as_str).join(", ")))
}

/// What a contact is made of; what was not said stays as it is.
#[derive(Debug, clap::Args)]
struct WhatArgs {
    /// media, site or forum [default: media]
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
    /// The organisation; required of every contact
    #[arg(long, value_name = "O")]
    organisation: Option<String>,
    /// The department
    #[arg(long, value_name = "D")]
    department: Option<String>,
    /// The function there, such as 记者; required of every contact
    #[arg(long, value_name = "R")]
    role: Option<String>,
    /// Who fills it; leave it out for a desk that anybody answers
    #[arg(long, value_name = "N")]
    name: Option<String>,
    /// A telephone number at work; may be repeated, and takes the place of those before
    #[arg(long = "phone", value_name = "P")]
    phones: Vec<String>,
    /// An address for mail; may be repeated, and takes the place of those before
    #[arg(long = "email", value_name = "E")]
    emails: Vec<String>,
    /// A page of the organisation or its contact desk; may be repeated, and takes the place of those before
    #[arg(long = "link", value_name = "URL")]
    links: Vec<String>,
}

impl WhatArgs {
    fn over(self, mut draft: Draft) -> Draft {
        draft.kind = self.kind.or(draft.kind);
        let texts = [
            (self.organisation, &mut draft.organisation),
            (self.department, &mut draft.department),
            (self.role, &mut draft.role),
            (self.name, &mut draft.name),
        ];
        for (said, kept) in texts {
            if let Some(said) = said {
                *kept = said;
            }
        }
        let lists =
            [(self.phones, &mut draft.phones), (self.emails, &mut draft.emails), (self.links, &mut draft.links)];
        for (said, kept) in lists {
            if !said.is_empty() {
                *kept = said;
            }
        }
        draft
    }
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    #[command(flatten)]
    what: WhatArgs,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, clap::Args)]
struct EditArgs {
    /// The contact, and the version that you saw
    #[arg(value_name = "ID@VERSION")]
    at: At,
    #[command(flatten)]
    what: WhatArgs,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only media, sites or forums
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
    /// Only organisations with these words in their name
    #[arg(long, value_name = "O")]
    organisation: Option<String>,
    /// Only those of a watch
    #[arg(long, value_name = "W")]
    watch: Option<String>,
    /// Only who can be reached about an incident: its own, and those of watches that have heard of it
    #[arg(long, value_name = "N", conflicts_with_all = ["kind", "organisation", "watch"])]
    incident: Option<i64>,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// The contact
    contact: i64,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(id = "places", required = true, multiple = true, args = ["watches", "incidents"])]
struct LinkArgs {
    /// The contact
    contact: i64,
    /// A watch; may be repeated
    #[arg(long = "watch", value_name = "W")]
    watches: Vec<String>,
    /// An incident; may be repeated
    #[arg(long = "incident", value_name = "N")]
    incidents: Vec<i64>,
    /// Take these links away
    #[arg(long)]
    away: bool,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, clap::Args)]
struct NoteArgs {
    /// The contact
    contact: i64,
    /// What was said; - reads it from standard input. Notes go after a year ([retention] contact_notes)
    #[arg(long, value_name = "T")]
    text: String,
    /// When you spoke with them: now, or 2026-07-01T09:00:00+08:00; without it the note is no talk
    #[arg(long, value_name = "T")]
    spoke: Option<Spoke>,
    #[command(flatten)]
    with: With,
}

#[derive(Clone, Copy, Debug)]
enum Spoke {
    Now,
    At(Timestamp),
}

impl std::str::FromStr for Spoke {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "now" { Ok(Self::Now) } else { parse_time(text).map(Self::At) }
    }
}

#[derive(Debug, clap::Args)]
struct RemoveArgs {
    /// The contact, and the version that you saw
    #[arg(value_name = "ID@VERSION")]
    at: At,
    #[command(flatten)]
    with: With,
}

/// Runs `caifeng contact`.
pub(crate) fn run(args: Args) -> Outcome {
    match args.command {
        Command::Add(args) => take(Contacting::Add(args.what.over(Draft::default())), &args.with),
        Command::Edit(args) => edit(args),
        Command::List(args) => list(&args),
        Command::Show(args) => show(&args),
        Command::Link(LinkArgs { contact, watches, incidents, away, with }) => {
            take(Contacting::Link { contact, watches, incidents, away }, &with)
        }
        Command::Note(args) => note(args),
        Command::Remove(args) => take(Contacting::Remove(args.at.0), &args.with),
        Command::Import(args) => file::import(&args),
        Command::Export(args) => file::export(&args),
    }
}

pub(super) fn line(row: &ContactRow) -> String {
    let ContactRow { id, version, contact, last, .. } = row;
    let name = contact.name.as_deref().map_or_else(String::new, |name| format!(" {name}"));
    let department = contact.department.as_deref().map_or_else(String::new, |department| format!(" {department}"));
    let ways = contact.phones.iter().chain(&contact.emails).chain(&contact.links).next();
    let last = last.map_or_else(|| "never spoken with".to_owned(), |last| format!("last {}", rfc3339(last)));
    let (kind, organisation, role) = (contact.kind.as_str(), &contact.organisation, &contact.role);
    let way = ways.map_or("", String::as_str);
    one_line_of(&format!("{id}@{version}  {kind}  {organisation}{department}  {role}{name}  {way}  {last}"))
}

/// A line of a list is longer than the head of a text may be.
fn one_line_of(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Why it can be reached about an incident, when nobody said so.
pub(super) fn via(via: &Via) -> String {
    match via {
        Via::Itself => String::new(),
        Via::Watch(watch) => format!("  (by watch {watch})"),
    }
}

fn take(contacting: Contacting, with: &With) -> Outcome {
    let done = contacted(act(&with.person, What::Contact(contacting))?)?;
    let mut lines = Lines::new();
    let printed = match (&done, with.json) {
        (Contacted::Row(row), true) => lines.json(row),
        (Contacted::Row(row), false) => lines.text(line(row)),
        (Contacted::Removed(id), true) => lines.json(&json!({"removed": id})),
        (Contacted::Removed(id), false) => lines.text(format_args!("{id}  removed, with what was said with it")),
        (Contacted::Imported(sum), true) => lines.json(sum),
        (Contacted::Imported(sum), false) => lines.text(file::sum_line(sum)),
    };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn contacted(done: Done) -> Result<Contacted, Failed> {
    match done {
        Done::Contact(contacted) => Ok(contacted),
        _ => Err(anyhow!("nothing came of it")).or_exit(Exit::Internal),
    }
}

fn row(data: &DataArgs, id: i64) -> Result<(Reader, ContactRow), Failed> {
    let reader = Reader::open(data.directory()?.path()).or_exit(Exit::Usage)?;
    let row = reader.contact(id).or_exit(Exit::Usage)?;
    Ok((reader, row))
}

fn edit(args: EditArgs) -> Outcome {
    let Sight { id, version } = args.at.0;
    let (_, row) = row(&args.with.person.data, id)?;
    let draft = args.what.over(row.contact.draft());
    take(Contacting::Edit(Sight { id, version }, draft), &args.with)
}

fn note(args: NoteArgs) -> Outcome {
    let spoke = match args.spoke {
        None => None,
        Some(Spoke::At(at)) => Some(at),
        Some(Spoke::Now) => Some(workplace::clock(&args.with.person.data.directory()?)?.now()),
    };
    take(Contacting::Note { contact: args.contact, text: written(args.text)?, spoke }, &args.with)
}

fn list(args: &ListArgs) -> Outcome {
    let reader = Reader::open(args.data.directory()?.path()).or_exit(Exit::Usage)?;
    let found: Vec<(ContactRow, Via)> = match args.incident {
        Some(incident) => reader.contacts_of(incident).or_exit(Exit::Internal)?,
        None => {
            let (organisation, watch) = (args.organisation.clone(), args.watch.clone());
            let rows =
                reader.contacts(&ContactQuery { kind: args.kind, organisation, watch }).or_exit(Exit::Internal)?;
            rows.into_iter().map(|row| (row, Via::Itself)).collect()
        }
    };
    let mut lines = Lines::new();
    for (row, by) in &found {
        let printed = if args.json {
            let mut told = serde_json::to_value(row).or_exit(Exit::Internal)?;
            if args.incident.is_some() {
                told["via"] = serde_json::to_value(by).or_exit(Exit::Internal)?;
            }
            lines.json(&told)
        } else {
            lines.text(format_args!("{}{}", line(row), via(by)))
        };
        printed.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn show(args: &ShowArgs) -> Outcome {
    let (reader, row) = row(&args.data, args.contact)?;
    let notes = reader.contact_notes(args.contact).or_exit(Exit::Internal)?;
    let mut lines = Lines::new();
    if args.json {
        let mut told: Value = serde_json::to_value(&row).or_exit(Exit::Internal)?;
        told["notes"] = serde_json::to_value(&notes).or_exit(Exit::Internal)?;
        lines.json(&told).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
        return Ok(Exit::Done);
    }
    let mut told = vec![line(&row)];
    let ways = row.contact.phones.iter().chain(&row.contact.emails).chain(&row.contact.links);
    told.extend(ways.map(|way| format!("  {way}")));
    told.extend(row.watches.iter().map(|watch| format!("  watch {watch}")));
    told.extend(row.incidents.iter().map(|incident| format!("  incident {incident}")));
    told.extend(row.last_by.iter().map(|user| format!("  last spoken with by {user}")));
    told.extend(notes.iter().map(|note| format!("  {}  {}: {}", rfc3339(note.at), note.by, one_line(&note.text))));
    for line in told {
        lines.text(line).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}
