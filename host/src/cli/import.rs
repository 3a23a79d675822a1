//! `caifeng import`: a table of posts, or a list of subscriptions.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::anyhow;
use caifeng::clock::rfc3339;
use caifeng::hand::columns::Field;
use caifeng::hand::import::{self, Import, Mapping, SAMPLES, Sample, Step, Summary};
use caifeng::hand::rows::{BadRow, Format};
use caifeng::hand::{Handing, Told};
use serde_json::json;

use super::hand::{PlaceArgs, hand_in};
use super::output::{Lines, note, progress};
use super::{Exit, OrExit, Outcome, feeds, workplace};

/// `caifeng import FILE`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Takes in posts from a table (CSV, XLSX, JSON Lines), or feeds from a list of subscriptions (OPML), which become watches in watches/ beside the configuration. Columns are known by Chinese or English names: 标题 title, 正文 text, 链接 url, 时间 published, 来源 source, 作者 author, 平台 site, 类型 kind. Ends with 1 when some rows could not be taken; the others were. The same file twice adds nothing."
)]
pub(crate) struct Args {
    /// The file
    pub(super) file: PathBuf,
    /// Its form [default: by its name]
    #[arg(long, value_name = "FORM", value_parser = format)]
    format: Option<Format>,
    /// Show how it would be taken, and take nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Take all rows or none
    #[arg(long)]
    pub(super) strict: bool,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
}

fn format(text: &str) -> Result<Format, String> {
    match text {
        "csv" => Ok(Format::Csv),
        "xlsx" => Ok(Format::Xlsx),
        "jsonl" => Ok(Format::Jsonl),
        "opml" => Ok(Format::Opml),
        _ => Err("write csv, xlsx, jsonl or opml".to_owned()),
    }
}

/// Runs `caifeng import`.
pub(crate) fn run(args: Args) -> Outcome {
    let unknown = || anyhow!("{}: of what form? name it with --format csv, xlsx, jsonl or opml", args.file.display());
    let format = args.format.or_else(|| Format::of(&args.file)).ok_or_else(unknown).or_exit(Exit::Usage)?;
    if format == Format::Opml {
        return feeds::import(&args);
    }
    if args.dry_run {
        return preview(&args, format);
    }
    let directory = args.place.data.directory()?;
    let path = std::path::absolute(&args.file).or_exit(Exit::Usage)?;
    // Before anything is opened: a name that is not there is no reason to make a directory.
    std::fs::File::open(&path)
        .map_err(|error| anyhow!("{}: cannot be read: {error}", args.file.display()))
        .or_exit(Exit::Usage)?;
    let handing = Handing::Table(Import { path, format, strict: args.strict });
    let mut printer = Printer::new(&args);
    hand_in(&args.place, &directory, handing, |told| printer.told(told))?;
    printer.end()
}

/// Shows a table as it would be taken.
fn preview(args: &Args, format: Format) -> Outcome {
    let directory = args.place.data.directory()?;
    let zone = workplace::organisation(args.place.config.as_ref(), &directory)?.zone();
    let mut printer = Printer::new(args);
    let come = Arc::new(AtomicU64::new(0));
    let mut sum = Summary::default();
    let read = import::walk(&args.file, format, &zone, &come, |step| {
        match step {
            Step::Mapping(mapping) => printer.told(Told::Mapping(mapping)),
            Step::Bad(bad) => {
                (sum.rows, sum.bad) = (sum.rows + 1, sum.bad + 1);
                printer.told(Told::Bad(bad));
            }
            Step::Good(row, placed) => {
                sum.rows += 1;
                if sum.rows - sum.bad <= SAMPLES as u64 {
                    let (site, mut post) = (placed.site, placed.post);
                    if let Some(author) = &mut post.author {
                        "(pseudonym)".clone_into(&mut author.id);
                        author.name.clear();
                    }
                    printer.told(Told::Sample(Box::new(Sample { row, site, post })));
                }
            }
        }
        printer.bar.set_position(come.load(Ordering::Relaxed));
        if printer.printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    match read {
        Ok(()) => {}
        Err(fault) if sum.rows == 0 => {
            return Err(anyhow!("{}: {fault}", args.file.display())).or_exit(Exit::Usage);
        }
        Err(fault) => sum.cut = Some(fault.to_string()),
    }
    printer.told(Told::Imported(sum));
    printer.end()
}

/// Prints what is told of a table.
struct Printer<'a> {
    args: &'a Args,
    lines: Lines,
    printed: std::io::Result<()>,
    bar: indicatif::ProgressBar,
    sum: Summary,
}

impl<'a> Printer<'a> {
    fn new(args: &'a Args) -> Self {
        let size = std::fs::metadata(&args.file).map_or(0, |file| file.len());
        let (lines, bar) = (Lines::new(), progress(size, "importing"));
        Self { args, lines, printed: Ok(()), bar, sum: Summary::default() }
    }

    fn told(&mut self, told: Told) {
        if self.printed.is_err() {
            return;
        }
        let (lines, bar) = (&mut self.lines, &self.bar);
        let json = self.args.place.json;
        self.printed = match told {
            Told::Progress(come, _) => {
                bar.set_position(come);
                Ok(())
            }
            Told::Imported(sum) => {
                bar.finish_and_clear();
                let line = if json { lines.json(&sum) } else { lines.text(summary_line(&sum, self.args.dry_run)) };
                if let (false, Some(cut)) = (json, &sum.cut) {
                    note(format_args!("{}: the rest cannot be read: {cut}", self.args.file.display()));
                }
                self.sum = sum;
                line
            }
            Told::Mapping(mapping) if json => lines.json(&json!({ "mapping": mapping })),
            Told::Sample(sample) if json => lines.json(&json!({ "sample": sample })),
            Told::Bad(bad) if json => lines.json(&json!({ "bad": bad })),
            Told::Mapping(mapping) => bar.suspend(|| lines.text(mapping_lines(&mapping))),
            Told::Sample(sample) => bar.suspend(|| lines.text(sample_lines(&sample))),
            Told::Bad(bad) => {
                bar.suspend(|| note(format_args!("{}:{}", self.args.file.display(), bad_line(&bad))));
                Ok(())
            }
            Told::Receipt(_) => Ok(()),
        };
    }

    fn end(mut self) -> Outcome {
        self.printed.and_then(|()| self.lines.flush()).or_exit(Exit::Internal)?;
        Ok(if self.sum.bad == 0 && self.sum.cut.is_none() { Exit::Done } else { Exit::Refused })
    }
}

fn bad_line(bad: &BadRow) -> String {
    let column = bad.column.as_ref().map_or_else(String::new, |column| format!("{column}: "));
    format!("{}: {column}{}", bad.row, bad.message)
}

fn mapping_lines(mapping: &Mapping) -> String {
    let mut text = mapping.form.clone();
    for (name, field) in &mapping.columns {
        let meaning = field.map_or_else(|| "left out".to_owned(), Field::name);
        text.push_str(&format!("\n  {name} → {meaning}"));
    }
    text
}

fn sample_lines(sample: &Sample) -> String {
    let Sample { row, site, post } = sample;
    let when = post.published.map_or_else(|| "no time".to_owned(), rfc3339);
    let author = if post.author.is_some() { ", author → pseudonym" } else { "" };
    let head = |text: &str| -> String { text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(60).collect() };
    let title = post.title.as_deref().map_or_else(String::new, |title| format!("  {}\n", head(title)));
    let said = if post.text.is_empty() { String::new() } else { format!("  {}\n", head(&post.text)) };
    format!("row {row}: {site}, {when}{author}\n{title}{said}  {}", post.url)
}

fn summary_line(sum: &Summary, dry_run: bool) -> String {
    let Summary { rows, bad, new, changed, known, matched, opened, joined, .. } = sum;
    let good = rows - bad;
    if dry_run {
        return format!("{rows} rows: {good} would be taken, {bad} would not");
    }
    format!(
        "{rows} rows: {new} new posts, {changed} changed, {known} known, {bad} not taken; {matched} mentions, \
         {opened} incidents opened, {joined} joined"
    )
}
