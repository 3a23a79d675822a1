//! A drill of a month at full speed: thirty days of one matter on six sites, looked at every hour, with every clock of the
//! plan; beside the minute that it may take.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use caifeng::case::hiding::Count;
use caifeng::case::life::Life;
use caifeng::case::passage::Passage;
use caifeng::case::{Case, Said};
use caifeng::config::Organisation;
use caifeng::daemon::{Daemon, Parts};
use caifeng::directory::Directory;
use caifeng::drill::play::Player;
use caifeng::drill::stage::{Ground, stage};
use caifeng::drill::{DrillClock, Mark, open};
use caifeng::incident::Category;
use caifeng::plugins::Registry;
use caifeng::store::{CaseRow, Enrolment};
use caifeng_plugin_host::contract::{Kind, Reactions, Timestamp};
use caifeng_plugin_host::engine::Engine;

use crate::report::{Figure, Goal, note};

/// The limit (issue 6): under a minute.
const LIMIT: Duration = Duration::from_secs(60);
const SITES: i64 = 6;
const HOURS: i64 = 30 * 24;
const HOUR: i64 = 3600;
/// 2026-06-01T00:00:00+08:00.
const BEGIN: Timestamp = 1_780_243_200;

/// Prints what share of the limit a month takes.
pub(crate) fn run(scratch: &Path, engine: &Engine, registry: &Arc<Registry>) -> anyhow::Result<()> {
    let real = Directory::at(scratch.join("drill"));
    real.create()?;
    let row = CaseRow { id: 1, life: Life::default(), case: month() };
    let posts = row.case.posts.len();
    let organisation = Organisation::default();
    let begun = Instant::now();
    let people = Enrolment::default();
    let drill = stage(Ground { real: &real, case: &row, organisation: &organisation, people, speed: 0 })?;
    let staged = begun.elapsed();
    let recording = open(&drill)?;
    let daemon = Daemon::open(Parts {
        directory: drill.clone(),
        follow: true,
        file: None,
        config: recording.config.clone(),
        recording: Some(recording),
        registry: Arc::clone(registry),
        engine: engine.clone(),
        clock: Arc::new(DrillClock::new(&drill)?),
    })?;
    let end = Mark::read(&drill)?.ends;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut player = Player::new(drill, daemon.sweeper.clone());
    let start = Instant::now();
    let played = runtime.block_on(player.until(end))?;
    let took = staged + start.elapsed();
    let stored = daemon.sweeper.reader.figures()?.posts;
    daemon.sweeper.store.close();
    anyhow::ensure!(stored == posts as u64, "{stored} of {posts} posts were heard");
    note(format_args!("drill: {posts} posts, {} sweeps, {} notices", played.sweeps, played.notices));
    Figure::new("drill.month", took.as_secs_f64(), "s, 30 days at full speed, the setting up included")
        .against("the limit", LIMIT.as_secs_f64())
        .goal(Goal::AtMost(1.0))
        .print();
    Ok(())
}

/// A month of one matter: a burst that fades, on six sites.
fn month() -> Case {
    let mut posts = Vec::new();
    for hour in 0..HOURS {
        for site in 0..SITES {
            let many = if hour < 48 { 4 } else { i64::from((hour + site) % 3 == 0) };
            posts.extend((0..many).map(|nth| said(hour, site, nth)));
        }
    }
    Case {
        incident: 1,
        title: Passage::open("甲路燃气泄漏"),
        category: Category::Emergency,
        level: Some("iii".to_owned()),
        plan: String::new(),
        opened: BEGIN,
        ended: BEGIN + HOURS * HOUR,
        posts,
        left_out: 0,
        course: Vec::new(),
        clocks: Vec::new(),
        lessons: Vec::new(),
        tags: Vec::new(),
        count: Count::default(),
        harmless: Vec::new(),
    }
}

fn said(hour: i64, site: i64, nth: i64) -> Said {
    let heard = BEGIN + hour * HOUR + site * 2;
    let what = ["又闻到味了", "什么时候复气", "阀门关了没有", "说法呢"][usize::try_from((hour + nth) % 4).unwrap_or(0)];
    Said {
        row: hour * 100 + site * 10 + nth,
        version: 1,
        site: format!("site{site}.example"),
        kind: Kind::Post,
        heard,
        said: Some(heard - nth * 60 - 60),
        title: None,
        text: Passage::open(&format!("甲路燃气泄漏第{hour}小时，{what}，{site}号楼的人都在问，第{nth}次说了")),
        reactions: Reactions::default(),
    }
}
