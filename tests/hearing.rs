//! A simulated week: sites change their layout, block, slow down, die and come back, and Caifeng is
//! switched off for a night. The real schedule, sweeps and store run through it on a virtual clock
//! over a made-up web. Every bad span must lie inside a shown gap with the right cause, each gap must
//! close and be back-filled, and no healthy hour, however quiet, may be called a gap.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use caifeng::clock::{Clock, SetClock};
use caifeng::coverage::{Cause, Gap, Told};
use caifeng::current::Current;
use caifeng::directory::Directory;
use caifeng::evidence::vault::Vault;
use caifeng::failed_call::FailedCalls;
use caifeng::fetch::{FetchError, Fetched, Fetcher, Made, replay};
use caifeng::ingest::{Pipeline, Pseudonyms, Voices};
use caifeng::plugins::installed::Installed;
use caifeng::plugins::{Origin, Registry};
use caifeng::retention::Retention;
use caifeng::rounds::Rounds;
use caifeng::store::{PostQuery, Reader, Store};
use caifeng::sweep::Sweeper;
use caifeng::text::tokens::Tokeniser;
use caifeng::topic::{Names, TopicConfig, Topics};
use caifeng::watch::{Every, FailureKind, SweepTally, Watch};
use caifeng_plugin_host::contract::Target;
use caifeng_plugin_host::engine::{Engine, EngineConfig};
use jiff::tz::TimeZone;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// A Monday, midnight in China: the simulated week begins.
const MONDAY: i64 = 1_782_662_400;
/// How long each site has been known before.
const KNOWN: i64 = 21 * DAY;
const SUNDAY: i64 = MONDAY + 7 * DAY;

/// What a site does for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Doing {
    /// The feed's address answers with an HTML page of a new design.
    Redesigned,
    /// The feed is well-formed and empty.
    Emptied,
    /// A login page.
    Blocks,
    /// No answer in time.
    Slow,
    /// No connection.
    Dead,
    /// Asks to be left alone for two hours.
    Waits,
    /// Goes on showing what it showed when that began.
    Frozen,
    /// The list is as ever, but without what is always on it.
    Stripped,
}

impl Doing {
    const fn cause(self) -> Cause {
        Cause::Failed(match self {
            Self::Redesigned => FailureKind::Unexpected,
            Self::Emptied => FailureKind::Drift,
            Self::Blocks => FailureKind::Blocked,
            Self::Slow | Self::Dead | Self::Waits => FailureKind::Network,
            Self::Frozen => FailureKind::Silent,
            Self::Stripped => FailureKind::Canary,
        })
    }
}

/// A site: what is published when, and what goes wrong when.
struct Site {
    id: &'static str,
    /// Posts that its feed lists.
    lists: usize,
    canary: Option<&'static str>,
    posts: Vec<i64>,
    bad: Vec<(i64, i64, Doing)>,
}

impl Site {
    /// Publishes by day, less at weekends and nothing at night: `daily` posts on a working day.
    fn new(id: &'static str, daily: u64, lists: usize, bad: &[(i64, i64, Doing)]) -> Self {
        let mut dice = 0x9e37_79b9_u64.wrapping_mul(id.bytes().map(u64::from).sum());
        let mut roll = || {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            dice >> 33
        };
        let mut posts = Vec::new();
        for day in -(KNOWN / DAY)..7 {
            let weekend = day.rem_euclid(7) > 4;
            let count = if weekend { daily / 3 } else { daily } * (70 + roll() % 60) / 100;
            // Between eight in the morning and ten at night.
            let seconds = (0..count).map(|_| 8 * HOUR + i64::try_from(roll() % (14 * 3600)).unwrap());
            posts.extend(seconds.map(|second| MONDAY + day * DAY + second));
        }
        posts.sort_unstable();
        posts.dedup();
        let bad = bad.iter().map(|(from, to, doing)| (MONDAY + from, MONDAY + to, *doing)).collect();
        Self { id, lists, canary: None, posts, bad }
    }

    fn doing(&self, at: i64) -> Option<Doing> {
        self.bad.iter().find(|(from, to, _)| (*from..*to).contains(&at)).map(|(.., doing)| *doing)
    }

    fn url(&self) -> String {
        format!("https://{}.example/feed.xml", self.id)
    }

    fn answer(&self, at: i64) -> Result<Fetched, FetchError> {
        let page = |kind: &str, body: &str| Ok(replay::saved(&self.url(), Some(kind), body.as_bytes(), at));
        let doing = self.doing(at);
        match doing {
            Some(Doing::Dead) => Err(FetchError::Network { detail: "connection refused".to_owned() }),
            Some(Doing::Slow) => Err(FetchError::TimedOut { after: Duration::from_secs(30) }),
            Some(Doing::Waits) => Err(FetchError::RetryAfter { status: 503, wait: Duration::from_secs(7200) }),
            Some(Doing::Blocks) => page("text/html", "<html><form><input type=\"password\">请登录</form></html>"),
            Some(Doing::Redesigned) => {
                page("text/html", "<html><head><title>新版网站</title></head><main id=app></main></html>")
            }
            Some(Doing::Emptied) => page("application/rss+xml", &self.feed(at, 0, true)),
            Some(Doing::Frozen) => {
                let (from, ..) = self.bad.iter().find(|(from, to, _)| (*from..*to).contains(&at)).unwrap();
                page("application/rss+xml", &self.feed(*from, self.lists, true))
            }
            Some(Doing::Stripped) => page("application/rss+xml", &self.feed(at, self.lists, false)),
            None => page("application/rss+xml", &self.feed(at, self.lists, true)),
        }
    }

    fn feed(&self, at: i64, lists: usize, whole: bool) -> String {
        let title = if whole { "青石县论坛" } else { "维护" };
        let mut feed = format!("<rss version=\"2.0\"><channel><title>{title}</title>");
        let end = self.posts.partition_point(|post| *post <= at);
        for post in self.posts[end.saturating_sub(lists)..end].iter().rev() {
            let date =
                jiff::fmt::rfc2822::to_string(&jiff::Timestamp::from_second(*post).unwrap().to_zoned(TimeZone::UTC));
            let (id, date) = (format!("{}-{post}", self.id), date.unwrap());
            write!(
                feed,
                "<item><guid isPermaLink=\"false\">{id}</guid><link>https://{}.example/{post}</link><title>消息 {post}\
                 </title><description>第 {post} 条消息</description><pubDate>{date}</pubDate></item>",
                self.id
            )
            .unwrap();
        }
        feed + "</channel></rss>"
    }

    fn watch(&self) -> Watch {
        Watch {
            id: self.id.to_owned(),
            plugin: "feed".to_owned(),
            target: Target::Listing(self.url()),
            site: None,
            settings: Vec::new(),
            utc_offset: 28_800,
            recorded: false,
            registered: None,
            every: Every { floor: 20 * MINUTE, ceiling: HOUR },
            canary: self.canary.map(str::to_owned),
        }
    }
}

/// A data directory, the web around it and the time.
struct World {
    _dir: tempfile::TempDir,
    clock: Arc<SetClock>,
    sites: Arc<Vec<Site>>,
    asked: Arc<std::sync::Mutex<BTreeMap<String, Vec<i64>>>>,
    sweeper: Sweeper,
}

impl World {
    fn new(sites: Vec<Site>) -> Option<Self> {
        let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins");
        if !plugins.join("feed.wasm").exists() {
            println!("skipped: no plugins in target/plugins; run make plugins");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock::new(MONDAY - KNOWN));
        let (sites, asked) = (Arc::new(sites), Arc::<std::sync::Mutex<BTreeMap<String, Vec<i64>>>>::default());
        let store = Store::open(dir.path(), None).unwrap();
        store.configure_watches(&sites.iter().map(Site::watch).collect::<Vec<_>>()).unwrap();
        let made = {
            let (sites, clock, asked) = (Arc::clone(&sites), Arc::clone(&clock), Arc::clone(&asked));
            Made(Box::new(move |request| {
                let site = sites.iter().find(|site| site.url() == request.url).unwrap();
                asked.lock().unwrap().entry(site.id.to_owned()).or_default().push(clock.now());
                site.answer(clock.now())
            }))
        };
        let nothing =
            TopicConfig {
                name: "无".to_owned(), any: vec!["不会出现的词".to_owned()], ..TopicConfig::default()
            };
        let sweeper = Sweeper {
            reader: store.reader().unwrap(),
            store,
            engine: Engine::new(EngineConfig::default()).unwrap(),
            plugins: Arc::new(Installed::fixed(
                Arc::new(Registry::read(&[(plugins, Origin::Shipped)]).unwrap()),
                Arc::default(),
                &Directory::at(dir.path()),
            )),
            pipeline: Pipeline {
                topics: Current::new(Topics::compile(&[nothing], &Names::default()).unwrap()),
                tokeniser: Arc::new(Tokeniser::new()),
                voices: Voices::default(),
                pseudonyms: Pseudonyms::new(&[7; 32]),
            },
            fetcher: Arc::new(Fetcher::Made(made)),
            recorder: None,
            budgets: Current::default(),
            failed: FailedCalls::below(dir.path().join("fixtures")),
            vault: Arc::new(Vault::open(&dir.path().join("evidence"), Arc::new(|| MONDAY), &|_| 0).unwrap()),
            retention: Current::new(Retention::default()),
            secrets: Arc::default(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            zone: TimeZone::get("Asia/Shanghai").unwrap(),
            shift: None,
            sources: Arc::default(),
            turns: Arc::default(),
        };
        let world = Self { _dir: dir, clock, sites, asked, sweeper };
        world.remember_the_past();
        Some(world)
    }

    /// Three weeks of hourly sweeps, written down without being made.
    fn remember_the_past(&self) {
        // Side by side, so that the store commits them together.
        std::thread::scope(|threads| {
            for site in self.sites.iter() {
                threads.spawn(|| self.remember(site));
            }
        });
    }

    fn remember(&self, site: &Site) {
        for started in (MONDAY - KNOWN..MONDAY).step_by(3600) {
            let count = |to: i64| site.posts.partition_point(|post| *post <= to);
            let new = (count(started) - count(started - HOUR)) as u64;
            let newest = count(started).checked_sub(1).map(|at| site.posts[at]);
            let seen = count(started).min(site.lists) as u64;
            let tally = SweepTally { requests: 1, seen, new, pages: 1, newest, ..SweepTally::default() };
            let id = self.sweeper.store.begin_sweep(site.id, started).unwrap();
            self.sweeper.store.finish_sweep(id, started + 1, &tally).unwrap();
        }
        self.sweeper.store.set_due(site.id, MONDAY).unwrap();
    }

    fn reader(&self) -> &Reader {
        &self.sweeper.reader
    }

    /// Lets Caifeng run from one moment to another; `look` is called between its steps.
    async fn run(&self, from: i64, to: i64, mut look: impl FnMut(&Self, i64)) {
        let rounds = Rounds::new(self.sweeper.clone());
        let mut now = from;
        while now < to {
            self.clock.set(now);
            rounds.tend(Vec::new()).await.unwrap();
            for watch in rounds.due().await.unwrap() {
                rounds.sweep(&watch).await;
            }
            look(self, now);
            let due = self.reader().watches().unwrap().iter().filter_map(|row| row.due).min();
            now = due.unwrap_or(to).clamp(now + 1, now + 10 * MINUTE);
        }
        self.clock.set(to);
    }

    fn gaps(&self, watch: &str) -> Vec<Gap> {
        self.reader().gaps(Some(watch), 0).unwrap()
    }

    fn stored(&self, site: &Site) -> Vec<i64> {
        let query = PostQuery { since: Some(MONDAY), ..PostQuery::default() };
        let posts = self.reader().posts(&query).unwrap();
        let mut own: Vec<i64> = posts
            .iter()
            .filter(|post| post.site == format!("{}.example", site.id))
            .filter_map(|post| post.published)
            .collect();
        own.sort_unstable();
        own
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The night in which Caifeng is switched off.
const OFF: (i64, i64) = (MONDAY + 5 * DAY + 20 * HOUR, MONDAY + 6 * DAY + 7 * HOUR);

fn county() -> Vec<Site> {
    let at = |day: i64, hour: i64| day * DAY + hour * HOUR;
    let mut board = Site::new("board", 60, 200, &[(at(2, 9), at(2, 20), Doing::Stripped)]);
    board.canary = Some("青石县论坛");
    vec![
        Site::new("news", 12, 100, &[]),
        Site::new(
            "daily",
            40,
            200,
            &[(at(0, 10), at(1, 15), Doing::Redesigned), (at(3, 9), at(3, 21), Doing::Emptied)],
        ),
        Site::new("forum", 80, 300, &[(at(1, 8), at(3, 12), Doing::Blocks)]),
        Site::new("slow", 30, 100, &[(at(2, 1), at(2, 11), Doing::Slow), (at(2, 11), at(2, 19), Doing::Blocks)]),
        Site::new("radio", 40, 200, &[(at(1, 12), at(4, 9), Doing::Dead)]),
        Site::new("short", 60, 10, &[(at(3, 8), at(4, 8), Doing::Dead)]),
        Site::new("office", 50, 200, &[(at(1, 9), at(1, 17), Doing::Waits)]),
        Site::new("frozen", 60, 200, &[(at(1, 10), at(3, 10), Doing::Frozen)]),
        board,
    ]
}

#[test]
fn in_a_week_of_trouble_every_deaf_hour_is_shown_and_no_quiet_one() {
    let Some(world) = World::new(county()) else { return };
    runtime().block_on(async {
        let deaf_is_shown = |world: &World, now: i64| {
            let shown = world.reader().coverage(MONDAY, now + 1).unwrap();
            for site in world.sites.iter().filter(|site| site.doing(now) != Some(Doing::Frozen)) {
                // Long enough to have been swept since it began.
                if site.doing(now).is_some() && site.doing(now) == site.doing(now - 75 * MINUTE) {
                    assert!(shown.open().any(|gap| gap.watch == site.id), "{} at {}", site.id, now - MONDAY);
                }
            }
        };
        world.run(MONDAY, OFF.0, deaf_is_shown).await;
        // Whoever asks while Caifeng is off is not told that all is well.
        let asleep = world.reader().coverage(MONDAY, OFF.1 - HOUR).unwrap();
        assert!(asleep.watches.iter().all(|watch| watch.gaps.last().is_some_and(|gap| gap.cause == Cause::Off)));
        world.run(OFF.1, SUNDAY, deaf_is_shown).await;
    });
    for site in world.sites.iter() {
        gaps_are_where_something_was_wrong(&world, site);
        nothing_is_lost_but_what_a_gap_says(&world, site);
    }
    a_person_was_told(&world);
    whoever_asks_to_wait_is_left_alone(&world);
    let told = world.reader().coverage(MONDAY, SUNDAY).unwrap();
    let share = |id: &str| told.watches.iter().find(|watch| watch.watch == id).unwrap();
    assert_eq!(share("news").covered, Some(1.0), "back-filled after the night");
    assert!(share("short").covered.unwrap() < 1.0 && share("radio").heard.unwrap() < 0.6);
    assert_eq!(told.open().count(), 0, "every gap has closed by itself");
}

/// Each bad span lies inside gaps of its cause, and each gap has a bad span, or the night, as its reason.
fn gaps_are_where_something_was_wrong(world: &World, site: &Site) {
    let gaps = world.gaps(site.id);
    let mut reasons: Vec<(i64, i64, Cause)> = site.bad.iter().map(|(a, b, doing)| (*a, *b, doing.cause())).collect();
    reasons.push((OFF.0, OFF.1, Cause::Off));
    for (from, to, cause) in &reasons {
        // Between two causes a sweep must tell them apart: an hour at most.
        let follows = site.bad.iter().any(|(_, end, _)| end == from);
        let from = if follows { from + 75 * MINUTE } else { *from };
        let around =
            |gap: &&Gap| gap.cause == *cause && gap.from <= from && gap.until.is_some_and(|until| until >= *to);
        assert!(gaps.iter().any(|gap| around(&gap)), "{}: {cause:?} {} {gaps:#?}", site.id, from - MONDAY);
    }
    for gap in &gaps {
        let until = gap.until.unwrap();
        let because = |(from, to, cause): &&(i64, i64, Cause)| *cause == gap.cause && gap.from < *to && until > *from;
        let reason = reasons.iter().find(because);
        let (from, to, _) = reason.unwrap_or_else(|| panic!("{}: nothing was wrong: {gap:#?}", site.id));
        // A silence is told from its last post on, which may lie a quiet night back.
        let before = if gap.cause == Cause::Failed(FailureKind::Silent) { 16 * HOUR } else { 75 * MINUTE };
        assert!(gap.from >= from - before && until <= to + 75 * MINUTE, "{}: {gap:#?}", site.id);
        assert!(gap.closed.is_some(), "{}: {gap:#?}", site.id);
    }
}

/// Everything published in the week is stored, but for what lies in the part of a gap that could not be read back.
fn nothing_is_lost_but_what_a_gap_says(world: &World, site: &Site) {
    let stored = world.stored(site);
    let last = world.asked.lock().unwrap()[site.id].last().copied().unwrap();
    let lost: Vec<_> = world.gaps(site.id).iter().filter_map(|gap| gap.lost(SUNDAY)).collect();
    let missing: Vec<i64> = (site.posts.iter().copied())
        .filter(|post| (MONDAY..=last).contains(post) && stored.binary_search(post).is_err())
        .collect();
    for post in &missing {
        assert!(lost.iter().any(|(from, to)| (*from..=*to).contains(post)), "{}: {post} is lost in silence", site.id);
    }
    assert_eq!(missing.is_empty(), site.id != "short", "{}: {} are missing", site.id, missing.len());
    for gap in world.gaps(site.id) {
        let span = gap.from..=gap.until.unwrap();
        let found = stored.iter().filter(|post| span.contains(post)).count();
        assert_eq!(gap.found, Some(found as u64), "{}: {gap:#?}", site.id);
    }
}

fn a_person_was_told(world: &World) {
    let mut notices = world.reader().notices(None, 1000).unwrap();
    notices.reverse();
    let told = |watch: &str| notices.iter().filter(|notice| notice.watch == watch).collect::<Vec<_>>();
    assert!(told("news").is_empty(), "{:#?}", told("news"));
    let radio: Vec<_> = told("radio").iter().map(|notice| notice.told).collect();
    assert_eq!(radio, [Told::Silent, Told::Still, Told::Still, Told::Recovered]);
    let first = told("radio")[0];
    assert_eq!((first.cause, first.times), (Cause::Failed(FailureKind::Network), 3));
    for site in world.sites.iter().filter(|site| !site.bad.is_empty()) {
        assert_eq!(told(site.id).last().map(|notice| notice.told), Some(Told::Recovered), "{}", site.id);
    }
}

fn whoever_asks_to_wait_is_left_alone(world: &World) {
    let asked = world.asked.lock().unwrap();
    let office = world.sites.iter().find(|site| site.id == "office").unwrap();
    let waits = asked["office"].windows(2).filter(|pair| office.doing(pair[0]) == Some(Doing::Waits));
    let shortest = waits.map(|pair| pair[1] - pair[0]).min().unwrap();
    assert!(shortest >= 2 * HOUR, "{shortest} s");
}

#[test]
fn where_more_is_said_more_is_looked() {
    let sites = vec![Site::new("lively", 150, 300, &[]), Site::new("quiet", 1, 100, &[])];
    let Some(world) = World::new(sites) else { return };
    runtime().block_on(world.run(MONDAY, MONDAY + DAY, |_, _| ()));
    let asked = world.asked.lock().unwrap();
    let within = |id: &str, from: i64, to: i64| {
        asked[id].iter().filter(|at| (MONDAY + from * HOUR..MONDAY + to * HOUR).contains(at)).count()
    };
    assert!(within("lively", 9, 21) >= 30, "{}", within("lively", 9, 21));
    // The first sweep finds all that the list holds; two hours later that is over.
    assert!(within("lively", 3, 7) <= 6, "{}", within("lively", 3, 7));
    assert!(within("quiet", 0, 24) <= 28, "{}", within("quiet", 0, 24));
}

#[test]
fn a_kill_in_a_sweep_and_a_day_off_are_a_gap_that_survives() {
    let Some(world) = World::new(vec![Site::new("news", 40, 200, &[])]) else { return };
    runtime().block_on(world.run(MONDAY, MONDAY + 10 * HOUR, |_, _| ()));
    // A sweep that begins and never ends.
    world.sweeper.store.begin_sweep("news", MONDAY + 10 * HOUR).unwrap();
    runtime().block_on(world.run(MONDAY + 34 * HOUR, MONDAY + 36 * HOUR, |_, _| ()));
    let gaps = world.gaps("news");
    assert_eq!(gaps.len(), 1, "{gaps:#?}");
    assert!(gaps[0].cause == Cause::Off && gaps[0].from <= MONDAY + 10 * HOUR && gaps[0].closed.is_some(), "{gaps:#?}");
    assert_eq!(gaps[0].filled, Some(gaps[0].from), "what was said meanwhile was still on the page");
}
