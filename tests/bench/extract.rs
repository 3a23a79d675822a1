//! Articles out of pages: `news` in the sandbox beside trafilatura, over the same generated pages, with how much of
//! the text, the titles and the dates each gets right.

use std::collections::HashMap;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::contract::{Crawl, Method, Request, Response, Target};
use caifeng_plugin_host::engine::Engine;
use caifeng_plugin_host::source::Source;
use cpu_time::ThreadTime;
use serde::Deserialize;

use crate::kit::Kit;
use crate::report::{Figure, Goal, note};

const PAGES: usize = 1_000;

#[derive(Deserialize)]
struct Truth {
    url: String,
    charset: String,
    title: String,
    date: String,
    body: String,
}

#[derive(Default, Deserialize)]
struct Article {
    title: String,
    /// `2026-03-09`, whatever follows.
    date: String,
    text: String,
}

#[derive(Deserialize)]
struct Peer {
    seconds: f64,
    articles: Vec<Article>,
}

/// Prints processor time per 1,000 articles, and what was got right.
pub(crate) fn run(engine: &Engine, news: &Artifact) -> anyhow::Result<()> {
    let Some(kit) = Kit::prepare()? else { return Ok(()) };
    let data = kit.work.join("data");
    let truth = std::fs::read_to_string(data.join("truth.jsonl"))?;
    let truth: Vec<Truth> = truth.lines().take(PAGES).map(serde_json::from_str).collect::<Result<_, _>>()?;
    let mut command = Command::new(kit.python());
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/bench/peer_trafilatura.py")).arg(&data);
    let out = command.arg(PAGES.to_string()).stderr(Stdio::null()).output()?;
    let peer: Peer = serde_json::from_slice(&out.stdout).context("trafilatura")?;

    let source = Source::load(engine, news)?;
    let mut ours = Vec::new();
    let mut seconds = 0.0;
    for page in &truth {
        let bytes = std::fs::read(data.join("site").join(page.url.trim_start_matches('/')))?;
        let encoding = encoding_rs::Encoding::for_label(page.charset.as_bytes()).context("charset")?;
        let body = encoding.decode(&bytes).0.into_owned();
        let (article, spent) = read(&source, &page.url, body)?;
        ours.push(article);
        seconds += spent;
    }
    let thousand = |seconds: f64| seconds * 1e3 / truth.len() as f64;
    Figure::new("extract.cpu", thousand(seconds), "CPU s per 1,000 articles, in the sandbox")
        .goal(Goal::AtMost(2.2))
        .print();
    Figure::new("extract.rate", truth.len() as f64 / seconds, "articles per CPU second")
        .against("trafilatura", truth.len() as f64 / peer.seconds)
        .print();
    for (what, score) in [("text", text as fn(&Truth, &Article) -> f64), ("title", title), ("date", date)] {
        let mean = |articles: &[Article]| {
            truth.iter().zip(articles).map(|(truth, article)| score(truth, article)).sum::<f64>() / truth.len() as f64
        };
        Figure::new(format!("extract.{what}"), mean(&ours), "share right")
            .against("trafilatura", mean(&peer.articles))
            .goal(Goal::AtLeast(1.0))
            .print();
    }
    note(format_args!("extract: {} pages", truth.len()));
    Ok(())
}

fn read(source: &Source, path: &str, body: String) -> anyhow::Result<(Article, f64)> {
    let url = format!("http://news.example{path}");
    let now = 1_775_000_000;
    let target = Target::Item(url.clone());
    let crawl = Crawl { target, site: None, settings: Vec::new(), since: 0, now, utc_offset: 28_800 };
    let (step, context) = ("article".to_owned(), String::new());
    let request = Request { step, url: url.clone(), method: Method::Get, headers: Vec::new(), context };
    let response = Response { url, status: 200, headers: Vec::new(), body, fetched: now };
    let mut crawling = source.crawl(&crawl);
    let start = ThreadTime::now();
    let outcome = crawling.parse(&request, &response).outcome;
    let seconds = start.elapsed().as_secs_f64();
    let post = outcome.ok().and_then(|page| page.posts.into_iter().next());
    let article = post.map(|post| Article {
        title: post.title.unwrap_or_default(),
        date: post.published.map(day).unwrap_or_default(),
        text: post.text,
    });
    Ok((article.unwrap_or_default(), seconds))
}

/// The day in China.
fn day(at: i64) -> String {
    let at = jiff::Timestamp::from_second(at + 28_800).unwrap_or_default();
    at.strftime("%Y-%m-%d").to_string()
}

fn bare(text: &str) -> Vec<char> {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// F1 over pairs of characters.
fn text(truth: &Truth, article: &Article) -> f64 {
    let pairs = |text: &str| {
        let mut counts: HashMap<(char, char), usize> = HashMap::new();
        bare(text).windows(2).for_each(|pair| *counts.entry((pair[0], pair[1])).or_default() += 1);
        counts
    };
    let (want, got) = (pairs(&truth.body), pairs(&article.text));
    let shared: usize = want.iter().map(|(pair, n)| got.get(pair).copied().unwrap_or(0).min(*n)).sum();
    let total = want.values().sum::<usize>() + got.values().sum::<usize>();
    if total == 0 { 0.0 } else { 2.0 * shared as f64 / total as f64 }
}

fn title(truth: &Truth, article: &Article) -> f64 {
    f64::from(bare(&truth.title) == bare(&article.title))
}

fn date(truth: &Truth, article: &Article) -> f64 {
    f64::from(article.date.get(..10) == truth.date.get(..10))
}
