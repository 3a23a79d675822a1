//! `caifeng contact import|export`: vCards and tables.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use caifeng::contact::intake::{self, Defaults, Format, Intake, Taken};
use caifeng::contact::{Contact, Kind, table, vcard};
use caifeng::handling::What;
use caifeng::lang::Lang;
use caifeng::store::{ContactQuery, Contacted, Contacting, Imported, Reader};
use serde_json::json;

use super::{contacted, kind};
use crate::cli::deed::With;
use crate::cli::deed::act;
use crate::cli::output::{Lines, note};
use crate::cli::reply::lang;
use crate::cli::workplace::DataArgs;
use crate::cli::{Exit, Failed, OrExit, Outcome};

/// Contacts that are handed over together, in bytes; the daemon reads no longer order than twice as much.
const ORDER: usize = 1 << 20;
/// Problems that are told one by one.
const TOLD: usize = 50;

#[derive(Debug, clap::Args)]
#[command(
    long_about = "Takes in contacts from vCards (2.1, 3.0, 4.0, of Outlook, iOS, Google) or a table (CSV with the names of its columns in the first row: ours, Google's, Outlook's). Everything that is wrong is told with its line and column, and then nothing is taken; --skip takes the others. Photographs, birthdays, homes and all else that belongs to a person and not to a function are left out. The same file twice adds nothing."
)]
pub(super) struct ImportArgs {
    /// The file
    file: PathBuf,
    /// Its form: vcard or csv [default: by its name]
    #[arg(long, value_name = "FORM", value_parser = format)]
    format: Option<Format>,
    /// Show how it would be taken, and take nothing
    #[arg(long)]
    dry_run: bool,
    /// Take what is right although other parts are wrong
    #[arg(long)]
    skip: bool,
    /// Where those work who do not say so: media, site or forum
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
    /// The organisation of those who do not say so
    #[arg(long, value_name = "O", default_value = "")]
    organisation: String,
    /// The function of those who do not say so
    #[arg(long, value_name = "R", default_value = "")]
    role: String,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// The file; its name says the form
    file: PathBuf,
    /// Its form: vcard or csv [default: by its name]
    #[arg(long, value_name = "FORM", value_parser = format)]
    format: Option<Format>,
    /// Language of the columns' names: zh-CN or en
    #[arg(long, value_name = "TAG", default_value = "zh-CN")]
    lang: String,
    /// Only media, sites or forums
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn format(text: &str) -> Result<Format, String> {
    Format::from_name(text).ok_or_else(|| "write vcard or csv".to_owned())
}

fn form(named: Option<Format>, file: &Path) -> Result<Format, Failed> {
    let by_name = || Format::from_name(file.extension()?.to_str()?);
    let unknown = || anyhow!("{}: of what form? name it with --format vcard or csv", file.display());
    named.or_else(by_name).ok_or_else(unknown).or_exit(Exit::Usage)
}

/// What is in a file.
fn read(args: &ImportArgs) -> Result<Intake, Failed> {
    let format = form(args.format, &args.file)?;
    let named = |what: String| anyhow!("{}: {what}", args.file.display());
    let file =
        std::fs::File::open(&args.file).map_err(|e| named(format!("cannot be read: {e}"))).or_exit(Exit::Usage)?;
    let mut bytes = Vec::new();
    let read = file.take(intake::LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(|e| named(format!("cannot be read: {e}"))).or_exit(Exit::Usage)?;
    let defaults = Defaults { kind: args.kind, organisation: args.organisation.clone(), role: args.role.clone() };
    intake::read(&bytes, format, &defaults).map_err(named).or_exit(Exit::Usage)
}

pub(super) fn import(args: &ImportArgs) -> Outcome {
    let intake = read(args)?;
    let file = args.file.display();
    for bad in intake.bad.iter().take(TOLD) {
        note(format_args!("{file}:{bad}"));
    }
    if intake.bad.len() > TOLD {
        note(format_args!("{file}: {} more are wrong", intake.bad.len() - TOLD));
    }
    if !intake.left_out.is_empty() {
        let names: Vec<_> = intake.left_out.iter().map(String::as_str).collect();
        note(format_args!("left out, because it does not belong to a function: {}", names.join(", ")));
    }
    let (good, bad) = (intake.taken.len(), intake.bad.len());
    if args.dry_run {
        return preview(args, &intake);
    }
    if bad > 0 && !args.skip {
        let what =
            format!("{bad} things are wrong and nothing was taken: correct them, or take the other {good} with --skip");
        return Err(anyhow!(what)).or_exit(Exit::Usage);
    }
    let mut sum = Imported::default();
    for taken in orders(intake.taken)? {
        let Contacted::Imported(part) = contacted(act(&args.with.person, What::Contact(Contacting::Import(taken)))?)?
        else {
            return Err(anyhow!("nothing came of it")).or_exit(Exit::Internal);
        };
        sum.added += part.added;
        sum.changed += part.changed;
        sum.known += part.known;
    }
    let mut lines = Lines::new();
    let printed = if args.with.json {
        let Imported { added, changed, known } = sum;
        lines.json(&json!({"added": added, "changed": changed, "known": known, "bad": intake.bad}))
    } else {
        lines.text(sum_line(&sum))
    };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(if bad == 0 { Exit::Done } else { Exit::Refused })
}

/// Contacts in as many orders as it takes, each of which is one transaction.
fn orders(taken: Vec<Taken>) -> Result<Vec<Vec<Taken>>, Failed> {
    let (mut orders, mut size) = (vec![Vec::new()], 0);
    for one in taken {
        let length = serde_json::to_vec(&one).or_exit(Exit::Internal)?.len();
        if size + length > ORDER {
            orders.push(Vec::new());
            size = 0;
        }
        size += length;
        orders.last_mut().into_iter().for_each(|order| order.push(one.clone()));
    }
    Ok(orders)
}

pub(super) fn sum_line(sum: &Imported) -> String {
    let Imported { added, changed, known } = sum;
    format!("{added} new contacts, {changed} changed, {known} known")
}

/// Shows a file as it would be taken.
fn preview(args: &ImportArgs, intake: &Intake) -> Outcome {
    let mut lines = Lines::new();
    if args.with.json {
        lines.json(intake).or_exit(Exit::Internal)?;
    } else {
        for taken in &intake.taken {
            lines.text(format_args!("line {}: {}", taken.line, sample(&taken.contact))).or_exit(Exit::Internal)?;
        }
        let (good, bad) = (intake.taken.len(), intake.bad.len());
        lines.text(format_args!("{good} would be taken, {bad} things are wrong")).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(if intake.bad.is_empty() { Exit::Done } else { Exit::Refused })
}

fn sample(contact: &Contact) -> String {
    let ways: Vec<_> = contact.phones.iter().chain(&contact.emails).chain(&contact.links).map(String::as_str).collect();
    let Contact { kind, organisation, department, role, name, .. } = contact;
    let department = department.as_deref().map_or_else(String::new, |it| format!(" {it}"));
    let name = name.as_deref().map_or_else(String::new, |it| format!(" {it}"));
    format!("{}  {organisation}{department}  {role}{name}  {}", kind.as_str(), ways.join(", "))
}

pub(super) fn export(args: &ExportArgs) -> Outcome {
    let format = form(args.format, &args.file)?;
    let lang: Lang = lang(&args.lang)?;
    let reader = Reader::open(args.data.directory()?.path()).or_exit(Exit::Usage)?;
    let query = ContactQuery { kind: args.kind, ..ContactQuery::default() };
    let rows = reader.contacts(&query).or_exit(Exit::Internal)?;
    let contacts = rows.iter().map(|row| (row.uid.as_str(), &row.contact));
    let text = match format {
        Format::Vcard => vcard::write(contacts),
        Format::Csv => table::write(contacts, lang),
    };
    // It holds names: for whoever exports it, and nobody else on the machine.
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&args.file);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("{}: cannot be written", args.file.display())).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    let (n, file) = (rows.len(), args.file.display());
    let printed = if args.json {
        lines.json(&json!({"contacts": n, "file": args.file}))
    } else {
        lines.text(format_args!("{n} contacts in {file}"))
    };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}
