//! `caifeng watch list`: each watch, how it stands, and when it is swept next and why.

use std::collections::HashMap;

use caifeng::clock::rfc3339;
use caifeng::config::Config;
use caifeng::directory::Directory;
use caifeng::schedule::Reason;
use caifeng::store::Reader;
use caifeng::store::model::WatchRow;
use serde_json::{Value, json};

use super::coverage::Format;
use super::output::Lines;
use super::workplace::DataArgs;
use super::{Exit, OrExit, Outcome};

/// `caifeng watch`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the watches: how each stands, its last sweep, when it is swept next and why
    List(ListArgs),
}

/// `caifeng watch list`
#[derive(Debug, clap::Args)]
struct ListArgs {
    #[command(flatten)]
    data: DataArgs,
    /// How it is printed
    #[arg(long, value_name = "F", default_value = "text")]
    format: Format,
}

/// Runs `caifeng watch`.
pub(crate) fn run(args: &Args) -> Outcome {
    let Command::List(args) = &args.command;
    let directory = args.data.directory()?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let notes = notes(&directory);
    let mut lines = Lines::new();
    for row in reader.watches().or_exit(Exit::Internal)?.iter().filter(|row| !row.watch.recorded) {
        let note = notes.get(&row.watch.id).map(String::as_str);
        let printed = match args.format {
            Format::Text => lines.text(line(row, note)),
            Format::Jsonl => lines.json(&object(row, note)),
        };
        printed.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// What the configuration notes beside watches, which no sweep needs; nothing while it cannot be read, which
/// `caifeng config check` tells.
fn notes(directory: &Directory) -> HashMap<String, String> {
    let config = Config::read(&directory.config()).unwrap_or_default();
    config.watches.into_iter().filter_map(|watch| Some((watch.id, watch.note?))).collect()
}

fn state(row: &WatchRow) -> String {
    match (&row.halted, row.gap, row.failing, row.heard) {
        (Some(why), ..) => format!("halted ({why})"),
        (None, Some(cause), 0, _) => format!("not heard ({})", cause.as_str()),
        (None, Some(cause), times, _) => format!("not heard ({}, {times} times in a row)", cause.as_str()),
        (None, None, _, None) => "never swept".to_owned(),
        (None, None, ..) => "heard".to_owned(),
    }
}

fn why(reason: Option<Reason>) -> String {
    match reason {
        None => "as soon as possible".to_owned(),
        Some(Reason::First) => "never swept yet".to_owned(),
        Some(Reason::Rhythm { daily }) => format!("yields about {daily} posts a day at this hour of the week"),
        Some(Reason::Lively { daily }) => format!("livelier than usual: about {daily} posts a day at this pace"),
        Some(Reason::Growing { id }) => format!("feeds the incident {id}, which grows"),
        Some(Reason::Incident { id }) => format!("feeds the open incident {id}"),
        Some(Reason::FollowUp { id, until }) => {
            format!("follows up the incident {id}, which it fed, until {}", rfc3339(until))
        }
        Some(Reason::Failing { .. }) => "it fails, so it is tried more slowly".to_owned(),
        Some(Reason::Waiting) => "the site asked to wait until then".to_owned(),
        Some(Reason::Gone) => "its target is gone: looked for once a day".to_owned(),
        Some(Reason::Unsupported) => "the plugin cannot read it".to_owned(),
    }
}

fn line(row: &WatchRow, note: Option<&str>) -> String {
    let last =
        row.last.as_ref().map_or_else(|| "never".to_owned(), |sweep| rfc3339(sweep.ended.unwrap_or(sweep.started)));
    let next = match (&row.halted, row.due) {
        (Some(_), _) => "not before it is corrected".to_owned(),
        (None, due) => {
            format!("{} ({})", due.map_or_else(|| "now".to_owned(), rfc3339), why(row.why.filter(|_| due.is_some())))
        }
    };
    let registered = row.watch.registered.as_ref();
    let registered = registered.map_or_else(String::new, |it| format!("  of {} ({})", it.organisation, it.reason));
    let note = note.map_or_else(String::new, |note| format!("  {}", note.replace(char::is_control, " ")));
    format!("{}  {}  {}  last {last}  next {next}{registered}{note}", row.watch.id, row.watch.plugin, state(row))
}

fn object(row: &WatchRow, note: Option<&str>) -> Value {
    let last = row.last.as_ref().map(|sweep| {
        let tally = &sweep.tally;
        json!({
            "started": rfc3339(sweep.started), "ended": sweep.ended.map(rfc3339), "seen": tally.seen, "new": tally.new,
            "failures": tally.failures,
        })
    });
    json!({
        "watch": row.watch.id, "plugin": row.watch.plugin, "target": row.watch.target, "state": state(row),
        "gap": row.gap, "failing": row.failing, "halted": row.halted, "heard": row.heard.map(rfc3339), "last": last,
        "next": row.due.map(rfc3339), "why": row.why, "why_words": why(row.why), "every": row.watch.every,
        "canary": row.watch.canary, "posts": row.posts, "registered": row.watch.registered, "note": note,
    })
}
