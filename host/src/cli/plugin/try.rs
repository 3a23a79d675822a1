//! `caifeng plugin try`: a crawl under the host's own rules, shown as it happens.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use caifeng::clock::{Clock as _, SystemClock, rfc3339};
use caifeng::crawl::{LeftOut, Limits};
use caifeng::daemon::settings;
use caifeng::evidence::archive::Archive;
use caifeng::fetch::Fetcher;
use caifeng::fetch::live::Live;
use caifeng::fetch::replay::Replay;
use caifeng::fitting;
use caifeng::grant::Right;
use caifeng::trial::pseudonym::{Pseudonyms, unknown};
use caifeng::trial::{Event, Exchange, Trial};
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::contract::{Crawl, Page, Post, Request, Target};
use caifeng_plugin_host::engine::CallError;
use caifeng_plugin_host::fixture::{Call, Fixture};
use caifeng_plugin_host::manifest::{Manifest, TargetKind};
use caifeng_plugin_host::source::Source;
use serde_json::json;

use super::super::output::{Lines, note, one_line, progress};
use super::super::serve::runtime;
use super::super::workplace;
use super::super::{Exit, Failed, OrExit, Outcome};
use super::check::counted;
use super::folder::NamedArgs;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The site is asked as a sweep would ask it: only hosts of network.allow, by robots.txt, at its pace, without credentials. Nothing is stored but what --save records. Fixtures hold what people wrote: look at them before you publish them; --pseudonymise replaces the authors, not the names inside texts."
)]
pub(super) struct TryArgs {
    /// A phrase, an account or an address, as the manifest's targets describe them
    target: String,
    #[command(flatten)]
    plugin: NamedArgs,
    /// What kind of target it is [default: the first of the manifest that fits]
    #[arg(long, value_parser = ["keyword", "account", "listing", "item"])]
    kind: Option<String>,
    /// The site, for plugins that serve many
    #[arg(long, value_name = "URL")]
    site: Option<String>,
    /// A setting of the plugin; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// Ask at most so many pages
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=200))]
    requests: u16,
    /// Answer from a recording instead of the network
    #[arg(long, value_name = "F.warc.gz")]
    from: Option<PathBuf>,
    /// Record each call as a fixture of the plugin: NAME-1, NAME-2, …
    #[arg(long, value_name = "NAME")]
    save: Option<String>,
    /// Give the authors of what is saved other names and numbers
    #[arg(long, requires = "save")]
    pseudonymise: bool,
    /// Configuration [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng plugin try`.
pub(super) fn run(args: &TryArgs) -> Outcome {
    let subject = args.plugin.plugin().located()?;
    let artifact = Artifact::read(subject.bytes).with_context(|| subject.path.display().to_string());
    let artifact = artifact.or_exit(Exit::Plugin)?;
    let source = Source::load(&workplace::engine(None)?, &artifact).or_exit(Exit::Plugin)?;
    if args.save.as_deref().is_some_and(|name| !plain(name)) {
        return Err(anyhow!("--save: a name of letters, digits and hyphens: {:?}", args.save)).or_exit(Exit::Usage);
    }
    let (fetcher, now) = fetcher(args)?;
    let crawl = crawl(args, source.manifest(), now)?;
    let limits = Limits { requests: usize::from(args.requests), ..Limits::default() };
    let right = Right::asked(&artifact, &crawl);
    let trial = Trial { source: &source, crawl: crawl.clone(), fetcher: &fetcher, limits, right };
    let mut seen = Seen::new(args.json);
    // A fetcher needs the runtime's clock and sockets.
    runtime()?.block_on(trial.run(&mut |event| seen.take(event)));
    seen.bar.finish_and_clear();
    seen.printed.or_exit(Exit::Internal)?;
    seen.lines.flush().or_exit(Exit::Internal)?;
    if let Some(name) = &args.save {
        let Some(folder) = &subject.fixtures else {
            return Err(anyhow!("name the folder of its fixtures with --fixtures DIR")).or_exit(Exit::Usage);
        };
        save(args, name, folder, &crawl, &seen.exchanges)?;
    }
    Ok(seen.exit)
}

fn plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// The web by the configuration, or the recording, and what time it is there.
fn fetcher(args: &TryArgs) -> Result<(Fetcher, i64), Failed> {
    if let Some(path) = &args.from {
        let archive = Archive::open(path).with_context(|| format!("{}: cannot be read", path.display()));
        let archive = archive.or_exit(Exit::Usage)?;
        archive.problems().iter().for_each(|problem| note(format_args!("{}: {problem}", path.display())));
        let Some(now) = archive.entries().iter().map(|entry| entry.date).max() else {
            let what = "no answer of a site can be read from it: name a WARC file that holds some";
            return Err(anyhow!("{}: {what}", path.display())).or_exit(Exit::Usage);
        };
        return Ok((Fetcher::Replay(Replay::new(archive)), now));
    }
    let config = match args.plugin.plugin().directory() {
        Ok(directory) => workplace::config(args.config.as_ref(), &directory)?,
        Err(_) => args.config.as_deref().map(caifeng::config::Config::read).transpose().or_exit(Exit::Usage)?,
    };
    let live = Live::new(settings(&config.unwrap_or_default()), Arc::new(|| SystemClock.now()));
    Ok((Fetcher::Live(Box::new(live.or_exit(Exit::Internal)?)), SystemClock.now()))
}

fn crawl(args: &TryArgs, manifest: &Manifest, now: i64) -> Result<Crawl, Failed> {
    let Some(target) = target(manifest, &args.target, args.kind.as_deref()) else {
        let examples: Vec<_> = manifest.targets.iter().map(|rule| rule.example.as_str()).collect();
        let what =
            format!("{}: no target of plugin {}, name one such as {}", args.target, manifest.id, examples.join(", "));
        return Err(anyhow!(what)).or_exit(Exit::Usage);
    };
    let given = args.settings.iter().map(|setting| {
        let (name, value) = setting.split_once('=').with_context(|| format!("--set: NAME=VALUE: {setting}"))?;
        Ok((name.to_owned(), value.to_owned()))
    });
    let given = given.collect::<anyhow::Result<Vec<_>>>().or_exit(Exit::Usage)?;
    let settings = manifest.settings(&given).or_exit(Exit::Usage)?;
    // The usual offset of a watch, which names another where the site lies elsewhere.
    Ok(Crawl { target, site: args.site.clone(), settings, since: 0, now, utc_offset: 8 * 3600 })
}

/// What the text means to the plugin, by the kind that was named or that is likeliest.
fn target(manifest: &Manifest, text: &str, kind: Option<&str>) -> Option<Target> {
    let named = match kind {
        Some("keyword") => TargetKind::Keyword,
        Some("account") => TargetKind::Account,
        Some("listing") => TargetKind::Listing,
        Some("item") => TargetKind::Item,
        _ => return fitting::target(manifest, text).map(|(_, target)| target),
    };
    manifest.target(named, text)
}

/// What was seen so far, printed as it comes.
struct Seen {
    json: bool,
    bar: indicatif::ProgressBar,
    lines: Lines,
    exchanges: Vec<Exchange>,
    /// The first failure to print: a pipe that was closed.
    printed: std::io::Result<()>,
    /// The worst that happened: a fault of the plugin before one of the network.
    exit: Exit,
}

impl Seen {
    fn new(json: bool) -> Self {
        let bar = progress(0, "asking");
        Self { json, bar, lines: Lines::new(), exchanges: Vec::new(), printed: Ok(()), exit: Exit::Done }
    }

    fn take(&mut self, event: Event) {
        match &event {
            Event::Asking(request) => {
                self.bar.inc_length(1);
                self.bar.set_message(one_line(&request.url));
            }
            Event::Started(outcome) => self.judge(outcome.as_ref().err()),
            Event::Read(exchange) => {
                self.bar.inc(1);
                self.judge(exchange.outcome.as_ref().err());
            }
            Event::Unheard(..) => {
                self.bar.inc(1);
                if matches!(self.exit, Exit::Done) {
                    self.exit = Exit::Network;
                }
            }
            Event::TurnedAway(_) | Event::LeftOut(_) => {}
        }
        if self.printed.is_ok() {
            let (lines, json) = (&mut self.lines, self.json);
            self.printed = self.bar.suspend(|| print(lines, &event, json).and_then(|()| lines.flush()));
        }
        if let Event::Read(exchange) = event {
            self.exchanges.push(*exchange);
        }
    }

    fn judge(&mut self, error: Option<&CallError>) {
        if error.is_some() {
            self.exit = Exit::Plugin;
        }
    }
}

fn print(lines: &mut Lines, event: &Event, json: bool) -> std::io::Result<()> {
    if json {
        return print_json(lines, event);
    }
    match event {
        Event::Started(Ok(requests)) => lines.text(format_args!("start: {} requests", requests.len())),
        Event::Started(Err(error)) => lines.text(format_args!("start: {error}")),
        Event::Asking(_) => Ok(()),
        Event::Unheard(request, error) => lines.text(format_args!("{}: not heard: {error}", heading(request))),
        Event::TurnedAway(line) => lines.text(format_args!("    turned away: {}", one_line(line))),
        Event::LeftOut(left_out) => {
            note(beyond(left_out));
            Ok(())
        }
        Event::Read(exchange) => {
            let Exchange { request, response, outcome } = &**exchange;
            let head = format!("{}: {}, {} bytes", heading(request), response.status, response.body.len());
            match outcome {
                Ok(page) => {
                    let (posts, follow) = (page.posts.len(), page.follow.len());
                    lines.text(format_args!(
                        "{head}: {posts} posts, {follow} requests, {} skipped",
                        page.skipped.len()
                    ))?;
                    print_page(lines, page)
                }
                Err(error) => lines.text(format_args!("{head}: {error}")),
            }
        }
    }
}

/// What a trial has left out: it is its own option that goes further, and no watch's budget.
fn beyond(left_out: &LeftOut) -> String {
    let LeftOut { pages, limit, budget, .. } = left_out;
    let advice = if *budget == Some("requests") { "; --requests N asks for more" } else { "" };
    format!("partial: {pages} pages were left out, because this trial may use {limit}{advice}")
}

fn heading(request: &Request) -> String {
    format!("{} {}", request.step, one_line(&request.url))
}

fn print_page(lines: &mut Lines, page: &Page) -> std::io::Result<()> {
    for post in &page.posts {
        lines.text(format_args!("    {}", headline(post)))?;
        if post.title.is_some() && !post.text.is_empty() {
            lines.text(format_args!("        {}", one_line(&post.text)))?;
        }
    }
    for line in &page.skipped {
        lines.text(format_args!("    skipped: {}", one_line(line)))?;
    }
    Ok(())
}

/// Id, time, author and the title, else the beginning of the text.
fn headline(post: &Post) -> String {
    let time = post.published.map_or_else(|| "no time".to_owned(), rfc3339);
    let author = post.author.as_ref().map_or("nobody", |author| author.name.as_str());
    let words = post.title.as_deref().unwrap_or(&post.text);
    format!("{}  {time}  {}  {}", one_line(&post.id), one_line(author), one_line(words))
}

fn print_json(lines: &mut Lines, event: &Event) -> std::io::Result<()> {
    let value = match event {
        Event::Started(Ok(requests)) => json!({ "event": "started", "requests": requests }),
        Event::Started(Err(error)) => json!({ "event": "started", "error": error.to_string() }),
        Event::Asking(request) => json!({ "event": "asking", "step": request.step, "url": request.url }),
        Event::Unheard(request, error) => {
            json!({ "event": "unheard", "step": request.step, "url": request.url, "error": error.to_string() })
        }
        Event::TurnedAway(line) => json!({ "event": "turned-away", "why": line }),
        Event::LeftOut(left_out) => json!({ "event": "left-out", "why": beyond(left_out) }),
        Event::Read(exchange) => {
            let Exchange { request, response, outcome } = &**exchange;
            let page = outcome.as_ref().ok();
            let error = outcome.as_ref().err().map(ToString::to_string);
            json!({ "event": "read", "step": request.step, "url": request.url, "status": response.status, "page": page, "error": error })
        }
    };
    lines.json(&value)
}

/// Writes a fixture for `start` and one for each page, none of which may be there yet.
fn save(args: &TryArgs, name: &str, folder: &Path, crawl: &Crawl, exchanges: &[Exchange]) -> Result<(), Failed> {
    let names = if args.pseudonymise { Pseudonyms::of(exchanges) } else { Pseudonyms::default() };
    let start = Fixture {
        name: format!("{name}-start"),
        note: "recorded: the first requests".to_owned(),
        call: Call::Start(crawl.clone()),
        expect: None,
    };
    let pages = exchanges.iter().enumerate().map(|(nth, exchange)| Fixture {
        name: format!("{name}-{}", nth + 1),
        note: format!("recorded: a page of step {}", exchange.request.step),
        call: Call::Parse {
            crawl: crawl.clone(),
            request: names.request(&exchange.request),
            response: names.response(&exchange.response),
        },
        expect: None,
    });
    let fixtures: Vec<Fixture> = std::iter::once(start).chain(pages).collect();
    if let Some(there) = fixtures.iter().map(|fixture| folder.join(&fixture.name)).find(|path| path.exists()) {
        let what = "is there already: save under another name, or remove it";
        return Err(anyhow!("{}: {what}", there.display())).or_exit(Exit::Usage);
    }
    for fixture in &fixtures {
        fixture.write(&folder.join(&fixture.name)).or_exit(Exit::Usage)?;
    }
    if args.pseudonymise {
        for (nth, exchange) in exchanges.iter().enumerate() {
            if let Some(why) = unknown(exchange) {
                note(format_args!("{name}-{}: {why}; look at it before you share it", nth + 1));
            }
        }
    }
    let replaced = if args.pseudonymise { format!(", {} names replaced", names.len()) } else { String::new() };
    let what = "look at them, then: caifeng plugin test --accept";
    note(format_args!("{} in {}{replaced}: {what}", counted(fixtures.len()), folder.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_target_that_the_manifest_names_first() {
        let manifest = |targets: &str| {
            Manifest::parse(&format!("id = \"a\"\nversion = \"0.1.0\"\nname = \"A\"\nlicence = \"MIT\"\n{targets}"))
                .unwrap()
        };
        let both = manifest(
            "[[target]]\nkind = \"keyword\"\nexample = \"停水\"\n[[target]]\nkind = \"listing\"\nmatch = \"^https?://\"\nexample = \"https://a.cn/\"\n[[target]]\nkind = \"item\"\nmatch = \"^https?://[^/]+/t/\"\nexample = \"https://a.cn/t/1\"\n",
        );
        let target = |text: &str, kind| target(&both, text, kind);
        assert_eq!(target("停水", None), Some(Target::Keyword("停水".to_owned())));
        assert_eq!(target("https://a.cn/b", None), Some(Target::Listing("https://a.cn/b".to_owned())));
        assert_eq!(target("https://a.cn/t/1", Some("item")), Some(Target::Item("https://a.cn/t/1".to_owned())));
        assert_eq!(target("停水", Some("item")), None);
    }
}
