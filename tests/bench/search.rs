//! What a search costs, and what each filter adds, at two sizes of the store: pages of twenty for a word of two
//! characters within a span of time, as processor time of the thread that asks.
//!
//! The posts are the town's talk of the other measurements, stored in batches of two thousand, without classifiers and
//! grouping, which searches do not depend on. `BENCH_SEARCH` sets the larger size (1,000,000).

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use caifeng::incident::{Category, State};
use caifeng::search::Search;
use caifeng::store::model::{Batch, Prepared};
use caifeng::store::{CategoryFilter, PostQuery, Reader, Store};
use caifeng::text::telling::Telling;
use caifeng::text::tokens::Tokeniser;
use caifeng::topic::{Names, Topics};
use caifeng_plugin_host::contract::{Author, Kind, Post};
use cpu_time::ThreadTime;
use rusqlite::{Connection, OpenFlags};

use crate::posts::{self, Draft};
use crate::report::{Figure, Goal, note, percentile};

/// The larger size, unless `BENCH_SEARCH` says otherwise; the smaller is a tenth.
const POSTS: u64 = 1_000_000;
/// Posts of a batch.
const BATCH: u64 = 2_000;
/// Posts of a page.
const PAGE: usize = 20;
/// Searches of each form.
const ROUNDS: u64 = 300;
/// Words of two characters, in nearly every third post and in hardly any.
const WORDS: [&str; 8] = ["停水", "路灯", "医院", "井盖", "骑手", "裂缝", "疫苗", "暖气"];

/// Fills a store and prints what searches cost on the way.
pub(crate) fn run(scratch: &Path) -> anyhow::Result<()> {
    let size = match std::env::var("BENCH_SEARCH") {
        Ok(posts) => posts.parse().context("BENCH_SEARCH is not a number")?,
        Err(_) => POSTS,
    };
    let folder = scratch.join("search");
    std::fs::create_dir_all(&folder)?;
    let store = Store::open(&folder, None)?;
    let desk = Desk { tokeniser: Tokeniser::new(), reader: store.reader()? };
    let topics = Topics::compile(&posts::topics(), &Names::default())?;
    let mut early = None;
    for first in (0..size).step_by(BATCH as usize) {
        store.ingest(desk.batch(&topics, first))?;
        if first % 100_000 == 0 {
            note(format_args!("search: {first} posts stored"));
        }
        if first + BATCH == size / 10 {
            early = Some(desk.measure(size / 10, None)?);
        }
    }
    desk.measure(size, early.as_deref())?;
    joined(&folder, size)?;
    store.close();
    Ok(())
}

/// A form of search: what is typed for a word, and the filters.
struct Form {
    name: &'static str,
    typed: fn(&str) -> String,
    filter: fn(&mut PostQuery),
    /// Milliseconds that 99 of 100 keep to.
    most: Option<f64>,
}

const FORMS: [Form; 15] = [
    Form { name: "word", typed: str::to_owned, filter: |_| {}, most: Some(3.0) },
    Form {
        name: "word.all_time",
        typed: str::to_owned,
        filter: |q| (q.since, q.until) = (None, None),
        most: Some(3.0),
    },
    Form { name: "two_words", typed: |w| format!("{w} 投诉"), filter: |_| {}, most: Some(3.0) },
    Form { name: "either", typed: |w| format!("{w} | 停车 | 工资"), filter: |_| {}, most: None },
    Form { name: "phrase", typed: |w| format!("\"{w}投诉\""), filter: |_| {}, most: None },
    Form { name: "without", typed: |w| format!("{w} -投诉"), filter: |_| {}, most: None },
    Form { name: "one_character", typed: |w| w.chars().take(1).collect(), filter: |_| {}, most: None },
    // A character that no post holds: a page looks at as many posts as it may.
    Form { name: "no_character", typed: |_| "龘".to_owned(), filter: |_| {}, most: None },
    // Two characters that are no word of the dictionary: a name.
    Form { name: "name", typed: |_| "竹锦".to_owned(), filter: |_| {}, most: Some(3.0) },
    Form { name: "topic", typed: str::to_owned, filter: |q| q.topic = Some("本局".to_owned()), most: Some(3.0) },
    Form { name: "rare_topic", typed: str::to_owned, filter: |q| q.topic = Some("供水".to_owned()), most: Some(3.0) },
    Form { name: "site", typed: str::to_owned, filter: |q| q.site = Some(site(7)), most: Some(3.0) },
    Form { name: "kind", typed: str::to_owned, filter: |q| q.kind = Some(Kind::Post), most: Some(3.0) },
    Form { name: "state", typed: str::to_owned, filter: |q| q.state = Some(State::New), most: None },
    // Nothing is called so: a page looks at as many posts as it may.
    Form {
        name: "category_of_none",
        typed: str::to_owned,
        filter: |q| q.category = CategoryFilter::Only(Category::Rumour),
        most: None,
    },
];

struct Desk {
    tokeniser: Tokeniser,
    reader: Reader,
}

impl Desk {
    fn batch(&self, topics: &Topics, first: u64) -> Batch {
        let drafts = (first..first + BATCH).map(posts::draft);
        let captured = posts::draft(first + BATCH).published;
        let site = site(first / BATCH % posts::SITES);
        let posts = drafts.map(|draft| self.prepare(topics, &site, draft)).collect();
        Batch { sweep: None, plugin: "feed".to_owned(), site, captured, posts }
    }

    fn prepare(&self, topics: &Topics, site: &str, draft: Draft) -> Prepared {
        let Draft { number, title, text, author, published } = draft;
        let found = topics.matches(Some(&title), &text);
        let named: Vec<String> = found.iter().filter_map(|m| topics.name(m.topic).map(str::to_owned)).collect();
        let kind = if number % 4 == 0 { Kind::Comment } else { Kind::Post };
        let post = Post {
            author: Some(Author { id: author, name: String::new() }),
            published: Some(published),
            title: Some(title),
            text,
            ..Post::new(kind, number.to_string(), format!("http://{site}/t/{number}"))
        };
        Prepared {
            tokens: self.tokeniser.index_text(post.title.as_deref(), &post.text),
            signature: None,
            telling: Telling::default(),
            links: Vec::new(),
            topics: (!named.is_empty()).then_some(named),
            labels: Vec::new(),
            post,
        }
    }

    /// Prints the costs of every form; against those at a tenth of the size.
    fn measure(&self, size: u64, early: Option<&[f64]>) -> anyhow::Result<Vec<f64>> {
        let mut medians = Vec::new();
        for (number, form) in FORMS.iter().enumerate() {
            let costs = self.costs(form, size)?;
            let (p50, p99) = (percentile(&costs, 0.5), percentile(&costs, 0.99));
            let mut half = Figure::new(format!("search.{}.{size}.p50", form.name), p50, "CPU ms");
            if let Some(early) = early {
                half = half.against("the same at a tenth of the size", early[number]);
            }
            half.print();
            let mut worst = Figure::new(format!("search.{}.{size}.p99", form.name), p99, "CPU ms");
            if let Some(most) = form.most {
                worst = worst.goal(Goal::AtMost(most));
            }
            worst.print();
            medians.push(p50);
        }
        Ok(medians)
    }

    /// Milliseconds of each search, sorted.
    fn costs(&self, form: &Form, size: u64) -> anyhow::Result<Vec<f64>> {
        let mut costs = Vec::new();
        for round in 0..ROUNDS {
            let (word, since, until) = question(round, size);
            let start = ThreadTime::now();
            let search = Search::read(&(form.typed)(word), &self.tokeniser, &Names::default())?.context("a search")?;
            let words = search.expression().map(str::to_owned);
            let mut query =
                PostQuery { words, since: Some(since), until: Some(until), limit: Some(PAGE), ..PostQuery::default() };
            (form.filter)(&mut query);
            let mut keep = |title: Option<&str>, text: &str| search.found(title, text).is_some();
            std::hint::black_box(self.reader.post_page(&query, &mut keep)?);
            costs.push(milliseconds(start.elapsed()));
        }
        costs.sort_by(f64::total_cmp);
        Ok(costs)
    }
}

/// A word, and a span of a day to a third of all time.
fn question(round: u64, size: u64) -> (&'static str, i64, i64) {
    let end = posts::draft(size).published;
    let all = end - posts::BEGIN;
    let mixed = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let length = (86_400 << (round % 6)).min(all / 3);
    let since = posts::BEGIN + (mixed as i64 * 7_919).rem_euclid(all - length);
    (WORDS[(mixed % WORDS.len() as u64) as usize], since, since + length)
}

/// What it costs where the time is a column of a joined table and not in the key.
fn joined(folder: &Path, size: u64) -> anyhow::Result<()> {
    let db = Connection::open_with_flags(folder.join("caifeng.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let sql = "SELECT p.row FROM post_text f JOIN post p ON p.row = f.rowid
               WHERE post_text MATCH ?1 AND p.published BETWEEN ?2 AND ?3 ORDER BY p.published DESC LIMIT 20";
    let mut statement = db.prepare(sql)?;
    let mut costs = Vec::new();
    for round in 0..ROUNDS / 10 {
        let (word, since, until) = question(round, size);
        let start = ThreadTime::now();
        let rows = statement.query_map((format!("\"{word}\""), since, until), |r| r.get::<_, i64>(0))?;
        std::hint::black_box(rows.count());
        costs.push(milliseconds(start.elapsed()));
    }
    costs.sort_by(f64::total_cmp);
    Figure::new(format!("search.joined.{size}.p99"), percentile(&costs, 0.99), "CPU ms, through a join on the time")
        .print();
    Ok(())
}

fn site(number: u64) -> String {
    format!("site{number}.bench.example")
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
