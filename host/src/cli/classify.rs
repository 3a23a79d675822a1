//! `caifeng classify`: JSON Lines in, JSON Lines out.

use std::mem::take;
use std::path::PathBuf;

use anyhow::anyhow;
use caifeng::config::Config;
use caifeng::directory::Directory;
use caifeng_plugin_host::classifier::Classifier;
use caifeng_plugin_host::contract::{Kind, Label, Post, Settings};
use caifeng_plugin_host::manifest::LabelGroup;
use serde::{Deserialize, Serialize};

use super::output::Lines;
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome, input};

/// Posts that are handed to the plugin at once.
pub(super) const BATCH: usize = 64;

/// `caifeng classify < posts.jsonl`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Reads lines {\"id\", \"title\"?, \"text\"} from standard input and prints, in the same order, lines {\"id\", \"category\", \"labels\": [{\"name\", \"score\", \"evidence\"}]}. The category is the best-scored label of that group, or null."
)]
pub(crate) struct Args {
    /// The classifier
    #[arg(long, default_value = "triage", value_name = "PLUGIN")]
    plugin: String,
    #[command(flatten)]
    data: DataArgs,
    /// Configuration with the classifier's settings [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
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
}

#[derive(Serialize)]
struct Output<'a> {
    id: &'a serde_json::Value,
    category: Option<&'a str>,
    labels: &'a [Label],
}

/// Runs `caifeng classify`.
pub(crate) fn run(args: &Args) -> Outcome {
    let directory = args.data.directory().ok();
    let registry = workplace::registry(directory.as_ref())?;
    let engine = workplace::engine(None)?;
    let classifier = registry.classifier(&args.plugin, &engine).map_err(workplace::plugin_fault)?;
    let settings = settings(&args.plugin, args.config.as_ref(), directory.as_ref(), &classifier)?;
    let mut lines = Lines::new();
    let mut batch: Vec<Input> = Vec::with_capacity(BATCH);
    for line in input::lines("write {\"id\": …, \"text\": …} on each line") {
        let (_, input) = line?;
        batch.push(input);
        if batch.len() == BATCH {
            classify(&classifier, &settings, &mut batch, &mut lines)?;
        }
    }
    classify(&classifier, &settings, &mut batch, &mut lines)?;
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// What the operator has set, completed by the manifest.
pub(super) fn settings(
    plugin: &str,
    config: Option<&PathBuf>,
    directory: Option<&Directory>,
    classifier: &Classifier,
) -> Result<Settings, Failed> {
    let config = match directory {
        Some(directory) => workplace::config(config, directory)?,
        None => config.map(|path| Config::read(path)).transpose().or_exit(Exit::Usage)?,
    };
    let own = config.and_then(|mut config| config.classifiers.remove(plugin)).unwrap_or_default();
    let named = |error| anyhow!("[classifiers.{plugin}]: {error}");
    classifier.manifest().settings(&own.settings()).map_err(named).or_exit(Exit::Usage)
}

fn classify(
    classifier: &Classifier,
    settings: &Settings,
    batch: &mut Vec<Input>,
    lines: &mut Lines,
) -> Result<(), Failed> {
    let posts = batch.iter_mut().map(|input| post(&input.id.to_string(), input.title.take(), take(&mut input.text)));
    let opinions = opinions(classifier, settings, &posts.collect::<Vec<_>>())?;
    for (input, labels) in batch.iter().zip(&opinions) {
        let category = best(classifier, labels, LabelGroup::Category).map(|label| label.name.as_str());
        lines.json(&Output { id: &input.id, category, labels }).or_exit(Exit::Internal)?;
    }
    batch.clear();
    Ok(())
}

/// What a classifier says of posts.
pub(super) fn opinions(
    classifier: &Classifier,
    settings: &Settings,
    posts: &[Post],
) -> Result<Vec<Vec<Label>>, Failed> {
    let outcome = classifier.classify(settings, posts).outcome;
    outcome.map_err(|error| anyhow!("{}: {error}", classifier.manifest().id)).or_exit(Exit::Plugin)
}

/// The best-scored label that the manifest puts into this group.
pub(super) fn best<'a>(classifier: &Classifier, labels: &'a [Label], group: LabelGroup) -> Option<&'a Label> {
    let declared = &classifier.manifest().labels;
    let of_group = |label: &&Label| declared.iter().any(|l| l.name == label.name && l.group == group);
    labels.iter().filter(of_group).max_by(|a, b| a.score.total_cmp(&b.score))
}

/// A text that came without anything else, as a post.
pub(super) fn post(id: &str, title: Option<String>, text: String) -> Post {
    Post { title, text, ..Post::new(Kind::Post, id.to_owned(), "") }
}
