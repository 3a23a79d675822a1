//! `caifeng topic`: the topics, what came of them, and what a query would have caught.

mod trial;

use std::path::PathBuf;

use caifeng::clock::{Clock as _, SystemClock, rfc3339};
use caifeng::config::Config;
use caifeng::directory::Directory;
use caifeng::store::{Reader, StoreError, TopicCount};
use caifeng::topic::{DEFAULT, TopicConfig, Topics};
use caifeng_plugin_host::contract::Timestamp;
use serde_json::json;

use super::output::{Lines, note};
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

const DAY: i64 = 86_400;
/// Days that `list` counts.
const DAYS: i64 = 30;

/// `caifeng topic`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the topics: what each looks for, and what came of it in the last thirty days
    List(ListArgs),
    /// Say how a query is read, or what is wrong with the topics of the configuration
    Check(CheckArgs),
    /// Hold a query, or a topic, against what was heard: what would it have caught?
    Test(trial::Args),
    /// Print topics for a development and reform bureau, to be read, changed and put into caifeng.toml
    Default,
}

/// Where topics are looked for.
#[derive(Debug, clap::Args)]
struct Place {
    #[command(flatten)]
    data: DataArgs,
    /// Configuration [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
}

impl Place {
    fn read(&self) -> Result<(Directory, Config), Failed> {
        let directory = self.data.directory()?;
        let config = workplace::config(self.config.as_ref(), &directory)?.unwrap_or_default();
        Ok((directory, config))
    }
}

/// `caifeng topic list`
#[derive(Debug, clap::Args)]
struct ListArgs {
    #[command(flatten)]
    place: Place,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

/// `caifeng topic check`
#[derive(Debug, clap::Args)]
struct CheckArgs {
    #[command(flatten)]
    place: Place,
    /// A query; without it the topics of the configuration are checked
    #[arg(value_name = "QUERY", allow_hyphen_values = true)]
    query: Option<String>,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng topic`.
pub(crate) fn run(args: &Args) -> Outcome {
    match &args.command {
        Command::List(args) => list(args),
        Command::Check(args) => check(args),
        Command::Test(args) => trial::run(args),
        Command::Default => {
            let mut lines = Lines::new();
            lines.bytes(DEFAULT.as_bytes()).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
            Ok(Exit::Done)
        }
    }
}

fn list(args: &ListArgs) -> Outcome {
    let (directory, config) = args.place.read()?;
    // Topics can be looked at before anything was heard.
    let reader = match Reader::open(directory.path()) {
        Err(StoreError::NoStore(_)) => None,
        opened => Some(opened.or_exit(Exit::Usage)?),
    };
    let since = SystemClock.now() - DAYS * DAY;
    let mut lines = Lines::new();
    for topic in &config.topics {
        let counted = reader.as_ref().map_or_else(|| Ok(TopicCount::default()), |r| r.topic_count(&topic.name, since));
        let count = counted.or_exit(Exit::Internal)?;
        if args.json { lines.json(&row_json(topic, &count)) } else { lines.text(row_text(topic, &count)) }
            .or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    if config.topics.is_empty() {
        note("no topics are configured, so that every post counts as a mention: `caifeng topic default` prints some");
    }
    tell_full_days(reader.as_ref(), since, args.json)?;
    Ok(Exit::Done)
}

/// Says when topics were full: what is over is nowhere else.
fn tell_full_days(reader: Option<&Reader>, since: Timestamp, json: bool) -> Result<(), Failed> {
    let days = reader.map_or_else(|| Ok(Vec::new()), |reader| reader.full_days(since)).or_exit(Exit::Internal)?;
    for day in days.iter().filter(|_| !json) {
        let (topic, from) = (&day.topic, rfc3339(day.day));
        note(format_args!(
            "{topic:?} was full on the day from {from}: {} posts were taken and {} more were not; \
             `caifeng topic test {topic:?} --since {from}` shows them",
            day.taken, day.over
        ));
    }
    Ok(())
}

fn row_json(topic: &TopicConfig, count: &TopicCount) -> serde_json::Value {
    json!({
        "name": topic.name, "query": topic.query, "must": topic.must, "any": topic.any, "not": topic.not,
        "cap": topic.cap, "days": DAYS, "posts": count.posts, "over": count.over, "newest": count.newest.map(rfc3339),
    })
}

fn row_text(topic: &TopicConfig, count: &TopicCount) -> String {
    let cap = topic.cap.map_or_else(String::new, |cap| format!("  (cap {cap} a day, {} over)", count.over));
    let newest = count.newest.map_or_else(|| "-".to_owned(), rfc3339);
    format!("{:>6} posts  {newest:<20}  {}{cap}  {}", count.posts, topic.name, topic.reading())
}

fn check(args: &CheckArgs) -> Outcome {
    let (_, config) = args.place.read()?;
    let names = config.names();
    let typed = args.query.as_ref().map(|query| TopicConfig {
        name: query.lines().next().unwrap_or_default().chars().take(40).collect(),
        query: query.clone(),
        ..TopicConfig::default()
    });
    let topics = typed.map_or_else(|| config.topics.clone(), |topic| vec![topic]);
    let mut lines = Lines::new();
    let mut wrong = 0;
    for topic in &topics {
        let problem = Topics::compile(std::slice::from_ref(topic), &names).err();
        wrong += usize::from(problem.is_some());
        let printed = match problem {
            _ if args.json => {
                let reading = problem.is_none().then(|| topic.reading());
                lines.json(&json!({"name": topic.name, "reading": reading, "problem": problem.map(|p| p.to_string())}))
            }
            Some(problem) => lines.text(problem),
            None => lines.text(format_args!("{}: {}", topic.name, topic.reading())),
        };
        printed.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    if wrong == 0 {
        // Each may be small enough, and all of them too large.
        Topics::compile(&topics, &names).or_exit(Exit::Usage)?;
        return Ok(Exit::Done);
    }
    note(format_args!("{wrong} of {} cannot be watched", topics.len()));
    Ok(Exit::Usage)
}
