//! `caifeng plugin parse`: recorded responses through a source, its posts as lines.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use caifeng::clock::{parse_time, rfc3339};
use caifeng::evidence::warc::Reader;
use caifeng::fetch::replay::{recorded, saved};
use caifeng_plugin_host::contract::{
    Crawl, Failure, Method, Page, Post, Reactions, Request, Response, Target, Timestamp,
};
use caifeng_plugin_host::engine::CallError;
use caifeng_plugin_host::source::Source;
use serde::Serialize;
use url::Url;

use super::super::output::{Lines, note, progress};
use super::super::workplace::{self, DataArgs};
use super::super::{Exit, Failed, OrExit, Outcome};

#[derive(Debug, clap::Args)]
#[group(id = "input", required = true, multiple = false, args = ["warc", "file"])]
pub(super) struct ParseArgs {
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

/// Runs `caifeng plugin parse`.
pub(super) fn run(args: &ParseArgs) -> Outcome {
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
