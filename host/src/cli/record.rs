//! `caifeng record`: the monitoring record.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use caifeng::clock::{parse_time, rfc3339};
use caifeng::lang::Lang;
use caifeng::record::{self, Entry};
use caifeng::store::{Reader, RecordQuery};
use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::output::Lines;
use super::workplace::DataArgs;
use super::{Exit, Failed, OrExit, Outcome, coverage};

/// Sweeps that are read at a time: one long read would keep the store from folding its log.
const PAGE: usize = 5_000;

/// `caifeng record`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Only sweeps that began then or later: 2026-07-01, RFC 3339 or seconds since 1970
    #[arg(long, value_name = "T", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Only sweeps that began before then
    #[arg(long, value_name = "T", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// Only sweeps of this watch
    #[arg(long, value_name = "ID")]
    watch: Option<String>,
    /// Only sweeps that failed or never ended
    #[arg(long)]
    failed: bool,
    /// How it is written
    #[arg(long, value_name = "F", default_value = "text")]
    format: Format,
    /// Write to this file, which must not exist yet
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Language of the columns' names: zh-CN or en
    #[arg(long, value_name = "TAG", default_value = "zh-CN")]
    lang: String,
    /// Configuration, for the time zone [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON object a line
    Jsonl,
    /// RFC 4180, UTF-8 with a byte order mark
    Csv,
    /// A workbook; needs --output
    Xlsx,
}

/// Runs `caifeng record`.
pub(crate) fn run(args: &Args) -> Outcome {
    let lang = Lang::of_tag(&args.lang);
    let lang = lang.ok_or_else(|| anyhow!("--lang {:?}: write zh-CN or en", args.lang)).or_exit(Exit::Usage)?;
    if args.format == Format::Xlsx && args.output.is_none() {
        return Err(anyhow!("a workbook is no text: name a file with --output FILE.xlsx")).or_exit(Exit::Usage);
    }
    let directory = args.data.directory()?;
    if args.format != Format::Text || args.output.is_some() {
        let instead = "what its sites showed is no monitoring record: leave --format and --output out";
        directory.not_in_a_drill(instead).or_exit(Exit::Refused)?;
    }
    let zone = coverage::zone(args.config.as_ref(), &directory)?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let mut out = Out::open(args.output.as_ref())?;
    if args.format == Format::Xlsx {
        let mut entries = Vec::new();
        pages(args, &reader, |page| {
            entries.extend(page);
            Ok(())
        })?;
        entries.truncate(record::SHEET);
        let book = record::xlsx(&entries, lang, &zone).or_exit(Exit::Internal)?;
        out.write(&book)?;
        return out.close();
    }
    if args.format == Format::Csv {
        out.write(record::csv_head(lang).as_bytes())?;
    }
    pages(args, &reader, |page| {
        page.iter().try_for_each(|entry| {
            let line = line(entry, args.format, &zone);
            if args.format == Format::Text { out.text(&line) } else { out.write(line.as_bytes()) }
        })
    })?;
    out.close()
}

/// Reads the record page by page.
fn pages(args: &Args, reader: &Reader, mut each: impl FnMut(Vec<Entry>) -> Result<(), Failed>) -> Result<(), Failed> {
    let mut query = RecordQuery {
        watch: args.watch.clone(),
        since: args.since,
        until: args.until,
        failed: args.failed,
        before: None,
        limit: Some(PAGE),
    };
    loop {
        let page = reader.record(&query).or_exit(Exit::Internal)?;
        let Some(last) = page.last() else { return Ok(()) };
        query.before = Some(last.sweep.id);
        each(page)?;
    }
}

/// Standard output, or a file that was not there.
enum Out {
    Lines(Lines),
    File(std::fs::File),
}

impl Out {
    fn open(path: Option<&PathBuf>) -> Result<Self, Failed> {
        let Some(path) = path else { return Ok(Self::Lines(Lines::new())) };
        let file = std::fs::File::create_new(path).with_context(|| path.display().to_string());
        file.map(Self::File).or_exit(Exit::Usage)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        match self {
            Self::Lines(lines) => lines.bytes(bytes),
            Self::File(file) => file.write_all(bytes),
        }
        .or_exit(Exit::Internal)
    }

    /// A line of text, with its end.
    fn text(&mut self, line: &str) -> Result<(), Failed> {
        match self {
            Self::Lines(lines) => lines.text(line.trim_end_matches('\n')).or_exit(Exit::Internal),
            Self::File(_) => self.write(line.as_bytes()),
        }
    }

    fn close(mut self) -> Outcome {
        match &mut self {
            Self::Lines(lines) => lines.flush(),
            Self::File(file) => file.sync_all(),
        }
        .or_exit(Exit::Internal)?;
        Ok(Exit::Done)
    }
}

fn line(entry: &Entry, format: Format, zone: &TimeZone) -> String {
    match format {
        Format::Csv | Format::Xlsx => record::csv_line(entry, zone),
        Format::Jsonl => object(entry).to_string() + "\n",
        Format::Text => text(entry),
    }
}

fn text(entry: &Entry) -> String {
    let (sweep, tally) = (&entry.sweep, &entry.sweep.tally);
    let ended = match sweep.ended {
        Some(ended) => format!("{} s", ended - sweep.started),
        None => "not ended".to_owned(),
    };
    let failed = match tally.failures.first() {
        None => "heard".to_owned(),
        Some(first) => format!("failed ({}): {}", record::kinds(sweep), first.detail),
    };
    let left_out = if tally.unasked > 0 { format!("{} left out, ", tally.unasked) } else { String::new() };
    let plain = format!(
        "{} {} {}: {ended}, {} requests, {} bytes, {} seen, {} new, {} matched, {} skipped, {left_out}{failed}",
        sweep.id,
        rfc3339(sweep.started),
        sweep.watch,
        tally.requests,
        tally.bytes,
        tally.seen,
        tally.new,
        tally.matched,
        tally.skipped
    );
    plain.replace(char::is_control, "\u{fffd}") + "\n"
}

fn object(entry: &Entry) -> Value {
    let (sweep, tally) = (&entry.sweep, &entry.sweep.tally);
    let kinds: serde_json::Map<String, Value> =
        tally.by_kind().into_iter().map(|(kind, n)| (kind.as_str().to_owned(), n.into())).collect();
    json!({
        "sweep": sweep.id, "watch": sweep.watch, "plugin": entry.plugin, "target": entry.target,
        "started": rfc3339(sweep.started), "ended": sweep.ended.map(rfc3339), "requests": tally.requests,
        "bytes": tally.bytes, "pages": tally.pages, "seen": tally.seen, "new": tally.new, "changed": tally.changed,
        "matched": tally.matched, "skipped": tally.skipped, "unchanged": tally.unchanged, "missing": tally.missing,
        "unasked": tally.unasked, "canary": tally.canary, "failed": kinds, "failures": tally.failures,
    })
}
