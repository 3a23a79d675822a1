//! The whole way, from a recorded page to a post that is on disk: decoded, read
//! in the sandbox, compared with what is known, matched, tokenised, classified
//! in the sandbox, grouped, committed. Beside it, in turns of some thousand
//! posts, [`Bare`] SQLite stores the very rows that came of it.
//!
//! Sweeps run as the daemon runs them, several at once. What a page is made of
//! before it is fetched is not measured.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use caifeng::clock::SystemClock;
use caifeng::config::Config;
use caifeng::daemon::{Daemon, Parts};
use caifeng::directory::Directory;
use caifeng::evidence::archive::Archive;
use caifeng::evidence::warc::{Exchange, Sent, Writer};
use caifeng::fetch::Fetcher;
use caifeng::fetch::replay::Replay;
use caifeng::plugins::Registry;
use caifeng::sweep::{Sweeper, When};
use caifeng::watch::Watch;
use caifeng_plugin_host::contract::Target;
use caifeng_plugin_host::engine::Engine;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::bare::Bare;
use crate::posts::{self, Page, SITES, Talk};
use crate::report::{Figure, Goal, cpu, memory, note};

/// Posts of one turn.
const TURN: usize = 5_000;
/// Sweeps at once, as in the daemon.
const AT_ONCE: usize = 8;

/// What a turn took.
#[derive(Clone, Copy, Default)]
struct Spent {
    posts: usize,
    wall: Duration,
    cpu: Duration,
}

/// Prints rates, their growth and the peak of memory, over `size` posts.
pub(crate) fn run(size: usize, scratch: &Path, engine: &Engine, registry: &Arc<Registry>) -> anyhow::Result<()> {
    let directory = Directory::at(scratch.join("way"));
    directory.create()?;
    let way = Way::open(&directory, engine, registry)?;
    let mut bare = Bare::open(&scratch.join("bare.db"), directory.path())?;
    let mut talk = Talk::default();
    let mut turns: Vec<(Spent, Spent, Spent)> = Vec::new();
    let mut done = 0;
    while done < size {
        let pages = turn(&mut talk);
        let ours = way.fill(&pages)?;
        let rows = bare.rows(&pages)?;
        anyhow::ensure!(rows == ours.posts, "{rows} rows of {} posts", ours.posts);
        let (tokenising, storing) = bare.fill()?;
        let of = |(wall, cpu)| Spent { posts: rows, wall, cpu };
        turns.push((ours, of(tokenising), of(storing)));
        done += ours.posts;
        note(format_args!(
            "{done} posts: {:.0} posts/s, bare {:.0}; CPU {:.0} us/post, bare {:.0}",
            ours.rate(),
            of(tokenising).and(of(storing)).rate(),
            ours.cpu_per_post(),
            of(tokenising).and(of(storing)).cpu_per_post()
        ));
    }
    let peak = memory("self", "VmHWM")?;
    way.daemon.sweeper.store.close();
    print(&turns, done, peak);
    Ok(())
}

fn print(turns: &[(Spent, Spent, Spent)], done: usize, peak: f64) {
    let sum = |of: fn(&(Spent, Spent, Spent)) -> Spent| {
        turns.iter().map(of).fold(Spent { posts: 0, ..Spent::default() }, Spent::then)
    };
    let (ours, tokenising, storing) = (sum(|t| t.0), sum(|t| t.1), sum(|t| t.2));
    let bare = tokenising.and(storing);
    Figure::new("way.rate", ours.rate(), "posts/s")
        .against("SQLite + FTS5 alone: the same rows, batches, tokens and pragmas, one commit a page", bare.rate())
        .goal(Goal::AtLeast(0.5))
        .print();
    Figure::new("way.rate.given_tokens", ours.rate(), "posts/s")
        .against("the same, cutting the text into tokens not counted", storing.rate())
        .print();
    Figure::new("way.cpu", ours.cpu_per_post(), "CPU us/post")
        .against("SQLite + FTS5 alone", bare.cpu_per_post())
        .print();
    // A window is wide enough to hold whole merges of the full-text index.
    let window = (turns.len() / 4).clamp(1, 4);
    let part = |turns: &[(Spent, Spent, Spent)]| turns.iter().map(|t| t.0).fold(Spent::default(), Spent::then);
    let (early, late) = (part(&turns[..window]), part(&turns[turns.len() - window..]));
    Figure::new(format!("way.growth.{}", done - late.posts / 2), late.cpu_per_post(), "CPU us/post")
        .against("the same around the first ten thousand", early.cpu_per_post())
        .goal(Goal::AtMost(1.3))
        .print();
    Figure::new("way.memory.peak", peak, "MiB, VmHWM, bare SQLite and the generator included").print();
}

impl Spent {
    /// Both, one after the other, over different posts.
    fn then(self, next: Self) -> Self {
        Self { posts: self.posts + next.posts, wall: self.wall + next.wall, cpu: self.cpu + next.cpu }
    }

    /// Both, one after the other, over the same posts.
    fn and(self, next: Self) -> Self {
        Self { posts: self.posts, ..self.then(next) }
    }

    fn rate(&self) -> f64 {
        self.posts as f64 / self.wall.as_secs_f64()
    }

    fn cpu_per_post(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.posts as f64
    }
}

fn turn(talk: &mut Talk) -> Vec<Page> {
    let mut posts = 0;
    let mut pages = Vec::new();
    while posts < TURN {
        let Some(page) = talk.next() else { break };
        posts += page.drafts.len();
        pages.push(page);
    }
    pages
}

/// A data directory with everything that sweeps need.
struct Way {
    runtime: Runtime,
    daemon: Daemon,
}

impl Way {
    fn open(directory: &Directory, engine: &Engine, registry: &Arc<Registry>) -> anyhow::Result<Self> {
        let parts = Parts {
            directory: directory.clone(),
            follow: true,
            file: None,
            config: Config { topics: posts::topics(), ..Config::default() },
            recording: None,
            registry: Arc::clone(registry),
            engine: engine.clone(),
            clock: Arc::new(SystemClock),
        };
        let daemon = Daemon::open(parts)?;
        let watches: Vec<Watch> = (0..SITES).map(watch).collect();
        daemon.sweeper.store.put_watches(&watches)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let way = Self { runtime, daemon };
        // Loads the plugin: compiled code is kept, and compiling no part of the way.
        way.fill(&[Page { site: 0, drafts: Vec::new(), fetched: posts::BEGIN }])?;
        Ok(way)
    }

    /// Sweeps `pages`; returns when all their posts are on disk.
    fn fill(&self, pages: &[Page]) -> anyhow::Result<Spent> {
        let mut sweeper = self.daemon.sweeper.clone();
        sweeper.fetcher = Arc::new(Fetcher::Replay(Replay::new(recording(pages)?)));
        let due: Vec<(Watch, When)> =
            pages.iter().map(|page| (watch(page.site), When::Recorded { at: page.fetched, shift: 0 })).collect();
        let expected: usize = pages.iter().map(|page| page.drafts.len()).sum();
        let (start, spent) = (Instant::now(), cpu());
        let heard = self.runtime.block_on(sweep(&sweeper, due))?;
        let spent = Spent { posts: expected, wall: start.elapsed(), cpu: cpu() - spent };
        anyhow::ensure!(heard == expected as u64, "{heard} of {expected} posts were new");
        Ok(spent)
    }
}

async fn sweep(sweeper: &Sweeper, due: Vec<(Watch, When)>) -> anyhow::Result<u64> {
    let mut running = JoinSet::new();
    let mut new = 0;
    let mut due = due.into_iter();
    loop {
        while running.len() < AT_ONCE {
            let Some((watch, when)) = due.next() else { break };
            let sweeper = sweeper.clone();
            running.spawn(async move { sweeper.sweep(&watch, when).await });
        }
        let Some(report) = running.join_next().await else { break };
        let tally = report??.tally;
        anyhow::ensure!(tally.failures.is_empty(), "{:?}", tally.failures);
        new += tally.new;
    }
    Ok(new)
}

fn watch(site: u64) -> Watch {
    Watch {
        id: format!("site{site}"),
        plugin: "feed".to_owned(),
        target: Target::Listing(posts::listing(site)),
        site: None,
        settings: Vec::new(),
        utc_offset: 28_800,
        recorded: false,
        registered: None,
        every: caifeng::watch::Every::default(),
        canary: None,
    }
}

fn recording(pages: &[Page]) -> anyhow::Result<Archive> {
    let mut writer = Writer::new(Vec::new(), false, [0; 16]);
    for page in pages {
        let sent =
            Sent { method: "GET".to_owned(), url: posts::listing(page.site), headers: Vec::new(), body: Vec::new() };
        let headers = vec![("Content-Type".to_owned(), "application/rss+xml; charset=utf-8".to_owned())];
        let body = posts::rss(page).into_bytes();
        writer.exchange(&Exchange { date: page.fetched, sent, status: 200, headers, body })?;
    }
    Ok(Archive::from_bytes(writer.finish()?)?)
}
