//! `caifeng report`: reports and working forms.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use caifeng::config;
use caifeng::directory::Directory;
use caifeng::document::{Block, Document, Run};
use caifeng::incident::IncidentId;
use caifeng::lang::Lang;
use caifeng::report::{About, Kind};
use caifeng::reporting::{self, BadSpan, Format, ReportError, Setting, Subject, shelf};
use caifeng::store::Reader;
use serde_json::json;

use super::output::Lines;
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng report`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Writes a report or a working form.\n\nAbout a span of time: daily 日报, weekly 周报, monthly 月报, record 监测记录; by default the last whole day, week or month.\nAbout an incident (--incident): flash 快报, special 专报, summary 处置总结, assignment 交办单, feedback 反馈单, extension 延期申请, approval 发布审批表, referral 移送建议书, archive 归档目录.\n`list` prints the regular reports that the daemon has written as the plan wants them.\n\nEvery sentence about a fact cites captured posts; where there is none, the place is marked. What was not heard is said in each."
)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Which report, or `list`
    #[arg(value_name = "KIND", value_parser = named)]
    what: What,
    /// The incident that it is about
    #[arg(long, value_name = "I")]
    incident: Option<IncidentId>,
    /// From this day or moment on: 2026-06-01 (of the organisation's zone), RFC 3339
    #[arg(long, value_name = "T")]
    from: Option<String>,
    /// Until the end of this day, or until this moment [default: now]
    #[arg(long, value_name = "T", requires = "from")]
    to: Option<String>,
    /// How it is written: docx, html, md, xlsx or csv [default: by the ending of --out, else md]
    #[arg(long, value_name = "F", value_parser = format)]
    format: Option<Format>,
    /// Write to this file, which must not exist yet; docx and xlsx need one
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Language of the report: zh-CN or en
    #[arg(long, value_name = "TAG", default_value = "zh-CN")]
    lang: String,
    /// Number of the issue; flash and special reports leave room for it otherwise
    #[arg(long, value_name = "N")]
    number: Option<u32>,
    /// Configuration, for name, zone and plan [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Print what was written as one JSON object
    #[arg(long)]
    json: bool,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    List,
    Kind(Kind),
}

fn named(name: &str) -> Result<What, String> {
    if name == "list" {
        return Ok(What::List);
    }
    let known = || Kind::ALL.map(Kind::as_str).join(", ");
    Kind::from_name(name).map(What::Kind).ok_or_else(|| format!("write list, or one of {}", known()))
}

fn format(name: &str) -> Result<Format, String> {
    Format::from_name(name).ok_or_else(|| "write docx, html, md, xlsx or csv".to_owned())
}

/// Runs `caifeng report`.
pub(crate) fn run(args: &Args) -> Outcome {
    let directory = args.data.directory()?;
    directory.not_in_a_drill("its paper is its score: caifeng drill score").or_exit(Exit::Refused)?;
    let kind = match args.what {
        What::List => return list(args, &directory),
        What::Kind(kind) => kind,
    };
    let format = wanted(args)?;
    let setting = setting(args, &directory)?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let subject = subject(args, kind, &setting)?;
    let document = reporting::prepare(&reader, kind, subject, &setting).map_err(whose)?;
    let bytes = reporting::render(&document, format).or_exit(Exit::Internal)?;
    let mut lines = Lines::new();
    match &args.out {
        Some(path) => create(path, &bytes)?,
        None => lines.bytes(&bytes).or_exit(Exit::Internal)?,
    }
    if args.json {
        lines.json(&told(kind, format, args.out.as_deref(), &document, &bytes)).or_exit(Exit::Internal)?;
    } else if let Some(path) = &args.out {
        lines.text(line(path, &document)).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// Who must act.
fn whose(error: ReportError) -> Failed {
    let exit = match error {
        ReportError::NoIncident(_) | ReportError::Misfit(_) => Exit::Usage,
        ReportError::Store(_) | ReportError::Unwritable(_) => Exit::Internal,
    };
    Failed { exit, error: error.into() }
}

/// The format that was named, or that the file's name ends with.
fn wanted(args: &Args) -> Result<Format, Failed> {
    let ending = args.out.as_ref().and_then(|path| path.extension()?.to_str()).and_then(Format::from_name);
    let format = args.format.or(ending).unwrap_or(Format::Md);
    if args.out.is_none() && (format.is_binary() || args.json) {
        let why = if format.is_binary() { "this is no text" } else { "--json tells what was written" };
        return Err(anyhow!("{why}: name a file with --out FILE.{}", format.as_str())).or_exit(Exit::Usage);
    }
    Ok(format)
}

fn setting(args: &Args, directory: &Directory) -> Result<Setting, Failed> {
    let lang = Lang::of_tag(&args.lang);
    let lang = lang.ok_or_else(|| anyhow!("--lang {:?}: write zh-CN or en", args.lang)).or_exit(Exit::Usage)?;
    let organisation = workplace::organisation(args.config.as_ref(), directory)?;
    let beside = args.config.clone().unwrap_or_else(|| directory.config());
    let plan = config::plan_beside(&beside).or_exit(Exit::Usage)?;
    let now = workplace::clock(directory)?.now();
    let (organisation, zone) = (organisation.name.clone(), organisation.zone());
    Ok(Setting { organisation, zone, plan, lang, now, number: args.number })
}

fn subject(args: &Args, kind: Kind, setting: &Setting) -> Result<Subject, Failed> {
    match (kind.about(), args.incident) {
        (About::Incident, Some(id)) if args.from.is_none() => Ok(Subject::Incident(id)),
        (About::Incident, Some(_)) => Err(anyhow!(
            "a {} is about an incident, from first sight until now: leave out --from and --to",
            kind.as_str()
        ))
        .or_exit(Exit::Usage),
        (About::Incident, None) => {
            let hint = "name it with --incident (caifeng incident list lists them)";
            Err(anyhow!("a {} is about an incident: {hint}", kind.as_str())).or_exit(Exit::Usage)
        }
        (About::Span, Some(_)) => {
            Err(anyhow!("a {} is about a span of time: leave out --incident", kind.as_str())).or_exit(Exit::Usage)
        }
        (About::Span, None) => {
            let span = reporting::span(kind, args.from.as_deref(), args.to.as_deref(), setting).map_err(|error| {
                let exit = if error == BadSpan::Clock { Exit::Internal } else { Exit::Usage };
                Failed { exit, error: error.into() }
            })?;
            Ok(Subject::Span(span))
        }
    }
}

fn create(path: &Path, bytes: &[u8]) -> Result<(), Failed> {
    let file = std::fs::File::create_new(path).with_context(|| path.display().to_string());
    let mut file = file.or_exit(Exit::Usage)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).or_exit(Exit::Internal)
}

/// Places that a person must fill.
fn missing(document: &Document) -> usize {
    let runs = document.blocks.iter().flat_map(|block| match block {
        Block::Paragraph(runs) | Block::Quote(runs) | Block::Summary(runs) | Block::Note(runs) => vec![runs],
        Block::List { items, .. } => items.iter().collect(),
        Block::Form(form) => form.rows.iter().flatten().flat_map(|field| &field.value).collect(),
        _ => Vec::new(),
    });
    runs.flatten().filter(|run| matches!(run, Run::Missing(_))).count()
}

fn told(kind: Kind, format: Format, out: Option<&Path>, document: &Document, bytes: &[u8]) -> serde_json::Value {
    json!({
        "kind": kind, "format": format, "file": out, "bytes": bytes.len(), "title": document.title.as_str(),
        "sources": document.sources.len(), "to_fill": missing(document),
    })
}

fn line(path: &Path, document: &Document) -> String {
    let (sources, missing) = (document.sources.len(), missing(document));
    format!("{}: {sources} sources cited, {missing} places to fill", path.display())
}

fn list(args: &Args, directory: &Directory) -> Outcome {
    let setting = setting(args, directory)?;
    let mut lines = Lines::new();
    for written in shelf::list(&directory.reports()).or_exit(Exit::Internal)? {
        let rule = setting.plan.bulletins.iter().find(|rule| rule.kind == written.kind);
        let readers: Vec<&str> =
            rule.map_or(&[][..], |rule| rule.readers.all()).iter().map(|role| role.as_str()).collect();
        let printed = if args.json {
            lines.json(&json!({
                "kind": written.kind, "from": written.day.to_string(), "file": written.path, "bytes": written.bytes,
                "for": readers,
            }))
        } else {
            lines.text(format!(
                "{}  {:<8}  {:>9} bytes  for {}  {}",
                written.day,
                written.kind.as_str(),
                written.bytes,
                readers.join(", "),
                written.path.display()
            ))
        };
        printed.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}
