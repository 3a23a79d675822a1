//! `caifeng topic test`: a query held against what was heard.

use std::ops::ControlFlow;

use anyhow::anyhow;
use caifeng::clock::{parse_time, rfc3339};
use caifeng::config::Config;
use caifeng::store::model::PostRow;
use caifeng::store::{PostQuery, Reader};
use caifeng::text::snippet::Snippet;
use caifeng::topic::trial::{Base, Past, Tally, Trial, Verdict};
use caifeng::topic::{Hit, Part, TopicConfig, Topics};
use caifeng_plugin_host::contract::Timestamp;
use serde_json::{Value, json};

use super::Place;
use crate::cli::output::{Lines, note, progress};
use crate::cli::search::characters;
use crate::cli::{Exit, Failed, OrExit, Outcome};

/// Characters of a post that are shown around what was found.
const WIDTH: usize = 60;
/// Longest bar of a day, in characters.
const BAR: u64 = 40;

/// `caifeng topic test`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Holds a query against every stored post and prints how many it would have caught on each day, with some of them. Given the name of a topic it tries that topic as it is configured, and compares with the posts that are stored under it; given a query it compares with the topic that --against names. Posts that mention no topic are kept for a week only, so that of an older past only mentions of some topic can be caught."
)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// A query, or the name of a configured topic ("name" in quotes looks for the word)
    #[arg(value_name = "QUERY|NAME", allow_hyphen_values = true)]
    query: String,
    /// Compare with this topic as it is configured
    #[arg(long, value_name = "NAME")]
    against: Option<String>,
    /// Only posts published (else captured) since then: 2026-07-01, RFC 3339 or seconds since 1970
    #[arg(long, value_name = "T", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Only posts published (else captured) before then
    #[arg(long, value_name = "T", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// Show at most so many posts of each kind
    #[arg(long, value_name = "N", default_value_t = 5)]
    samples: usize,
    /// Print JSON Lines: days, samples, and the sum in the last line
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng topic test`.
pub(super) fn run(args: &Args) -> Outcome {
    let (directory, config) = args.place.read()?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let offset = config.organisation.utc_offset(args.until.or(args.since).unwrap_or_default());
    let mut trial = trial(args, &config, offset)?;
    let samples = walk(args, &reader, &mut trial)?;
    let mut lines = Lines::new();
    if args.json { print_json(&mut lines, &trial, &samples) } else { print_text(&mut lines, args, &trial, &samples) }
        .and_then(|()| lines.flush())
        .or_exit(Exit::Internal)?;
    if trial.seen() == 0 {
        note("nothing is stored of that time");
    }
    Ok(Exit::Done)
}

fn trial(args: &Args, config: &Config, offset: i32) -> Result<Trial, Failed> {
    let names = config.names();
    let compile = |topic: &TopicConfig| Topics::compile(std::slice::from_ref(topic), &names).or_exit(Exit::Usage);
    let named = |name: &str| config.topics.iter().find(|topic| topic.name == name);
    let typed = TopicConfig { name: "(tried)".to_owned(), query: args.query.clone(), ..TopicConfig::default() };
    let topic = named(&args.query);
    let base = match (&args.against, topic) {
        (None, None) => Base::Nothing,
        (None, Some(topic)) => Base::Stored(topic.name.clone()),
        (Some(name), _) => {
            let missing = || anyhow!("there is no topic {name:?}: `caifeng topic list` names them");
            Base::Other(Box::new(compile(named(name).ok_or_else(missing).or_exit(Exit::Usage)?)?))
        }
    };
    Ok(Trial::new(compile(topic.unwrap_or(&typed))?, base, offset))
}

/// A post and where the query found it.
type Sample = (PostRow, Vec<Hit>);

/// The newest posts of each kind.
#[derive(Default)]
struct Samples {
    more: Vec<Sample>,
    fewer: Vec<Sample>,
    same: Vec<Sample>,
}

impl Samples {
    fn kinds(&self) -> [(&'static str, &[Sample]); 3] {
        [("more", &self.more), ("fewer", &self.fewer), ("caught", &self.same)]
    }
}

fn walk(args: &Args, reader: &Reader, trial: &mut Trial) -> Result<Samples, Failed> {
    let bar = progress(reader.figures().or_exit(Exit::Internal)?.posts, "posts tried");
    let mut samples = Samples::default();
    let query = PostQuery { since: args.since, until: args.until, ..PostQuery::default() };
    let walked = reader.for_each_post(&query, |post| {
        let at = post.published.unwrap_or(post.captured);
        let past = Past { at, title: post.title.as_deref(), text: &post.text, topics: &post.topics };
        let (kept, hits) = match trial.judge(&past) {
            Verdict::More(hits) => (&mut samples.more, hits),
            Verdict::Same(hits) => (&mut samples.same, hits),
            Verdict::Fewer => (&mut samples.fewer, Vec::new()),
            Verdict::Not => return next(&bar),
        };
        if kept.len() < args.samples {
            kept.push((post, hits));
        }
        next(&bar)
    });
    bar.finish_and_clear();
    walked.or_exit(Exit::Internal)?;
    Ok(samples)
}

fn next(bar: &indicatif::ProgressBar) -> ControlFlow<()> {
    bar.inc(1);
    ControlFlow::Continue(())
}

fn print_text(lines: &mut Lines, args: &Args, trial: &Trial, samples: &Samples) -> std::io::Result<()> {
    let most = trial.dates().map(|(_, tally)| tally.caught).max().unwrap_or(0).max(1);
    for (day, Tally { caught, more, fewer }) in trial.dates() {
        let bar = "#".repeat(usize::try_from(caught * BAR / most).unwrap_or_default());
        let change = if more + fewer == 0 { String::new() } else { format!("  +{more} -{fewer}") };
        lines.text(format_args!("{day}  {caught:>6}  {bar}{change}"))?;
    }
    let Tally { caught, more, fewer } = trial.sum();
    lines.text(format_args!("{caught} of {} posts on {} days", trial.seen(), trial.dates().count()))?;
    if let Some(name) = &args.against {
        lines.text(format_args!("{more} more and {fewer} fewer than topic {name:?}"))?;
    } else if more + fewer > 0 {
        lines.text(format_args!("{more} more and {fewer} fewer than are stored under it"))?;
    }
    for (kind, posts) in samples.kinds().into_iter().filter(|(_, posts)| !posts.is_empty()) {
        lines.text(format_args!("{kind}:"))?;
        for (post, hits) in posts {
            lines.text(format_args!(
                "  {}  {}  {}",
                rfc3339(post.published.unwrap_or(post.captured)),
                post.site,
                post.url
            ))?;
            lines.marked("      ", snippet(post, hits).pieces())?;
        }
    }
    Ok(())
}

/// Where it says so: in its text, else in its title.
fn snippet(post: &PostRow, hits: &[Hit]) -> Snippet {
    let of = |part| hits.iter().filter(|hit| hit.part == part).map(|hit| hit.range.clone()).collect::<Vec<_>>();
    match (of(Part::Text), &post.title) {
        (inside, Some(title)) if inside.is_empty() => Snippet::of(title, &of(Part::Title), WIDTH),
        (inside, _) => Snippet::of(&post.text, &inside, WIDTH),
    }
}

fn print_json(lines: &mut Lines, trial: &Trial, samples: &Samples) -> std::io::Result<()> {
    let tally = |tally: Tally| json!({"caught": tally.caught, "more": tally.more, "fewer": tally.fewer});
    let with = |mut value: Value, key: &str, added: Value| {
        value[key] = added;
        value
    };
    for (day, counted) in trial.dates() {
        lines.json(&with(tally(counted), "day", day.to_string().into()))?;
    }
    for (kind, posts) in samples.kinds() {
        for (post, hits) in posts {
            let part = snippet(post, hits);
            lines.json(&json!({
                "sample": kind, "plugin": post.plugin, "site": post.site, "id": post.id, "url": post.url,
                "published": post.published.map(rfc3339), "snippet": part.text,
                "marks": characters(&part.text, &part.marks),
            }))?;
        }
    }
    lines.json(&with(tally(trial.sum()), "seen", trial.seen().into()))
}
