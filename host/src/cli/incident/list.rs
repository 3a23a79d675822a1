//! `caifeng incident list`: incidents, newest first.

use caifeng::clock::{parse_time, rfc3339};
use caifeng::store::model::IncidentRow;
use caifeng::store::{Governing, IncidentQuery, Reader, StoreError};
use caifeng_plugin_host::contract::Timestamp;
use serde_json::{Value, json};

use crate::cli::output::{Lines, one_line};
use crate::cli::posts::votes_json;
use crate::cli::workplace::{self, DataArgs};
use crate::cli::{Exit, OrExit, Outcome};

/// `caifeng incident list`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Only incidents with a post since then: 2026-07-01, RFC 3339 or seconds since 1970
    #[arg(long, value_name = "T", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Only those that are not closed, dismissed or merged
    #[arg(long)]
    open: bool,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print JSON Lines, with the votes of classifiers and with what `caifeng places` prints as `reach`
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng incident list`.
pub(super) fn run(args: &Args) -> Outcome {
    let directory = args.data.directory()?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let mut governing = workplace::governing(&reader, &directory)?;
    let query = IncidentQuery { since: args.since, limit: args.limit, open: args.open, ..IncidentQuery::default() };
    let mut lines = Lines::new();
    for incident in reader.incidents(&query).or_exit(Exit::Internal)? {
        let printed = if args.json {
            lines.json(&told(&reader, &mut governing, &incident).or_exit(Exit::Internal)?)
        } else {
            lines.text(line(&incident))
        };
        printed.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// An incident as JSON, with what classifiers say of it and how far it has gone.
fn told(reader: &Reader, governing: &mut Governing, incident: &IncidentRow) -> Result<Value, StoreError> {
    let mut shown = object(incident);
    let (opinion, plan) = (reader.opinion(incident.id)?, governing.plan(incident.id)?);
    shown["suggested_level"] = opinion.level(&plan).map(|level| level.id.as_str()).into();
    shown["votes"] = votes_json(&opinion, &plan);
    shown["reach"] = json!(reader.reach(incident.id)?);
    let deleted = reader.deleted_posts(incident.id)?;
    if deleted > 0 {
        shown["deleted_posts"] = deleted.into();
    }
    Ok(shown)
}

/// An incident as JSON.
pub(super) fn object(incident: &IncidentRow) -> Value {
    json!({
        "id": incident.id, "title": incident.title, "category": incident.category,
        "category_by": incident.category_by, "level": incident.level, "state": incident.state, "owner": incident.owner,
        "opened": rfc3339(incident.opened), "latest": rfc3339(incident.latest),
        "posts": incident.posts, "sites": incident.sites,
    })
}

fn line(incident: &IncidentRow) -> String {
    let category = incident.category.map_or("-", |category| category.as_str());
    let (id, posts, state) = (incident.id, incident.posts, incident.state.as_str());
    let opened = rfc3339(incident.opened);
    format!("{id:>6}  {state:<9}  {category:<10}  {posts:>4} posts  {opened}  {}", one_line(&incident.title))
}
