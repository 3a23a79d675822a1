//! `caifeng evaluate`: a classifier beside what people say of the same texts.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::mem::take;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use caifeng::evaluate::{Figures, NONE, Report, Tally, Verdict};
use caifeng_plugin_host::classifier::Classifier;
use caifeng_plugin_host::contract::Settings;
use caifeng_plugin_host::manifest::LabelGroup;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::output::{self, Lines};
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome, classify, corrections, input};

/// The classifier that is measured unless another is named.
const USUAL: &str = "triage";

const WANTED: &str = "write {\"text\": …, \"label\": …} on each line";

/// `caifeng evaluate LABELLED.jsonl`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Reads lines {\"text\", \"title\"?, \"label\", \"alt\"?, …}, lets the classifier read the texts and prints how often it says the same: per class precision, recall and F1, the confusion of classes, and whether its scores are worth what they say. `label` is a label of the group, or \"none\" (or null) where none should be given; `alt` is a second one that could be defended: it counts in the lenient figures."
)]
pub(crate) struct Args {
    /// Labelled texts, JSON Lines; - for standard input
    #[arg(value_name = "LABELLED.jsonl", required_unless_present = "corrections")]
    file: Option<PathBuf>,
    /// In place of labelled texts: incidents whose category people have decided; the posts are those still kept
    #[arg(long, conflicts_with = "file")]
    corrections: bool,
    /// The classifier [default: triage; with --corrections all that vote, with their weights]
    #[arg(long, value_name = "PLUGIN")]
    plugin: Option<String>,
    /// Which group of labels is compared
    #[arg(long, default_value = "category", value_parser = group_named, value_name = "category|level|sentiment|urgency")]
    group: LabelGroup,
    /// The field of a line by which figures are also told apart
    #[arg(long, default_value = "source", value_name = "FIELD")]
    by: String,
    #[command(flatten)]
    data: DataArgs,
    /// Configuration with the classifier's settings [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Line {
    text: String,
    #[serde(default)]
    title: Option<String>,
    /// Null is a label too; only a line without the field has none.
    #[serde(deserialize_with = "Option::deserialize")]
    label: Option<String>,
    #[serde(default)]
    alt: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
struct Output<'a> {
    plugin: &'a str,
    version: String,
    group: LabelGroup,
    #[serde(flatten)]
    report: &'a Report,
}

/// Runs `caifeng evaluate`.
pub(crate) fn run(args: &Args) -> Outcome {
    let Some(file) = &args.file else {
        return corrections::run(&args.data, args.config.as_ref(), args.plugin.as_deref(), args.json);
    };
    let plugin = args.plugin.as_deref().unwrap_or(USUAL);
    let directory = args.data.directory().ok();
    let registry = workplace::registry(directory.as_ref())?;
    let engine = workplace::engine(None)?;
    let classifier = registry.classifier(plugin, &engine).map_err(workplace::plugin_fault)?;
    let settings = classify::settings(plugin, args.config.as_ref(), directory.as_ref(), &classifier)?;
    let mut tally = Tally::default();
    let mut batch = Vec::with_capacity(classify::BATCH);
    for line in input::lines_of(open(file)?, WANTED) {
        batch.push(line?);
        if batch.len() == classify::BATCH {
            judge(&classifier, &settings, args, &mut batch, &mut tally)?;
        }
    }
    judge(&classifier, &settings, args, &mut batch, &mut tally)?;
    print(args, &classifier, &tally.report())
}

/// The file, or standard input, with a progress bar on what is read of a file.
fn open(path: &Path) -> Result<Box<dyn BufRead>, Failed> {
    if path == Path::new("-") {
        return Ok(Box::new(stdin().lock()));
    }
    let named = || format!("{}: cannot be read", path.display());
    let file = File::open(path).with_context(named).or_exit(Exit::Usage)?;
    let bytes = file.metadata().with_context(named).or_exit(Exit::Usage)?.len();
    Ok(Box::new(BufReader::new(output::progress(bytes, "reading").wrap_read(file))))
}

fn judge(
    classifier: &Classifier,
    settings: &Settings,
    args: &Args,
    batch: &mut Vec<(usize, Line)>,
    tally: &mut Tally,
) -> Result<(), Failed> {
    let posts = batch
        .iter_mut()
        .map(|(number, line)| classify::post(&number.to_string(), line.title.take(), take(&mut line.text)))
        .collect::<Vec<_>>();
    let opinions = classify::opinions(classifier, settings, &posts)?;
    for ((number, line), labels) in batch.drain(..).zip(opinions) {
        let said = classify::best(classifier, &labels, args.group).map(|label| (label.name.clone(), label.score));
        let source = line.rest.get(&args.by).and_then(Value::as_str).map(str::to_owned);
        let label = line.label.unwrap_or_else(|| NONE.to_owned());
        let counted = tally.add(&Verdict { label, alt: line.alt, said, source });
        counted.with_context(|| format!("line {number}: is `label` a label?")).or_exit(Exit::Usage)?;
    }
    Ok(())
}

fn print(args: &Args, classifier: &Classifier, report: &Report) -> Outcome {
    let manifest = classifier.manifest();
    let declared = manifest.labels.iter().filter(|label| label.group == args.group).map(|label| label.name.as_str());
    let declared: BTreeSet<&str> = declared.chain([NONE]).collect();
    for (class, figures) in &report.strict.classes {
        if figures.texts > 0 && !declared.contains(class.as_str()) {
            output::note(format!(
                "note: {} never says {class}, the label of {} texts; it has {}",
                manifest.id,
                figures.texts,
                Vec::from_iter(declared.iter().copied()).join(", ")
            ));
        }
    }
    let mut lines = Lines::new();
    if args.json {
        let version = manifest.version.to_string();
        let output = Output { plugin: &manifest.id, version, group: args.group, report };
        lines.json(&output).or_exit(Exit::Internal)?;
    } else {
        let (id, version, group) = (&manifest.id, &manifest.version, args.group.as_str());
        lines.text(format!("{id} {version}: {group} of {} texts", report.texts)).or_exit(Exit::Internal)?;
        for line in tables(report) {
            lines.text(line).or_exit(Exit::Internal)?;
        }
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// What the figures look like on paper.
fn tables(report: &Report) -> Vec<String> {
    let mut out = classes(&report.strict);
    let (strict, lenient) = (&report.strict, &report.lenient);
    out.push(format!("accuracy {:.3}, macro-F1 {:.3}", strict.accuracy, strict.macro_f1));
    out.push(format!("lenient: accuracy {:.3}, macro-F1 {:.3}", lenient.accuracy, lenient.macro_f1));
    out.push(String::new());
    out.extend(confusion(strict));
    out.push(String::new());
    out.push(format!("{:<14}{:>8}{:>8}{:>8}", "score", "labels", "mean", "right"));
    for bin in report.calibration.bins() {
        let range = format!("{:.1} to {:.1}", bin.from, bin.from + 0.1);
        out.push(format!("{range:<14}{:>8}{:>8.3}{:>8.3}", bin.labels, bin.score, bin.right));
    }
    out.push(format!("expected calibration error {:.3}", report.calibration.error()));
    if !report.by_source.is_empty() {
        out.push(String::new());
        out.push(format!("{:>8}{:>10}{:>10}{:>10}  source", "texts", "accuracy", "lenient", "macro-F1"));
    }
    out.extend(report.by_source.iter().map(|(name, source)| {
        let (texts, accuracy, lenient, f1) = (source.texts, source.accuracy, source.lenient, source.macro_f1);
        format!("{texts:>8}{accuracy:>10.3}{lenient:>10.3}{f1:>10.3}  {name}")
    }));
    out
}

fn classes(figures: &Figures) -> Vec<String> {
    let mut out = vec![format!("{:<14}{:>10}{:>8}{:>8}{:>8}", "", "precision", "recall", "F1", "texts")];
    out.extend(figures.classes.iter().map(|(name, class)| {
        format!("{name:<14}{:>10.3}{:>8.3}{:>8.3}{:>8}", class.precision, class.recall, class.f1, class.texts)
    }));
    out
}

/// A row for each label that texts have, a column for each that was said.
fn confusion(figures: &Figures) -> Vec<String> {
    let mut head = format!("{:<14}", "is \\ said");
    for name in figures.classes.keys() {
        head.push_str(&format!("{name:>12}"));
    }
    let mut out = vec![head];
    for (name, class) in figures.classes.iter().filter(|(_, class)| class.texts > 0) {
        let cells = figures.classes.keys().map(|said| class.said.get(said).copied().unwrap_or_default());
        let cells: String = cells.map(|count| format!("{count:>12}")).collect();
        out.push(format!("{name:<14}{cells}"));
    }
    out
}

fn group_named(name: &str) -> Result<LabelGroup, String> {
    let groups = [LabelGroup::Category, LabelGroup::Level, LabelGroup::Sentiment, LabelGroup::Urgency];
    groups
        .into_iter()
        .find(|group| group.as_str() == name)
        .ok_or_else(|| format!("there is no such group of labels: {}", groups.map(LabelGroup::as_str).join(", ")))
}
