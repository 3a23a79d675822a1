//! `caifeng group`: which posts tell of one matter. JSON Lines in, JSON Lines out.

use std::sync::Arc;

use anyhow::{Context, anyhow};
use caifeng::current::Current;
use caifeng::incident::IncidentId;
use caifeng::incident::group::Why;
use caifeng::ingest::{Origin, Pipeline, Pseudonyms, Voices};
use caifeng::store::{PostQuery, Reader, Store};
use caifeng::text::tokens::Tokeniser;
use caifeng::topic::{Names, Topics};
use caifeng_plugin_host::contract::{Kind, Post, Timestamp};
use serde::{Deserialize, Serialize};

use super::output::Lines;
use super::{Exit, Failed, OrExit, Outcome, input};

/// Posts that are stored at once.
const BATCH: usize = 256;
/// The site of all posts.
const SITE: &str = "group";

/// `caifeng group < posts.jsonl`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Reads lines {\"id\", \"title\"?, \"text\", \"published\"?} from standard input and prints, in the same order, lines {\"id\", \"group\", \"why\"}: the rules by which the daemon groups posts into incidents, over a store that is gone afterwards. `published` is a number of seconds or a date such as 2026-03-09T12:00:00+08:00; `why` is null for the post that opened a group."
)]
pub(crate) struct Args {
    /// Print JSON Lines (the only form; accepted for symmetry)
    #[arg(long, hide = true)]
    json: bool,
}

#[derive(Deserialize)]
struct Input {
    id: serde_json::Value,
    #[serde(default)]
    title: Option<String>,
    text: String,
    #[serde(default)]
    published: Option<Moment>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Moment {
    Seconds(Timestamp),
    Date(String),
}

#[derive(Serialize)]
struct Output<'a> {
    id: &'a serde_json::Value,
    group: Option<IncidentId>,
    why: Option<&'a Why>,
}

/// Runs `caifeng group`.
pub(crate) fn run(_: &Args) -> Outcome {
    let folder = tempfile::tempdir().context("no folder for the store can be made").or_exit(Exit::Internal)?;
    let store = Store::open(folder.path(), None).or_exit(Exit::Internal)?;
    let reader = store.reader().or_exit(Exit::Internal)?;
    let pipeline = Pipeline {
        topics: Current::new(Topics::compile(&[], &Names::default()).or_exit(Exit::Internal)?),
        tokeniser: Arc::new(Tokeniser::new()),
        voices: Voices::default(),
        pseudonyms: Pseudonyms::new(&[0; 32]),
    };
    let mut ids = Vec::new();
    let mut batch = Vec::with_capacity(BATCH);
    for line in input::lines("write {\"id\": …, \"text\": …} on each line") {
        let (number, input) = line?;
        let (id, post) = read(input, ids.len()).with_context(|| format!("line {number}")).or_exit(Exit::Usage)?;
        ids.push(id);
        batch.push(post);
        if batch.len() == BATCH {
            keep(&store, &reader, &pipeline, &mut batch)?;
        }
    }
    keep(&store, &reader, &pipeline, &mut batch)?;
    print(&reader, &ids)?;
    store.close();
    Ok(Exit::Done)
}

/// Stores a batch, as a sweep would.
fn keep(store: &Store, reader: &Reader, pipeline: &Pipeline, batch: &mut Vec<Post>) -> Result<(), Failed> {
    let captured = batch.iter().filter_map(|post| post.published).max().unwrap_or_default();
    let origin = Origin { sweep: None, plugin: SITE.to_owned(), site: SITE.to_owned(), captured };
    let understood = pipeline.understand(reader, origin, std::mem::take(batch)).or_exit(Exit::Internal)?;
    store.ingest(understood.batch).or_exit(Exit::Internal)?;
    Ok(())
}

fn print(reader: &Reader, ids: &[serde_json::Value]) -> Result<(), Failed> {
    let rows = reader.posts(&PostQuery::default()).or_exit(Exit::Internal)?;
    let mut found = vec![None; ids.len()];
    for row in &rows {
        if let Some(slot) = row.id.parse::<usize>().ok().and_then(|number| found.get_mut(number)) {
            *slot = Some(row);
        }
    }
    let mut lines = Lines::new();
    for (id, row) in ids.iter().zip(found) {
        let (group, why) = row.map_or((None, None), |row| (row.incident, row.why.as_ref()));
        lines.json(&Output { id, group, why }).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)
}

/// One line; the post is known by its number, since ids may be anything.
fn read(input: Input, number: usize) -> anyhow::Result<(serde_json::Value, Post)> {
    let published = input.published.as_ref().map(moment).transpose()?;
    let post = Post {
        title: input.title,
        text: input.text,
        published,
        ..Post::new(Kind::Post, number.to_string(), format!("http://group.invalid/{number}"))
    };
    Ok((input.id, post))
}

fn moment(written: &Moment) -> anyhow::Result<Timestamp> {
    let text = match written {
        Moment::Seconds(seconds) => return Ok(*seconds),
        Moment::Date(text) => text,
    };
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(at.as_second());
    }
    let civil: jiff::civil::DateTime =
        text.parse().map_err(|_| anyhow!("`published` is no date: {text:?}: write 2026-03-09T12:00:00+08:00"))?;
    Ok(civil.to_zoned(jiff::tz::offset(8).to_time_zone())?.timestamp().as_second())
}
