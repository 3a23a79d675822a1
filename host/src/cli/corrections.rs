//! `caifeng evaluate --corrections`: how classifiers would do on what people decided.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::anyhow;
use caifeng::config::Config;
use caifeng::incident::Category;
use caifeng::incident::correction::{Decision, Score};
use caifeng::incident::opinion::Opinion;
use caifeng::ingest::{Voice, labelled};
use caifeng::plugins::Registry;
use caifeng::store::model::LabelBy;
use caifeng::store::{PostQuery, Reader, StoreError};
use caifeng_plugin_host::contract::Post;
use caifeng_plugin_host::engine::Engine;
use serde_json::json;

use super::output::{Lines, note};
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// Posts that are handed to a plugin at once.
const BATCH: usize = 64;

/// Runs `caifeng evaluate --corrections`, with one classifier or with all that vote.
pub(crate) fn run(data: &DataArgs, config: Option<&PathBuf>, plugin: Option<&str>, json: bool) -> Outcome {
    let directory = data.directory()?;
    let config = workplace::config(config, &directory)?.unwrap_or_default();
    let registry = workplace::registry(Some(&directory))?;
    let voices = voices(plugin, &config, &registry, &workplace::engine(Some(&directory))?)?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    let mut score = Score::default();
    for decision in reader.decisions().or_exit(Exit::Internal)? {
        let posts = left(&reader, &decision).or_exit(Exit::Internal)?;
        if posts.is_empty() {
            score.gone += 1;
            continue;
        }
        let now = suggested(&voices, &posts);
        score.count(&decision, now);
        let line = if json { lines.json(&told(&decision, now, posts.len())) } else { lines.text(line(&decision, now)) };
        line.or_exit(Exit::Internal)?;
    }
    let summary = if json { lines.json(&json!({ "summary": score })) } else { lines.text(summary(score)) };
    summary.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn voices(plugin: Option<&str>, config: &Config, registry: &Registry, engine: &Engine) -> Result<Vec<Voice>, Failed> {
    let ids = plugin.map_or_else(|| registry.classifiers(), |plugin| vec![plugin.to_owned()]);
    let voice = |id: &String| {
        let loaded = registry.classifier(id, engine).map_err(workplace::plugin_fault)?;
        let own = config.classifiers.get(id).cloned().unwrap_or_default();
        let named = |error| anyhow!("[classifiers.{id}]: {error}");
        Voice::new(loaded, &own.settings(), own.weight).map_err(named).or_exit(Exit::Usage)
    };
    ids.iter().map(voice).collect()
}

/// The posts of a decision that are still kept.
fn left(reader: &Reader, decision: &Decision) -> Result<Vec<Post>, StoreError> {
    let wanted: HashSet<i64> = decision.posts.iter().copied().collect();
    let query = PostQuery { incident: Some(decision.incident), ..PostQuery::default() };
    let posts = reader.posts(&query)?;
    Ok(posts.iter().filter(|post| wanted.contains(&post.row)).map(caifeng::store::model::PostRow::told).collect())
}

fn suggested(voices: &[Voice], posts: &[Post]) -> Option<Category> {
    let mut opinion = Opinion::default();
    for batch in posts.chunks(BATCH) {
        let (labels, failures) = labelled(voices, batch);
        failures.iter().for_each(note);
        labels.iter().for_each(|labels| opinion.add(&LabelBy::ballot(labels)));
    }
    opinion.suggestion().map(|suggestion| suggestion.category)
}

fn told(decision: &Decision, now: Option<Category>, posts: usize) -> serde_json::Value {
    json!({
        "incident": decision.incident, "suggested": decision.suggested, "decided": decision.decided,
        "decided_before": decision.before, "correction": decision.is_correction(), "now": now, "posts": posts,
    })
}

fn line(decision: &Decision, now: Option<Category>) -> String {
    let name = |category: Option<Category>| category.map_or("none", Category::as_str);
    let right = if now == Some(decision.decided) { "right" } else { "WRONG" };
    format!(
        "{:>6}  decided {:<10}  suggested then {:<10}  now {:<10}  {right}",
        decision.incident,
        decision.decided.as_str(),
        name(decision.suggested),
        name(now)
    )
}

fn summary(score: Score) -> String {
    let Score { decisions, right_then, right_now, corrections, corrected_now, gone } = score;
    format!(
        "{decisions} decisions: right then {right_then}, right now {right_now}; {corrections} corrections, of which now right: {corrected_now}; without posts: {gone}"
    )
}
