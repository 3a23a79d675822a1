//! `caifeng plugin`: list, inspect, build, parse.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use caifeng::clock::{parse_time, rfc3339};
use caifeng::evidence::warc::Reader;
use caifeng::fetch::replay::{recorded, saved};
use caifeng::plugins::{Origin, Registry};
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::build::{self, Progress};
use caifeng_plugin_host::contract::{
    Crawl, Failure, Method, Page, Post, Reactions, Request, Response, Target, Timestamp,
};
use caifeng_plugin_host::manifest::Manifest;
use caifeng_plugin_host::source::{CallError, Source};
use clap::Subcommand;
use serde::Serialize;
use url::Url;

use super::output::{Lines, note, progress};
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng plugin …`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the installed plugins
    List(ListArgs),
    /// Show what a plugin is and what it asks for
    Inspect(InspectArgs),
    /// Make a plugin from a Rust crate
    Build(BuildArgs),
    /// Run recorded responses through a source and print its posts
    Parse(ParseArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct InspectArgs {
    /// Plugin id, or the path of a .wasm file
    plugin: String,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct BuildArgs {
    /// The crate, with its Cargo.toml and plugin.toml
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Where to write the component [default: ID.wasm in the crate's target folder]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(id = "input", required = true, multiple = false, args = ["warc", "file"])]
struct ParseArgs {
    /// Plugin id
    plugin: String,
    /// The step that reads the responses [default: by the manifest's `match`]
    #[arg(long)]
    step: Option<String>,
    /// When the responses were fetched, and the time of the call [default: the record's date]
    #[arg(long, value_name = "T", value_parser = parse_time)]
    fetched: Option<Timestamp>,
    /// A recording: every response in it is read
    #[arg(long, value_name = "F")]
    warc: Option<PathBuf>,
    /// The address of FILE
    #[arg(long, requires = "file")]
    url: Option<String>,
    /// A file that holds one response's body
    #[arg(requires = "url")]
    file: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON Lines instead of text
    #[arg(long, visible_alias = "json")]
    jsonl: bool,
}

/// Runs `caifeng plugin …`.
pub(crate) fn run(args: Args) -> Outcome {
    match args.command {
        Command::List(args) => list(&args),
        Command::Inspect(args) => inspect(&args),
        Command::Build(args) => build(&args),
        Command::Parse(args) => parse(&args),
    }
}

/// A line of `plugin list`.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    name: &'a str,
    version: &'a str,
    kind: String,
    path: &'a Path,
    digest: String,
}

impl<'a> Listed<'a> {
    fn of(artifact: &'a Artifact, path: &'a Path) -> Self {
        let manifest = artifact.manifest();
        let (id, name, version) = (&manifest.id, &manifest.name, &manifest.version);
        Self { id, name, version, kind: artifact.kind().to_string(), path, digest: artifact.digest().to_string() }
    }
}

fn list(args: &ListArgs) -> Outcome {
    let directory = args.data.directory().ok();
    let registry = workplace::registry(directory.as_ref())?;
    let mut lines = Lines::new();
    let mut exit = Exit::Done;
    for found in registry.all() {
        match &found.artifact {
            Ok(artifact) if args.json => lines.json(&Listed::of(artifact, &found.path)).or_exit(Exit::Internal)?,
            Ok(artifact) => {
                let Listed { id, name, version, kind, .. } = Listed::of(artifact, &found.path);
                let origin = match found.origin {
                    Origin::Shipped => "shipped",
                    Origin::Installed => "installed",
                };
                lines
                    .text(format_args!("{id:<12} {version:<8} {kind:<11} {origin:<10} {name}"))
                    .or_exit(Exit::Internal)?;
            }
            Err(error) => {
                exit = Exit::Plugin;
                note(format_args!("{}: {error}", found.path.display()));
            }
        }
    }
    if registry.all().is_empty() {
        note("no plugins: `make plugins` builds the shipped ones");
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(exit)
}

/// Reads the plugin that was named by id or by path.
fn named(registry: &Registry, name: &str) -> Result<(PathBuf, Artifact), Failed> {
    if !name.ends_with(".wasm") {
        let (found, artifact) = registry.find(name).map_err(workplace::plugin_fault)?;
        return Ok((found.path.clone(), artifact.clone()));
    }
    let path = PathBuf::from(name);
    let bytes = std::fs::read(&path).with_context(|| format!("{name}: cannot be read")).or_exit(Exit::Usage)?;
    let artifact = Artifact::read(bytes).with_context(|| name.to_owned()).or_exit(Exit::Plugin)?;
    Ok((path, artifact))
}

fn inspect(args: &InspectArgs) -> Outcome {
    let directory = args.data.directory().ok();
    let registry = workplace::registry(directory.as_ref())?;
    let (path, artifact) = named(&registry, &args.plugin)?;
    let mut lines = Lines::new();
    let listed = Listed::of(&artifact, &path);
    if args.json {
        let mut value = serde_json::to_value(&listed).or_exit(Exit::Internal)?;
        let manifest: toml::Table = toml::from_str(artifact.manifest_text()).or_exit(Exit::Plugin)?;
        value["contract"] = artifact.contract().into();
        value["bytes"] = artifact.bytes().len().into();
        value["manifest"] = serde_json::to_value(manifest).or_exit(Exit::Internal)?;
        lines.json(&value).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
        return Ok(Exit::Done);
    }
    let facts = format!(
        "{} {} ({})\n{}\ncontract {}, {} bytes, imports nothing\n{}\n\n{}",
        listed.id,
        listed.version,
        listed.kind,
        listed.name,
        artifact.contract(),
        artifact.bytes().len(),
        listed.digest,
        artifact.manifest_text().trim_end(),
    );
    lines.text(facts).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn build(args: &BuildArgs) -> Outcome {
    let out = match &args.out {
        Some(out) => out.clone(),
        None => default_out(&args.dir)?,
    };
    let bar = progress(0, "building");
    let built = build::build_crate(&args.dir, &out, &mut |progress| match progress {
        Progress::Compiled(name) => bar.set_message(format!("compiled {name}")),
        Progress::Encoding => bar.set_message("encoding"),
    });
    bar.finish_and_clear();
    let path = built.or_exit(Exit::Plugin)?;
    let artifact = std::fs::read(&path).map_err(anyhow::Error::from).and_then(|bytes| Ok(Artifact::read(bytes)?));
    let artifact = artifact.or_exit(Exit::Plugin)?;
    let mut lines = Lines::new();
    if args.json {
        lines.json(&Listed::of(&artifact, &path)).or_exit(Exit::Internal)?;
    } else {
        let size = artifact.bytes().len();
        lines.text(format_args!("{} ({size} bytes, imports nothing)", path.display())).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// `target/ID.wasm` in the crate, by the id in its manifest.
fn default_out(dir: &Path) -> Result<PathBuf, Failed> {
    let path = dir.join("plugin.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{}: cannot be read", path.display()));
    let manifest = Manifest::parse(&text.or_exit(Exit::Usage)?).with_context(|| path.display().to_string());
    Ok(dir.join("target").join(format!("{}.wasm", manifest.or_exit(Exit::Plugin)?.id)))
}

/// A post as `plugin parse` prints it: the contract's names, times in RFC 3339.
#[derive(Serialize)]
struct PostLine<'a> {
    source_url: &'a str,
    id: &'a str,
    kind: caifeng_plugin_host::contract::Kind,
    url: &'a str,
    parent: Option<&'a str>,
    author: Option<&'a caifeng_plugin_host::contract::Author>,
    publisher: Option<&'a str>,
    title: Option<&'a str>,
    text: &'a str,
    language: Option<&'a str>,
    published: Option<String>,
    day_only: bool,
    edited: Option<String>,
    reactions: Reactions,
    media: &'a [String],
    extra: &'a [(String, String)],
}

impl<'a> PostLine<'a> {
    fn of(source_url: &'a str, post: &'a Post) -> Self {
        Self {
            source_url,
            id: &post.id,
            kind: post.kind,
            url: &post.url,
            parent: post.parent.as_deref(),
            author: post.author.as_ref(),
            publisher: post.publisher.as_deref(),
            title: post.title.as_deref(),
            text: &post.text,
            language: post.language.as_deref(),
            published: post.published.map(rfc3339),
            day_only: post.day_only,
            edited: post.edited.map(rfc3339),
            reactions: post.reactions,
            media: &post.media,
            extra: &post.extra,
        }
    }
}

/// A response that gave no posts, and why.
#[derive(Serialize)]
struct FailureLine<'a> {
    source_url: &'a str,
    failure: &'a str,
    detail: String,
}

/// Runs responses through one source and prints what comes out.
struct Parser<'a> {
    source: Source,
    args: &'a ParseArgs,
    lines: Lines,
}

fn parse(args: &ParseArgs) -> Outcome {
    let directory = args.data.directory().ok();
    let registry = workplace::registry(directory.as_ref())?;
    let engine = workplace::engine(None)?;
    let source = registry.source(&args.plugin, &engine).map_err(workplace::plugin_fault)?;
    if let Some(step) = args.step.as_ref().filter(|step| !source.manifest().has_step(step)) {
        let steps: Vec<_> = source.manifest().steps.iter().map(|step| step.name.as_str()).collect();
        return Err(anyhow!("plugin {} has no step {step:?}, only: {}", args.plugin, steps.join(", ")))
            .or_exit(Exit::Usage);
    }
    let mut parser = Parser { source, args, lines: Lines::new() };
    match (&args.warc, &args.url, &args.file) {
        (Some(warc), _, _) => parser.recording(warc)?,
        (None, Some(url), Some(file)) => parser.file(url, file)?,
        _ => return Err(anyhow!("name a recording with --warc F, or --url U and a FILE")).or_exit(Exit::Usage),
    }
    parser.lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

impl Parser<'_> {
    fn recording(&mut self, path: &Path) -> Result<(), Failed> {
        let opened = File::open(path).with_context(|| format!("{}: cannot be read", path.display()));
        let file = opened.or_exit(Exit::Usage)?;
        let size = file.metadata().map_or(0, |meta| meta.len());
        let bar = progress(size, "reading");
        let records = Reader::new(BufReader::new(file)).or_exit(Exit::Usage)?;
        let (mut good, mut bad) = (0_u32, 0_u32);
        for record in records {
            let record = match record {
                Ok(record) => {
                    good += 1;
                    record
                }
                Err(error) => {
                    bad += 1;
                    note(format_args!("{}: {error}", path.display()));
                    continue;
                }
            };
            bar.set_position(record.offset);
            let url = record.url.clone();
            match recorded(record) {
                Some(Ok(mut answer)) => {
                    answer.response.fetched = self.args.fetched.unwrap_or(answer.response.fetched);
                    self.response(&url, &answer.response)?;
                }
                Some(Err(error)) => self.failure(&url, "network", error.to_string())?,
                None => {}
            }
        }
        bar.finish_and_clear();
        if bad > 0 && good == 0 {
            let what = "no record can be read: name a WARC file";
            return Err(anyhow!("{}: {what}", path.display())).or_exit(Exit::Usage);
        }
        if bad > 0 {
            note(format_args!("{bad} records could not be read: the recording is damaged"));
        }
        Ok(())
    }

    fn file(&mut self, url: &str, path: &Path) -> Result<(), Failed> {
        let body =
            std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display())).or_exit(Exit::Usage)?;
        let fetched = self.args.fetched.unwrap_or_else(|| caifeng::clock::Clock::now(&caifeng::clock::SystemClock));
        self.response(url, &saved(url, None, &body, fetched).response)
    }

    /// Reads one response in a crawl of its own: listing of its address, empty context.
    fn response(&mut self, url: &str, response: &Response) -> Result<(), Failed> {
        let crawl = Crawl {
            target: Target::Listing(url.to_owned()),
            site: None,
            settings: self.source.manifest().settings(&Vec::new()).unwrap_or_default(),
            since: 0,
            now: response.fetched,
            utc_offset: 0,
        };
        let by_match = Url::parse(url).ok().and_then(|at| self.source.manifest().step_for(&at).map(str::to_owned));
        let Some(step) = self.args.step.clone().or(by_match) else {
            return self.failure(
                url,
                "unsupported",
                "no step of the manifest matches: name one with --step".to_owned(),
            );
        };
        let request =
            Request { step, url: url.to_owned(), method: Method::Get, headers: Vec::new(), context: String::new() };
        match self.source.crawl(&crawl).parse(&request, response).outcome {
            Ok(page) => self.page(url, &page),
            Err(CallError::Failure(failure)) => {
                let (name, detail) = match failure {
                    Failure::Unsupported(detail) => ("unsupported", detail),
                    Failure::Gone => ("gone", String::new()),
                    Failure::Blocked(detail) => ("blocked", detail),
                    Failure::Unexpected(detail) => ("unexpected", detail),
                };
                self.failure(url, name, detail)
            }
            Err(CallError::Trap(trap)) => self.failure(url, "trap", trap.to_string()),
        }
    }

    fn page(&mut self, url: &str, page: &Page) -> Result<(), Failed> {
        for post in &page.posts {
            if self.args.jsonl {
                self.lines.json(&PostLine::of(url, post)).or_exit(Exit::Internal)?;
            } else {
                let when = post.published.map_or_else(|| "-".to_owned(), rfc3339);
                let title = post.title.as_deref().unwrap_or(&post.text).lines().next().unwrap_or_default();
                self.lines
                    .text(format_args!("{when:<20}  {title}\n{:<20}  {}", "", post.url))
                    .or_exit(Exit::Internal)?;
            }
        }
        for line in &page.skipped {
            note(format_args!("{url}: skipped: {line}"));
        }
        Ok(())
    }

    fn failure(&mut self, source_url: &str, failure: &str, detail: String) -> Result<(), Failed> {
        if self.args.jsonl {
            self.lines.json(&FailureLine { source_url, failure, detail }).or_exit(Exit::Internal)
        } else {
            let colon = if detail.is_empty() { "" } else { ": " };
            note(format_args!("{source_url}: {failure}{colon}{detail}"));
            Ok(())
        }
    }
}
