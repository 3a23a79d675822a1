//! `caifeng submit` and `caifeng import`: what people hand in.

use std::io::Read as _;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::anyhow;
use caifeng::clock::{parse_time, rfc3339};
use caifeng::config::{Config, WATCHES};
use caifeng::control::{self, Asked, Line, Refusal};
use caifeng::directory::Directory;
use caifeng::hand::columns::Field;
use caifeng::hand::import::{self, Import, Mapping, SAMPLES, Sample, Step, Summary};
use caifeng::hand::opml::{self, Feeds};
use caifeng::hand::rows::{BadRow, Format};
use caifeng::hand::submit::{Receipt, Submission, What};
use caifeng::hand::{Handing, Told};
use caifeng_plugin_host::contract::Timestamp;
use serde_json::json;
use tokio::sync::mpsc;

use super::output::{Lines, note, progress};
use super::serve::{open, open_demo, runtime};
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// Longest text that is read from standard input, in bytes.
const LONGEST: u64 = 1 << 20;

/// `caifeng submit URL|--text T`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Hands in a page or a text. A page is read once, by the plugin that fits its address best, within the same rules as a sweep. It opens or joins an incident whether or not it mentions a topic, and its clock starts now. A page that cannot be read is kept as what it is: an address, a note, and why; that ends with 0 too, and the reason is printed."
)]
#[group(id = "what", required = true, multiple = true, args = ["page", "text"])]
pub(crate) struct SubmitArgs {
    /// The page to read
    #[arg(value_name = "URL", conflicts_with = "text")]
    page: Option<String>,
    /// The text itself; - reads it from standard input
    #[arg(long, value_name = "T")]
    text: Option<String>,
    /// Headline of the text
    #[arg(long, value_name = "T", requires = "text")]
    title: Option<String>,
    /// Where the text can be read
    #[arg(long, value_name = "URL", requires = "text")]
    url: Option<String>,
    /// Who carried the text: a paper, a programme, a hotline
    #[arg(long, value_name = "S", requires = "text")]
    source: Option<String>,
    /// When the text was published: 2026-07-01, RFC 3339 or seconds since 1970
    #[arg(long, value_name = "T", requires = "text", value_parser = parse_time)]
    published: Option<Timestamp>,
    /// What you want to say with it
    #[arg(long, value_name = "N")]
    note: Option<String>,
    #[command(flatten)]
    place: PlaceArgs,
}

/// `caifeng import FILE`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Takes in posts from a table (CSV, XLSX, JSON Lines), or feeds from a list of subscriptions (OPML), which become watches in watches/ beside the configuration. Columns are known by Chinese or English names: 标题 title, 正文 text, 链接 url, 时间 published, 来源 source, 作者 author, 平台 site, 类型 kind. Ends with 1 when some rows could not be taken; the others were. The same file twice adds nothing."
)]
pub(crate) struct ImportArgs {
    /// The file
    file: PathBuf,
    /// Its form [default: by its name]
    #[arg(long, value_name = "FORM", value_parser = format)]
    format: Option<Format>,
    /// Show how it would be taken, and take nothing
    #[arg(long)]
    dry_run: bool,
    /// Take all rows or none
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Debug, clap::Args)]
struct PlaceArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Configuration [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
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

/// Runs `caifeng submit`.
pub(crate) fn submit(args: SubmitArgs) -> Outcome {
    let what = match (args.page, args.text) {
        (Some(page), _) => What::Page(page),
        (None, text) => {
            let text = match text.as_deref() {
                Some("-") => standard_input()?,
                text => text.unwrap_or_default().to_owned(),
            };
            What::Text { text, title: args.title, url: args.url, source: args.source, published: args.published }
        }
    };
    let directory = args.place.data.directory()?;
    let user = user(&directory);
    let handing = Handing::Submission(Submission { what, note: args.note, user });
    let json = args.place.json;
    let mut lines = Lines::new();
    let mut printed = Ok(());
    hand_in(&args.place, &directory, handing, |told| {
        if let Told::Receipt(receipt) = told {
            printed = if json { lines.json(&receipt) } else { lines.text(receipt_line(&receipt)) };
            if let (false, Some(failure)) = (json, &receipt.failure) {
                note(format_args!("the page could not be read, the submission is kept: {failure}"));
            }
        }
    })?;
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn receipt_line(receipt: &Receipt) -> String {
    let Receipt { incident, opened, title, .. } = receipt;
    let how = if *opened { "opened" } else { "joined" };
    let head: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect();
    format!("incident {incident} {how}: {head}")
}

fn standard_input() -> Result<String, Failed> {
    let mut text = String::new();
    std::io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text).or_exit(Exit::Usage)?;
    if text.len() as u64 > LONGEST {
        return Err(anyhow!("longer than 1 MiB: hand in the part that matters")).or_exit(Exit::Usage);
    }
    Ok(text)
}

/// The user of this machine, as a number and never as a name; people have accounts here later.
fn user(directory: &Directory) -> String {
    let of = |path: &Path| std::fs::metadata(path).map(|it| it.uid());
    let uid = of(Path::new("/proc/self")).or_else(|_| of(directory.path()));
    uid.map_or_else(|_| "uid:unknown".to_owned(), |uid| format!("uid:{uid}"))
}

/// Gives it to the daemon when one runs here, else takes the directory; passes on what is told.
fn hand_in(
    args: &PlaceArgs,
    directory: &Directory,
    handing: Handing,
    mut told: impl FnMut(Told),
) -> Result<(), Failed> {
    let runtime = runtime()?;
    let asked = Asked::HandIn(handing);
    let (tell, mut lines) = mpsc::channel(64);
    let daemon = if std::os::unix::net::UnixStream::connect(directory.socket()).is_ok() {
        if args.config.is_some() {
            let what = "a daemon runs here with its own configuration: leave --config out, or start the daemon with it";
            return Err(anyhow!(what)).or_exit(Exit::Usage);
        }
        None
    } else {
        let config = workplace::config(args.config.as_ref(), directory)?;
        Some(if config.is_none() && directory.demo().exists() {
            open_demo(directory)?
        } else {
            open(directory, config)?
        })
    };
    let (sweeper, socket) = (daemon.as_ref().map(|daemon| daemon.sweeper.clone()), directory.socket());
    let outcome = runtime.block_on(async {
        let work = tokio::spawn(async move {
            match sweeper {
                Some(sweeper) => asked.carry_out(&sweeper, &tell).await,
                None => {
                    let given = control::give(&socket, &asked, &tell).await;
                    given.map_err(|error| Refusal::Internal(error.to_string()))
                }
            }
        });
        let mut refusal = None;
        while let Some(line) = lines.recv().await {
            match line {
                Line::Handed(it) => told(*it),
                Line::Note(line) => note(line),
                Line::Failed(failed) => refusal = Some(failed),
                Line::Done | Line::Released(_) | Line::Total(_) | Line::Swept(_) => {}
            }
        }
        let carried = work.await.or_exit(Exit::Internal)?;
        Ok(refusal.map_or(carried, Err))
    });
    if let Some(daemon) = daemon {
        daemon.sweeper.store.close();
    }
    outcome?.map_err(|refusal| {
        let exit = if matches!(refusal, Refusal::Usage(_)) { Exit::Usage } else { Exit::Internal };
        Failed { exit, error: refusal.into() }
    })
}

/// Runs `caifeng import`.
pub(crate) fn import(args: ImportArgs) -> Outcome {
    let unknown = || anyhow!("{}: of what form? name it with --format csv, xlsx, jsonl or opml", args.file.display());
    let format = args.format.or_else(|| Format::of(&args.file)).ok_or_else(unknown).or_exit(Exit::Usage)?;
    if format == Format::Opml {
        return subscriptions(&args);
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
fn preview(args: &ImportArgs, format: Format) -> Outcome {
    let directory = args.place.data.directory()?;
    let zone = workplace::config(args.place.config.as_ref(), &directory)?.unwrap_or_default().organisation.zone();
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
    args: &'a ImportArgs,
    lines: Lines,
    printed: std::io::Result<()>,
    bar: indicatif::ProgressBar,
    sum: Summary,
}

impl<'a> Printer<'a> {
    fn new(args: &'a ImportArgs) -> Self {
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

/// Makes watches of a list of subscriptions.
fn subscriptions(args: &ImportArgs) -> Outcome {
    let directory = args.place.data.directory()?;
    let path = args.place.config.clone().unwrap_or_else(|| directory.config());
    if !path.exists() {
        let what =
            format!("feeds become watches beside the configuration, and {} does not exist: write it", path.display());
        return Err(anyhow!(what)).or_exit(Exit::Usage);
    }
    let config = Config::read(&path).or_exit(Exit::Usage)?;
    let named = |what: String| anyhow!("{}: {what}", args.file.display());
    let mut bytes = Vec::new();
    let file =
        std::fs::File::open(&args.file).map_err(|e| named(format!("cannot be read: {e}"))).or_exit(Exit::Usage)?;
    file.take(opml::LARGEST + 1).read_to_end(&mut bytes).or_exit(Exit::Usage)?;
    if bytes.len() as u64 > opml::LARGEST {
        return Err(named("larger than 16 MiB".to_owned())).or_exit(Exit::Usage);
    }
    let feeds = opml::feeds(&bytes, &config.watches).map_err(named).or_exit(Exit::Usage)?;
    let wrong = feeds.skipped.iter().filter(|skipped| skipped.wrong).count();
    let refuse = args.strict && wrong > 0;
    let written = if feeds.watches.is_empty() || args.dry_run || refuse {
        None
    } else {
        let folder = path.parent().unwrap_or_else(|| Path::new("")).join(WATCHES);
        Some(write_watches(&folder, &args.file, &feeds)?)
    };
    print_feeds(args, &feeds, written.as_deref())?;
    if refuse {
        return Err(named(format!("{wrong} outlines are wrong and nothing was written: correct them")))
            .or_exit(Exit::Usage);
    }
    Ok(if wrong == 0 { Exit::Done } else { Exit::Refused })
}

fn print_feeds(args: &ImportArgs, feeds: &Feeds, written: Option<&Path>) -> Result<(), Failed> {
    let mut lines = Lines::new();
    for skipped in &feeds.skipped {
        if args.place.json {
            lines.json(&json!({ "skipped": skipped })).or_exit(Exit::Internal)?;
        } else {
            note(format_args!("{}:{}: {}: {}", args.file.display(), skipped.line, skipped.address, skipped.why));
        }
    }
    for watch in &feeds.watches {
        let printed = if args.place.json {
            lines.json(&json!({ "watch": watch }))
        } else {
            lines.text(format_args!("{}  {}  {}", watch.id, watch.target.text(), watch.note.as_deref().unwrap_or("")))
        };
        printed.or_exit(Exit::Internal)?;
    }
    let (new, skipped) = (feeds.watches.len(), feeds.skipped.len());
    let printed = match written {
        _ if args.place.json => lines.json(&json!({ "new": new, "skipped": skipped, "written": written })),
        Some(path) => {
            let path = path.display();
            lines.text(format_args!(
                "{new} watches written to {path}, {skipped} skipped; the daemon reads it when it starts"
            ))
        }
        None if args.dry_run => lines.text(format_args!("{new} watches would be written, {skipped} skipped")),
        None => lines.text(format_args!("nothing to write, {skipped} skipped")),
    };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)
}

/// Writes the watches under a name that is free.
fn write_watches(folder: &Path, list: &Path, feeds: &Feeds) -> Result<PathBuf, Failed> {
    let stem = list.file_stem().map(|stem| opml::slug(&stem.to_string_lossy())).filter(|stem| !stem.is_empty());
    let stem = stem.unwrap_or_else(|| "feeds".to_owned());
    let text = caifeng::config::watches_toml(&feeds.watches).or_exit(Exit::Internal)?;
    let attempt = || -> std::io::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        // Written aside and linked into place: a crash leaves no half a file, and nothing is overwritten.
        let draft = folder.join(format!(".{stem}.{}", std::process::id()));
        std::fs::write(&draft, &text)?;
        std::fs::File::open(&draft)?.sync_all()?;
        let names = std::iter::once(stem.clone()).chain((2..1_000).map(|n| format!("{stem}-{n}")));
        let mut linked = Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists));
        for name in names {
            let path = folder.join(format!("{name}.toml"));
            linked = std::fs::hard_link(&draft, &path).map(|()| path);
            if !matches!(&linked, Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists) {
                break;
            }
        }
        std::fs::remove_file(&draft)?;
        linked
    };
    attempt().map_err(|error| anyhow!("{}: cannot be written: {error}", folder.display())).or_exit(Exit::Usage)
}
