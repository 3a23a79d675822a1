//! What a month's report costs over a million posts: read, told and written down, as its share of the limit of ten seconds.
//!
//! The posts are the town's talk of the other measurements, all of them mentions, forty to an incident, spread over
//! thirty days and sixty-four sites; every post has a category, every fourth a mood. `BENCH_MONTH` sets how many (1,000,000).

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use caifeng::coverage::statement::Span;
use caifeng::incident::ballot::Weight;
use caifeng::lang::Lang;
use caifeng::plan::Plan;
use caifeng::report::Kind;
use caifeng::reporting::{Format, Setting, Subject, prepare, render};
use caifeng::store::Store;
use caifeng::store::model::{Batch, LabelBy, Prepared};
use caifeng::text::telling::Telling;
use caifeng::text::tokens::Tokeniser;
use caifeng_plugin_host::contract::{Kind as Form, Label, Post, Reactions};
use jiff::tz::TimeZone;

use crate::posts;
use crate::report::{Figure, Goal, cpu, note};

/// Posts, unless `BENCH_MONTH` says otherwise.
const POSTS: u64 = 1_000_000;
/// Posts of a batch.
const BATCH: u64 = 2_000;
/// Posts of an incident.
const MATTER: u64 = 40;
/// Seconds of the month.
const MONTH: u64 = 30 * 86_400;
/// Seconds that the issue allows.
const LIMIT: f64 = 10.0;

/// Fills a store with a month and prints what its report costs.
pub(crate) fn run(scratch: &Path) -> anyhow::Result<()> {
    let size = match std::env::var("BENCH_MONTH") {
        Ok(posts) => posts.parse().context("BENCH_MONTH is not a number")?,
        Err(_) => POSTS,
    };
    let folder = scratch.join("month");
    std::fs::create_dir_all(&folder)?;
    let store = Store::open(&folder, None)?;
    fill(&store, size, MATTER, None)?;
    let reader = store.reader()?;
    let until = posts::BEGIN + MONTH as i64;
    let setting = Setting {
        organisation: "云溪县水务局".to_owned(),
        zone: TimeZone::UTC,
        plan: Plan::built_in().clone(),
        lang: Lang::Zh,
        now: until,
        number: None,
    };
    let span = Span { since: posts::BEGIN, until };
    let (began, spent) = (Instant::now(), cpu());
    let document = prepare(&reader, Kind::Monthly, Subject::Span(span), &setting)?;
    let told = began.elapsed().as_secs_f64();
    let file = render(&document, Format::Docx)?;
    let (took, spent) = (began.elapsed().as_secs_f64(), (cpu() - spent).as_secs_f64());
    note(format_args!("month: told in {told:.2} s, {} bytes of DOCX, {} sources", file.len(), document.sources.len()));
    Figure::new(format!("report.month.{size}"), took, "s").against("the limit", LIMIT).goal(Goal::AtMost(1.0)).print();
    Figure::new(format!("report.month.{size}.cpu"), spent, "CPU s").print();
    store.close();
    Ok(())
}

/// Stores a month of `size` posts, `matter` to an incident; with a tokeniser they can be searched.
pub(crate) fn fill(store: &Store, size: u64, matter: u64, tokeniser: Option<&Tokeniser>) -> anyhow::Result<()> {
    for first in (0..size).step_by(BATCH as usize) {
        store.ingest(batch(first, size, matter, tokeniser))?;
        if first % 100_000 == 0 {
            note(format_args!("{first} posts stored"));
        }
    }
    Ok(())
}

fn batch(first: u64, size: u64, matter: u64, tokeniser: Option<&Tokeniser>) -> Batch {
    let site = format!("site{}.bench.example", first / BATCH % posts::SITES);
    let at = |number: u64| posts::BEGIN + (number * MONTH / size) as i64;
    let posts = (first..first + BATCH).map(|number| prepared(number, matter, (&site, at(number)), tokeniser)).collect();
    Batch { sweep: None, plugin: "feed".to_owned(), site, captured: at(first + BATCH), posts }
}

fn prepared(number: u64, matter: u64, (site, published): (&str, i64), tokeniser: Option<&Tokeniser>) -> Prepared {
    let draft = posts::draft(number);
    let category = ["problem", "problem", "suggestion", "sensitive", "emergency"][(number / matter % 5) as usize];
    let mut labels = vec![label("category", category)];
    if number.is_multiple_of(4) {
        labels.push(label("sentiment", if number.is_multiple_of(20) { "positive" } else { "negative" }));
    }
    let post = Post {
        published: Some(published),
        title: Some(draft.title),
        text: draft.text,
        reactions: Reactions { shares: Some(number % 97), views: Some(number % 5_003), ..Reactions::default() },
        ..Post::new(Form::Post, number.to_string(), format!("http://{site}/t/{number}"))
    };
    Prepared {
        tokens: tokeniser.map_or_else(String::new, |it| it.index_text(post.title.as_deref(), &post.text)),
        signature: None,
        telling: Telling::default(),
        links: vec![format!("http://matter.bench.example/{}", number / matter)],
        topics: Some(vec!["本局".to_owned()]),
        labels,
        post,
    }
}

fn label(group: &str, name: &str) -> LabelBy {
    let label = Label { name: name.to_owned(), score: 0.8, evidence: vec!["供水".to_owned()] };
    LabelBy { by: "triage@0.1.0".to_owned(), group: group.to_owned(), weight: Weight::default(), asked: false, label }
}
