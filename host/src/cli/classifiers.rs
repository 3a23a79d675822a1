//! `caifeng classifiers`: who votes, with which weight, and how it stands with services that are asked.

use std::path::PathBuf;

use caifeng::asking::budget::{Budget, day};
use caifeng::clock::{Clock as _, SystemClock};
use caifeng::config::{ClassifierConfig, Config};
use caifeng::store::{Asked, Reader};
use caifeng_plugin_host::artifact::PluginKind;
use serde::Serialize;

use super::output::Lines;
use super::workplace::{self, DataArgs};
use super::{Exit, OrExit, Outcome};

/// `caifeng classifiers`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Configuration [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

/// A line of the list.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    version: &'a str,
    kind: String,
    /// Whether it takes part.
    on: bool,
    weight: f64,
    /// Of a service that is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Service>,
}

/// How it stands with a service today.
#[derive(Serialize)]
struct Service {
    endpoint: Option<String>,
    budget: Budget,
    today: Asked,
    waiting: u64,
}

/// Runs `caifeng classifiers`.
pub(crate) fn run(args: &Args) -> Outcome {
    let directory = args.data.directory()?;
    let config = workplace::config(args.config.as_ref(), &directory)?.unwrap_or_default();
    let registry = workplace::registry(Some(&directory))?;
    // Before anything was heard there is no store.
    let reader = Reader::open(directory.path()).ok();
    let today = today(&config);
    let mut lines = Lines::new();
    for (id, asks) in
        registry.classifiers().iter().map(|id| (id, false)).chain(registry.askers().iter().map(|id| (id, true)))
    {
        let (_, artifact) = registry.find(id).or_exit(Exit::Plugin)?;
        let own = config.classifiers.get(id);
        let service = match own.filter(|_| asks) {
            Some(own) => Some(service(own, id, reader.as_ref(), today).or_exit(Exit::Internal)?),
            None => None,
        };
        let line = Line {
            id,
            version: &artifact.manifest().version,
            kind: artifact.kind().to_string(),
            on: artifact.kind() == PluginKind::Classifier || own.is_some(),
            weight: own.map(|own| own.weight).unwrap_or_default().into(),
            service,
        };
        if args.json { lines.json(&line) } else { lines.text(told(&line)) }.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn today(config: &Config) -> i64 {
    let now = SystemClock.now();
    day(now, config.organisation.utc_offset(now))
}

fn service(
    own: &ClassifierConfig,
    id: &str,
    reader: Option<&Reader>,
    today: i64,
) -> Result<Service, caifeng::store::StoreError> {
    let (asked, waiting) = match reader {
        Some(reader) => (reader.asked(id, today)?, reader.waiting_questions(id)?),
        None => (Asked::default(), 0),
    };
    Ok(Service { endpoint: own.settings.get("endpoint").cloned(), budget: own.budget, today: asked, waiting })
}

fn told(line: &Line<'_>) -> String {
    let Line { id, version, kind, on, weight, service } = line;
    let takes_part = if *on { format!("weight {weight}") } else { format!("off: [classifiers.{id}] switches it on") };
    let mut told = format!("{id:<12} {version:<8} {kind:<11} {takes_part}");
    if let Some(Service { endpoint, budget, today, waiting }) = service {
        let Asked { cost, answered, given_up, failure } = today;
        told += &format!(
            "\n  asks {}\n  today: {} of {} requests, {} of {} bytes, {} of {} minutes; {answered} answered, {waiting} waiting, {given_up} given up",
            endpoint.as_deref().unwrap_or("no endpoint"),
            cost.requests,
            budget.requests,
            cost.bytes,
            budget.bytes,
            cost.millis / 60_000,
            budget.minutes
        );
        if let Some(failure) = failure {
            told += &format!("\n  last failure: {failure}");
        }
    }
    told
}
