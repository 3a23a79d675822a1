//! `caifeng posts`: what is stored, newest first.

use std::io;
use std::ops::ControlFlow;

use caifeng::clock::{parse_time, rfc3339};
use caifeng::store::model::PostRow;
use caifeng::store::{Looked, PostQuery, Reader, Reading, Version};
use caifeng::text::tokens::Tokeniser;
use caifeng_plugin_host::contract::Timestamp;
use serde_json::{Value, json};

use super::output::{Lines, one_line};
use super::workplace::DataArgs;
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng posts`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Only posts published (else captured) since then: 2026-07-01, RFC 3339 or seconds since 1970
    #[arg(long, value_name = "T", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Only posts of this incident
    #[arg(long, value_name = "ID")]
    incident: Option<i64>,
    /// Only posts that contain these words
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

fn reader(data: &DataArgs) -> Result<Reader, Failed> {
    Reader::open(data.directory()?.path()).or_exit(Exit::Usage)
}

/// Runs `caifeng posts`.
pub(crate) fn run(args: &Args) -> Outcome {
    let reader = reader(&args.data)?;
    let text = match &args.text {
        None => None,
        Some(words) => match Tokeniser::new().query_text(words) {
            None => return Ok(Exit::Done),
            found => found,
        },
    };
    let query =
        PostQuery { since: args.since, incident: args.incident, limit: args.limit, text, ..PostQuery::default() };
    let mut lines = Lines::new();
    let mut printed = Ok(());
    let walked = reader.for_each_post(&query, |post| {
        printed = if args.json {
            told(&reader, &post).and_then(|post| lines.json(&post))
        } else {
            lines.text(post_line(&post))
        };
        if printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    walked.or_exit(Exit::Internal)?;
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// A post, with what became of it where that is known.
fn told(reader: &Reader, post: &PostRow) -> io::Result<Value> {
    let mut shown = post_json(post);
    if post.incident.is_none() {
        return Ok(shown);
    }
    let life = reader.life(post.row).map_err(io::Error::other)?;
    if let Some((after, by)) = life.deleted {
        shown["deleted"] = json!({"after": rfc3339(after), "by": rfc3339(by)});
    }
    if life.readings.len() > 1 {
        let counts = |r: &Reading| json!({"at": rfc3339(r.at), "reactions": r.counts});
        shown["counts"] = life.readings.iter().map(counts).collect();
    }
    if !life.looks.is_empty() {
        let look = |l: &Looked| json!({"at": rfc3339(l.at), "found": l.found, "detail": l.detail});
        shown["looks"] = life.looks.iter().map(look).collect();
    }
    if !life.versions.is_empty() {
        let version = |v: &Version| json!({"version": v.version, "captured": rfc3339(v.captured), "title": v.title, "text": v.text});
        shown["versions"] = life.versions.iter().map(version).collect();
    }
    Ok(shown)
}

fn post_json(post: &PostRow) -> Value {
    json!({
        "plugin": post.plugin, "site": post.site, "id": post.id, "kind": post.kind, "url": post.url,
        "title": post.title, "text": post.text, "author": post.author, "publisher": post.publisher,
        "published": post.published.map(rfc3339), "day_only": post.day_only, "captured": rfc3339(post.captured),
        "version": post.version, "reactions": post.reactions, "topics": post.topics, "labels": post.labels,
        "incident": post.incident, "why": post.why,
    })
}

fn post_line(post: &PostRow) -> String {
    let when = rfc3339(post.published.unwrap_or(post.captured));
    let head = post.title.as_deref().unwrap_or(&post.text);
    format!("{when}  {:<20}  {}", post.site, one_line(head))
}
