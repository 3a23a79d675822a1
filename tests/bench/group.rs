//! Grouping: what a post costs that joins an incident of fifty thousand, and what comparing words costs each.
//!
//! The flood is a town that talks of one matter: 50,000 posts within a minute, a third of them passed on, a third answers
//! to earlier ones, a third in words of their own. All must be in one incident.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use caifeng::current::Current;
use caifeng::ingest::{Origin, Pipeline, Pseudonyms, Voices};
use caifeng::store::{IncidentQuery, Store};
use caifeng::text::telling::Telling;
use caifeng::text::tokens::Tokeniser;
use caifeng::topic::{Names, Topics};
use caifeng_plugin_host::contract::{Kind, Post};

use crate::posts::{self, BEGIN, Dice};
use crate::report::{Figure, Goal, cpu, note};

/// Posts of the flood, and the seconds in which they are published.
const FLOOD: u64 = 50_000;
const SECONDS: u64 = 60;
/// Posts of a page.
const PAGE: usize = 200;
/// Posts of the talk with and without words.
const TALK: u64 = 40_000;

/// Prints the flood's cost and growth, and the cost of words.
pub(crate) fn run(scratch: &Path) -> anyhow::Result<()> {
    let tokeniser = Arc::new(Tokeniser::new());
    flood(scratch, &tokeniser)?;
    words(scratch, &tokeniser)
}

fn flood(scratch: &Path, tokeniser: &Arc<Tokeniser>) -> anyhow::Result<()> {
    let store = Store::open(&scratch.join("flood"), None)?;
    let mut costs = Vec::new();
    for part in 0..10 {
        let part = part * FLOOD / 10..(part + 1) * FLOOD / 10;
        costs.push(ingest(&store, tokeniser, part, &said, true)?);
        note(format_args!("flood: {:.0} us/post", costs[costs.len() - 1]));
    }
    let incidents = store.reader()?.incidents(&IncidentQuery::default())?;
    let largest = incidents.iter().map(|incident| incident.posts).max().unwrap_or(0);
    anyhow::ensure!(incidents.iter().map(|incident| incident.posts).sum::<u64>() == FLOOD, "posts were lost");
    store.close();
    Figure::new("group.flood.together", largest as f64, "posts of 50,000 in one incident")
        .goal(Goal::AtLeast(FLOOD as f64))
        .print();
    let mean = costs.iter().sum::<f64>() / costs.len() as f64;
    Figure::new("group.flood.time", mean * FLOOD as f64 / 1e6, "CPU s for 50,000 posts of 60 s")
        .goal(Goal::AtMost(SECONDS as f64))
        .print();
    Figure::new("group.flood.growth", costs[costs.len() - 1], "CPU us/post, the last 5,000")
        .against("the second 5,000", costs[1])
        .goal(Goal::AtMost(1.3))
        .print();
    Ok(())
}

/// What grouping by words costs: the same talk stored with telling words and without.
fn words(scratch: &Path, tokeniser: &Arc<Tokeniser>) -> anyhow::Result<()> {
    let mut costs = Vec::new();
    for (name, worded) in [("plain", false), ("worded", true)] {
        let store = Store::open(&scratch.join(name), None)?;
        let draft = |number| {
            let draft = posts::draft(number);
            Post { title: Some(draft.title), published: Some(draft.published), ..post(number, draft.text) }
        };
        let half = TALK / 2;
        ingest(&store, tokeniser, 0..half, &draft, worded)?;
        costs.push(ingest(&store, tokeniser, half..TALK, &draft, worded)?);
        store.close();
    }
    Figure::new(
        "group.words",
        costs[1] - costs[0],
        "CPU us/post for telling words: reading, looking up, comparing, keeping",
    )
    .against("everything else from post to disk", costs[0])
    .print();
    Ok(())
}

/// Takes posts from the page to the disk; returns microseconds of processor time for each.
fn ingest(
    store: &Store,
    tokeniser: &Arc<Tokeniser>,
    numbers: Range<u64>,
    make: &dyn Fn(u64) -> Post,
    worded: bool,
) -> anyhow::Result<f64> {
    let reader = store.reader()?;
    let pipeline = Pipeline {
        topics: Current::new(Topics::compile(&[], &Names::default())?),
        tokeniser: Arc::clone(tokeniser),
        voices: Voices::default(),
        pseudonyms: Pseudonyms::new(&[0; 32]),
    };
    let posts: Vec<Post> = numbers.map(make).collect();
    let start = cpu();
    for page in posts.chunks(PAGE) {
        let captured = page.iter().filter_map(|post| post.published).max().unwrap_or(BEGIN);
        let origin = Origin { sweep: None, plugin: "bench".into(), site: "bench.example".into(), captured };
        let mut batch = pipeline.understand(&reader, origin, page.to_vec())?.batch;
        if !worded {
            batch.posts.iter_mut().for_each(|post| post.telling = Telling::default());
        }
        store.ingest(batch)?;
    }
    Ok((cpu() - start).as_secs_f64() * 1e6 / posts.len() as f64)
}

fn post(number: u64, text: String) -> Post {
    Post { text, ..Post::new(Kind::Post, number.to_string(), format!("http://bench.example/t/{number}.html")) }
}

/// A post of the flood.
fn said(number: u64) -> Post {
    let mut dice = Dice::new(number ^ 0xf100_d000_0000);
    let published = Some(BEGIN + (number * SECONDS / FLOOD) as i64);
    let earlier = |dice: &mut Dice| dice.below(number.max(1));
    let text = match number % 3 {
        1 => format!("转发：{}", own_words(earlier(&mut dice) / 3 * 3)),
        2 => ["严重关注", "等一个说法", "太吓人了", "希望人没事"][dice.below(4) as usize].to_owned(),
        _ => own_words(number),
    };
    let parent = (number % 3 == 2).then(|| earlier(&mut dice).to_string());
    Post { published, parent, ..post(number, text) }
}

/// The matter in words of one's own.
fn own_words(number: u64) -> String {
    let mut dice = Dice::new(number ^ 0x0170_0000_0000);
    let seen =
        dice.of(&["刚刚路过", "朋友发来视频", "听见一声巨响", "整条街都停电了", "窗户都震碎了", "家里老人吓坏了"]);
    let what =
        dice.of(&["青禾苑小区旁边的搅拌站爆炸了", "搅拌站爆炸，就在青禾苑小区门口", "青禾苑小区搅拌站的储罐爆炸起火"]);
    let then = dice.of(&[
        "消防车来了好几辆",
        "浓烟滚滚看不见路",
        "灰尘落得到处都是",
        "搅拌站的围墙倒了一半",
        "听说有工人受伤",
    ]);
    let ask = dice.of(&["到底有没有人管", "请马上公布情况", "求真相", "早就投诉过搅拌站", "大家注意安全"]);
    format!("{seen}，{what}，{then}，{ask}。")
}
