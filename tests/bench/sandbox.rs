//! The same code inside the sandbox and outside it: reading feeds, classifying posts.
//!
//! Both are measured in processor time of the one thread that does the work,
//! page by page in turn, with everything that crossing the border costs: what
//! goes in is copied in, what comes out is copied out and checked.

use std::hint::black_box;
use std::time::Duration;

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::classifier::Classifier;
use caifeng_plugin_host::contract::{Crawl, Kind, Method, Post, Request, Response, Target};
use caifeng_plugin_host::engine::Engine;
use caifeng_plugin_host::source::Source;
use cpu_time::ThreadTime;

use crate::posts::{self, Talk};
use crate::report::{Figure, Goal};

const PAGES: usize = 60;
const ROUNDS: usize = 8;

/// Prints MB/s of both, and what a feed's entries cost.
pub(crate) fn run(engine: &Engine, feed: &Artifact, triage: &Artifact) -> anyhow::Result<()> {
    let pages: Vec<_> = Talk::default().take(PAGES).collect();
    parse(&Source::load(engine, feed)?, &pages)?;
    classify(&Classifier::load(engine, triage)?, &pages)
}

fn parse(source: &Source, pages: &[posts::Page]) -> anyhow::Result<()> {
    let mut spent = Spent::default();
    let mut entries = 0;
    for round in 0..=ROUNDS {
        for page in pages {
            let (url, body) = (posts::listing(page.site), posts::rss(page));
            let context =
                caifeng_feed::Context { base: &url, target: &url, since: 0, now: page.fetched, utc_offset: 0 };
            let native = timed(|| caifeng_feed::read(&body, &context).map(|page| page.posts.len()));
            let crawl = Crawl {
                target: Target::Listing(url.clone()),
                site: None,
                settings: Vec::new(),
                since: 0,
                now: page.fetched,
                utc_offset: 0,
            };
            let request = Request {
                step: "feed".to_owned(),
                url: url.clone(),
                method: Method::Get,
                headers: Vec::new(),
                context: String::new(),
            };
            let bytes = body.len();
            let response = Response { url, status: 200, headers: Vec::new(), body, fetched: page.fetched };
            let mut crawling = source.crawl(&crawl);
            let sandboxed = timed(|| crawling.parse(&request, &response).outcome);
            let read = sandboxed.1?.posts.len();
            anyhow::ensure!(Ok(read) == native.1.map_err(|_| ()), "inside and outside read different posts");
            if round > 0 {
                spent.add(bytes, native.0, sandboxed.0);
                entries += read;
            }
        }
    }
    spent.print("feed.parse");
    let thousand = spent.sandboxed.as_secs_f64() / entries as f64 * 1e3;
    Figure::new("feed.parse.per_thousand", thousand, "CPU s per 1,000 entries").goal(Goal::AtMost(0.05)).print();
    Ok(())
}

fn classify(classifier: &Classifier, pages: &[posts::Page]) -> anyhow::Result<()> {
    let mut spent = Spent::default();
    let mut classified = 0;
    let settings = classifier.manifest().settings(&Vec::new())?;
    for round in 0..=ROUNDS {
        for page in pages {
            let posts: Vec<Post> = page.drafts.iter().map(post).collect();
            let native = timed(|| {
                let mut desk = caifeng_triage::Desk::default();
                let labels = posts.iter().map(|post| desk.classify(post.title.as_deref(), &post.text));
                labels.map(|labels| labels.len()).sum::<usize>()
            });
            let sandboxed = timed(|| classifier.classify(&settings, &posts).outcome);
            let labels: usize = sandboxed.1?.iter().map(Vec::len).sum();
            anyhow::ensure!(labels == native.1, "inside and outside give different labels");
            if round > 0 {
                let bytes = posts.iter().map(|post| post.title.as_ref().map_or(0, String::len) + post.text.len());
                spent.add(bytes.sum(), native.0, sandboxed.0);
                classified += posts.len();
            }
        }
    }
    spent.print("triage.classify");
    let rate = |time: Duration| classified as f64 / time.as_secs_f64();
    Figure::new("triage.classify.posts", rate(spent.sandboxed), "posts/s")
        .against("the same code, native", rate(spent.native))
        .print();
    let length = spent.bytes as f64 / classified as f64;
    Figure::new("triage.classify.length", length, "bytes a post").print();
    Ok(())
}

/// Bytes read, and what that took on either side.
#[derive(Default)]
struct Spent {
    bytes: usize,
    native: Duration,
    sandboxed: Duration,
}

impl Spent {
    fn add(&mut self, bytes: usize, native: Duration, sandboxed: Duration) {
        self.bytes += bytes;
        self.native += native;
        self.sandboxed += sandboxed;
    }

    fn print(&self, name: &str) {
        let rate = |time: Duration| self.bytes as f64 / 1e6 / time.as_secs_f64();
        Figure::new(format!("{name}.sandboxed"), rate(self.sandboxed), "MB/s")
            .against("the same code, native", rate(self.native))
            .goal(Goal::AtLeast(0.5))
            .print();
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = ThreadTime::now();
    let made = black_box(work());
    (start.elapsed(), made)
}

fn post(draft: &posts::Draft) -> Post {
    Post {
        title: Some(draft.title.clone()),
        text: draft.text.clone(),
        published: Some(draft.published),
        ..Post::new(Kind::Post, draft.number.to_string(), format!("http://site.bench.example/t/{}.html", draft.number))
    }
}
