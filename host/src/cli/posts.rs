//! `caifeng posts`: what is stored, newest first; also as a file for other programs.

use std::fs::File;
use std::io::{self, BufWriter};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use caifeng::clock::rfc3339;
use caifeng::control::NOBODY;
use caifeng::handling::What;
use caifeng::incident::opinion::{Opinion, Share};
use caifeng::lang::Lang;
use caifeng::listing::{Form, Listed, Listing};
use caifeng::plan::Plan;
use caifeng::search::Search;
use caifeng::store::model::PostRow;
use caifeng::store::{Looked, PostQuery, Reader, Reading, Version};
use caifeng::text::tokens::Tokeniser;
use caifeng_plugin_host::manifest::LabelGroup;
use serde_json::{Value, json};

use super::deed::{PersonArgs, act};
use super::filter::FilterArgs;
use super::output::{Lines, note, one_line};
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome, coverage};

/// `caifeng posts`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Prints stored posts, newest first; with --output writes them to a file for other programs: a table (.csv), a workbook (.xlsx) or one JSON object a line (.jsonl), the newest 100,000 at most. Such a file says nothing of who said it, and is entered into the record, or removed again where that may not be; once there are users that takes a monitor, the leading group, its head or the legal officer."
)]
pub(crate) struct Args {
    #[command(flatten)]
    person: PersonArgs,
    /// Only posts that say this, as in a search box
    #[arg(long, value_name = "QUERY", allow_hyphen_values = true)]
    words: Option<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Only posts of this incident
    #[arg(long, value_name = "ID")]
    incident: Option<i64>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Write to this file, which must not exist yet and ends in .csv, .xlsx or .jsonl
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Language of the columns' names: zh-CN or en
    #[arg(long, value_name = "TAG", default_value = "zh-CN")]
    lang: String,
    /// Configuration, for @names and the time zone [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

fn reader(data: &DataArgs) -> Result<Reader, Failed> {
    Reader::open(data.directory()?.path()).or_exit(Exit::Usage)
}

/// Runs `caifeng posts`.
pub(crate) fn run(args: &Args) -> Outcome {
    let reader = reader(&args.person.data)?;
    let search = searched(args)?;
    if let Some(path) = &args.output {
        return export(args, &reader, search.as_ref(), path);
    }
    let mut lines = Lines::new();
    let mut printed = Ok(());
    let walked = walk(args, &reader, search.as_ref(), |post| {
        printed = if args.json {
            told(&reader, &post).and_then(|post| lines.json(&post))
        } else {
            lines.text(post_line(&post))
        };
        if printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    walked?;
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// What posts must say, where that is asked for.
fn searched(args: &Args) -> Result<Option<Search>, Failed> {
    let Some(words) = &args.words else { return Ok(None) };
    let names = workplace::config(args.config.as_ref(), &args.person.data.directory()?)?.unwrap_or_default().names();
    Search::read(words, &Tokeniser::new(), &names).or_exit(Exit::Usage)
}

fn walk(
    args: &Args,
    reader: &Reader,
    search: Option<&Search>,
    take: impl FnMut(PostRow) -> ControlFlow<()>,
) -> Result<(), Failed> {
    let words = search.and_then(Search::expression).map(str::to_owned);
    let query = PostQuery { incident: args.incident, limit: args.limit, words, ..args.filter.query() };
    let mut keep = |title: Option<&str>, text: &str| Search::means(search, title, text);
    reader.walk(&query, Some(&mut keep), take).or_exit(Exit::Internal)
}

/// Writes the file, has the record say so, and leaves nothing behind when it refuses.
fn export(args: &Args, reader: &Reader, search: Option<&Search>, path: &Path) -> Outcome {
    let form = path.extension().and_then(|ending| Form::from_name(ending.to_str()?));
    let form = form.ok_or_else(|| anyhow!("{}: name a file that ends in .csv, .xlsx or .jsonl", path.display()));
    let form = form.or_exit(Exit::Usage)?;
    let directory = args.person.data.directory()?;
    directory.not_in_a_drill("what its posts say was never said: they stay where they are").or_exit(Exit::Refused)?;
    let file = File::create_new(path).with_context(|| path.display().to_string()).or_exit(Exit::Usage)?;
    let made = written(args, reader, search, (form, file)).and_then(|listed| {
        act(&args.person, What::HandOutPosts(listed.clone()))?;
        Ok(listed)
    });
    let listed = made.inspect_err(|_| drop(std::fs::remove_file(path)))?;
    if reader.users().or_exit(Exit::Internal)?.is_empty() {
        note(NOBODY);
    }
    if listed.cut {
        note(format_args!("these are the newest {}: narrow the list down to get the others", listed.posts));
    }
    let mut lines = Lines::new();
    if args.json {
        let told = json!({ "file": path, "posts": listed.posts, "cut": listed.cut, "sha256": listed.sha256 });
        lines.json(&told).or_exit(Exit::Internal)?;
    } else {
        lines.text(format_args!("{} posts: {}", listed.posts, path.display())).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn written(
    args: &Args,
    reader: &Reader,
    search: Option<&Search>,
    (form, file): (Form, File),
) -> Result<Listed, Failed> {
    let lang = Lang::of_tag(&args.lang);
    let lang = lang.ok_or_else(|| anyhow!("--lang {:?}: write zh-CN or en", args.lang)).or_exit(Exit::Usage)?;
    let zone = coverage::zone(args.config.as_ref(), &args.person.data.directory()?)?;
    let mut list = Listing::begin(form, BufWriter::new(file), lang, zone).or_exit(Exit::Internal)?;
    let mut failed = None;
    walk(args, reader, search, |post| {
        list.take(&post).unwrap_or_else(|error| {
            failed = Some(error);
            ControlFlow::Break(())
        })
    })?;
    failed.map_or(Ok(()), Err).or_exit(Exit::Internal)?;
    let (out, listed) = list.end().or_exit(Exit::Internal)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error).or_exit(Exit::Internal)?;
    file.sync_all().or_exit(Exit::Internal)?;
    Ok(listed)
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
