//! `caifeng backtest`: when it would have warned.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use caifeng::clock::{Clock, SystemClock, parse_time, rfc3339};
use caifeng::lang::Lang;
use caifeng::store::Reader;
use caifeng::warning::backtest::{Replay, Said, Score, replay};
use caifeng::warning::known::{Hearing, Kind};
use caifeng::warning::media::Register;
use caifeng::warning::words;
use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use super::coverage::Format;
use super::output::{Lines, progress};
use super::warnings::alert_json;
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng backtest [FILE.jsonl]`
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Replays a past and prints when early warning would have told of it, and how long before the peak: the same rules as the daemon's, at each moment with what was published by then. The past is that of the data directory (each incident, and each topic that is configured), or FILE: lines {\"published\", \"id\"?, \"group\"?, \"parent\"?, \"site\"?, \"publisher\"?, \"url\"?, \"views\"?, \"shares\"?, \"replies\"?}. Posts of one `group`, or that answer each other by `parent`, are one incident; without either the whole file is one. `published` is a number of seconds or a date such as 2026-03-09T12:00:00+08:00. A peak is a busiest hour of at least ten posts (or day of twenty), five times the mean of the whole past; a lead is told to its middle."
)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Posts as JSON Lines, `-` for standard input [default: the data directory's]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only posts published from then on
    #[arg(long, value_name = "WHEN", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Only posts published before then
    #[arg(long, value_name = "WHEN", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// Only this topic of the data directory
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    topic: Option<String>,
    /// Judge what is in FILE as this: an incident begins with its first post, a topic is judged once a week of it is known
    #[arg(long = "as", value_name = "KIND", default_value = "incident", value_parser = kind)]
    kind: Kind,
    /// Minutes from one judgement to the next, as if watches were swept so often
    #[arg(long, value_name = "MINUTES", default_value_t = 5, value_parser = clap::value_parser!(i64).range(1..=1440))]
    every: i64,
    /// Print also what neither warned nor had a peak
    #[arg(long)]
    all: bool,
    /// How it is printed
    #[arg(long, value_name = "F", default_value = "text")]
    format: Format,
    /// Language of the text: zh-CN or en
    #[arg(long, value_name = "TAG", default_value = "en")]
    lang: String,
    /// Configuration, for the time zone and for media of its own [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
}

fn kind(name: &str) -> Result<Kind, String> {
    Kind::of_name(name).ok_or_else(|| format!("not a kind: {name:?}; write incident or topic"))
}

/// Something that is replayed.
struct Case {
    kind: Kind,
    name: String,
    said: Vec<Said>,
    hearing: Hearing,
}

/// Runs `caifeng backtest`.
pub(crate) fn run(args: &Args) -> Outcome {
    let lang = Lang::of_tag(&args.lang);
    let lang = lang.ok_or_else(|| anyhow!("--lang {:?}: write zh-CN or en", args.lang)).or_exit(Exit::Usage)?;
    let directory = args.data.directory()?;
    let config = workplace::config(args.config.as_ref(), &directory)?.unwrap_or_default();
    let (zone, media) = (config.organisation.zone(), Register::with(config.media));
    let cases = match &args.file {
        Some(path) => from_file(path, args, &zone, &media).or_exit(Exit::Usage)?,
        None => from_store(&Reader::open(directory.path()).or_exit(Exit::Usage)?, args)?,
    };
    let (mut lines, mut score) = (Lines::new(), Score::default());
    let bar = progress(cases.len() as u64, "replaying");
    for case in cases {
        let replay = replay(case.said, case.kind, &case.hearing, &zone, args.every * 60);
        score.add(&replay);
        bar.inc(1);
        if !args.all && replay.told.is_empty() && replay.peaks.is_empty() {
            continue;
        }
        let printed = match args.format {
            Format::Text => text(&mut lines, lang, &case.name, &replay, &zone),
            Format::Jsonl => lines.json(&replay_json(case.kind, &case.name, &replay)),
        };
        printed.or_exit(Exit::Internal)?;
    }
    bar.finish_and_clear();
    let summed = match args.format {
        Format::Text => lines.text(words::score(lang, &score)),
        Format::Jsonl => lines.json(&json!({ "score": score })),
    };
    summed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn text(lines: &mut Lines, lang: Lang, name: &str, replay: &Replay, zone: &TimeZone) -> std::io::Result<()> {
    lines.text(format_args!("{name}: {}", words::span(lang, replay, zone)))?;
    for (place, told) in replay.told.iter().enumerate() {
        lines.text(format_args!("  {}", words::told(lang, told, replay.false_alarms.contains(&place), zone)))?;
    }
    for peak in &replay.peaks {
        lines.text(format_args!("  {}", words::peak(lang, replay, peak, zone)))?;
    }
    Ok(())
}

fn replay_json(kind: Kind, name: &str, replay: &Replay) -> Value {
    let told: Vec<Value> = replay
        .told
        .iter()
        .enumerate()
        .map(|(place, told)| {
            json!({ "at": rfc3339(told.at), "alert": alert_json(&told.alert),
                    "false_alarm": replay.false_alarms.contains(&place) })
        })
        .collect();
    let peaks: Vec<Value> = replay
        .peaks
        .iter()
        .map(|peak| {
            json!({ "from": rfc3339(peak.from), "until": rfc3339(peak.until), "posts": peak.posts,
                    "warned": peak.warned.and_then(|place| replay.told.get(place)).map(|told| rfc3339(told.at)),
                    "lead_seconds": replay.lead(peak) })
        })
        .collect();
    json!({
        "kind": kind, "name": name, "posts": replay.posts,
        "from": replay.span.map(|span| rfc3339(span.0)), "until": replay.span.map(|span| rfc3339(span.1)),
        "warnings": told, "peaks": peaks,
    })
}

fn from_store(reader: &Reader, args: &Args) -> Result<Vec<Case>, Failed> {
    let (since, until) = (args.since.unwrap_or(i64::MIN), args.until.unwrap_or(i64::MAX));
    let now = SystemClock.now();
    let mut wanted = Vec::new();
    if let Some(name) = &args.topic {
        let unknown = || anyhow!("no post mentions a topic {name:?}: name one of `caifeng topic list`");
        wanted.push((
            Kind::Topic,
            Some(reader.topic(name).or_exit(Exit::Internal)?.ok_or_else(unknown).or_exit(Exit::Usage)?),
        ));
    } else {
        wanted.extend([(Kind::Topic, None), (Kind::Incident, None)]);
    }
    let mut cases = Vec::new();
    for (kind, only) in wanted {
        for (subject, said) in reader.said(kind, only, since, until).or_exit(Exit::Internal)? {
            let hearing = reader.hearing(kind, subject.id, now).or_exit(Exit::Internal)?;
            let name = format!("{} {} {}", kind.as_str(), subject.id, subject.name);
            cases.push(Case { kind, name, said, hearing });
        }
    }
    Ok(cases)
}

/// A line of the file.
#[derive(Deserialize)]
struct Line {
    published: Value,
    id: Option<Value>,
    group: Option<Value>,
    parent: Option<Value>,
    site: Option<String>,
    publisher: Option<String>,
    url: Option<String>,
    #[serde(default)]
    views: u64,
    #[serde(default)]
    shares: u64,
    #[serde(default)]
    replies: u64,
}

impl Line {
    fn said(&self, zone: &TimeZone, media: &Register) -> anyhow::Result<Said> {
        let url = self.url.as_deref().unwrap_or_default();
        let site = self.site.as_deref().or(self.publisher.as_deref()).unwrap_or_default();
        let (tier, place) = media.place(self.publisher.as_deref(), url, site);
        let at = moment(&self.published, zone)?;
        Ok(Said { at, place, tier, reached: [self.views, self.shares, self.replies] })
    }
}

fn moment(written: &Value, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    if let Some(seconds) = written.as_i64() {
        return Ok(seconds);
    }
    let Some(text) = written.as_str() else { bail!("`published` is no date: {written}") };
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(at.as_second());
    }
    let civil: jiff::civil::DateTime =
        text.parse().map_err(|_| anyhow!("`published` is no date: {text:?}: write 2026-03-09T12:00:00+08:00"))?;
    Ok(civil.to_zoned(zone.clone())?.timestamp().as_second())
}

fn from_file(path: &Path, args: &Args, zone: &TimeZone, media: &Register) -> anyhow::Result<Vec<Case>> {
    let input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Box::new(BufReader::new(file))
    };
    let span = args.since.unwrap_or(i64::MIN)..args.until.unwrap_or(i64::MAX);
    let (mut groups, mut roots): (BTreeMap<String, Vec<Said>>, HashMap<String, String>) = Default::default();
    for (line, number) in input.lines().zip(1..) {
        let line = line.with_context(|| format!("line {number}: not UTF-8 text"))?;
        if line.trim().is_empty() {
            continue;
        }
        let read: Line = serde_json::from_str(&line)
            .with_context(|| format!("line {number}: write {{\"published\": …, \"group\": …}} on each line"))?;
        let said = read.said(zone, media).with_context(|| format!("line {number}"))?;
        let group = group(&read, &mut roots);
        if span.contains(&said.at) {
            groups.entry(group).or_default().push(said);
        }
    }
    let case = |(name, said)| Case { kind: args.kind, name, said, hearing: Hearing::default() };
    Ok(merged(groups, &roots, path).into_iter().map(case).collect())
}

/// What a line belongs to: its group, else the post that its parents lead to.
fn group(line: &Line, roots: &mut HashMap<String, String>) -> String {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(group) = &line.group {
        return word(group);
    }
    let own = line.id.as_ref().map(word).unwrap_or_default();
    let root = match line.parent.as_ref().map(word) {
        Some(parent) => roots.get(&parent).cloned().unwrap_or(parent),
        None => own.clone(),
    };
    roots.insert(own, root.clone());
    root
}

/// The groups; one for the whole file where no line has a group, nor answers another.
fn merged(
    groups: BTreeMap<String, Vec<Said>>,
    roots: &HashMap<String, String>,
    path: &Path,
) -> BTreeMap<String, Vec<Said>> {
    let alone = !roots.is_empty() && roots.iter().all(|(own, root)| own == root);
    if !alone {
        return groups;
    }
    let all: Vec<Said> = groups.into_values().flatten().collect();
    BTreeMap::from([(path.display().to_string(), all)])
}
