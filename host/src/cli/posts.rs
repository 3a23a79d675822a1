//! `caifeng posts`: what is stored, newest first.

use std::io;
use std::ops::ControlFlow;

use caifeng::clock::rfc3339;
use caifeng::incident::opinion::{Opinion, Share};
use caifeng::plan::Plan;
use caifeng::store::model::PostRow;
use caifeng::store::{Looked, PostQuery, Reader, Reading, Version};
use caifeng_plugin_host::manifest::LabelGroup;
use serde_json::{Value, json};

use super::filter::FilterArgs;
use super::output::{Lines, one_line};
use super::workplace::DataArgs;
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng posts`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    filter: FilterArgs,
    /// Only posts of this incident
    #[arg(long, value_name = "ID")]
    incident: Option<i64>,
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
    let query = PostQuery { incident: args.incident, limit: args.limit, ..args.filter.query() };
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

/// Who voted for what, with which weight; what it comes to, levels as the plan calls them. Points are votes: a sure
/// one of weight 1 is 1.
pub(super) fn votes_json(opinion: &Opinion, plan: &Plan) -> Value {
    let points = |thousandths: u64| thousandths as f64 / 1000.0;
    let share = |share: &Share| {
        let Share { by, weight, posts, points: given } = share;
        json!({"by": by, "weight": weight, "posts": posts, "points": points(*given)})
    };
    let mut votes = serde_json::Map::new();
    for (group, said) in opinion.in_words_of(plan).groups() {
        let labels: serde_json::Map<String, Value> = said
            .labels
            .iter()
            .map(|(name, tally)| {
                let by: Vec<Value> = tally.by.iter().map(share).collect();
                (name.clone(), json!({"posts": tally.posts, "points": points(tally.points), "by": by}))
            })
            .collect();
        let leading = match group {
            LabelGroup::Category => opinion.suggestion().map(|s| s.category.as_str()),
            LabelGroup::Level => opinion.level(plan).map(|level| level.id.as_str()),
            LabelGroup::Sentiment => opinion.mood(),
            // Its signs do not exclude each other.
            LabelGroup::Urgency => None,
        };
        votes.insert(group.as_str().to_owned(), json!({"suggested": leading, "posts": said.posts, "labels": labels}));
    }
    Value::Object(votes)
}

fn post_line(post: &PostRow) -> String {
    let when = rfc3339(post.published.unwrap_or(post.captured));
    let head = post.title.as_deref().unwrap_or(&post.text);
    format!("{when}  {:<20}  {}", post.site, one_line(head))
}
