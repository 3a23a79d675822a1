//! What the public reads, as a page, a feed and data: made of approved summaries and of figures that name nobody.

use std::collections::BTreeMap;

use atom_syndication::{Content, Entry, Feed, FixedDateTime, Person, Text};
use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{SummaryId, Told};
use crate::coverage::words::length;
use crate::document::{Block, Cell, Document, Run, Table};
use crate::feed::ics;
use crate::incident::Category;
use crate::incident::clock::response::Responses;
use crate::lang::{Lang, grouped};
use crate::report;

/// An approved summary with what the clocks say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Public {
    /// The summary.
    pub id: SummaryId,
    /// What the incident was decided to be.
    pub category: Option<Category>,
    /// First sight.
    pub opened: Timestamp,
    /// When it was first answered in public.
    pub answered: Option<Timestamp>,
    /// When the summary was approved.
    pub approved: Timestamp,
    /// What the public reads.
    pub told: Told,
}

/// Everything that goes out.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Approved summaries, the newest first.
    pub summaries: Vec<Public>,
    /// How fast all incidents were answered, those without a summary included.
    pub responses: Responses,
    /// Legal referrals by what became of them: proposed and waiting, approved, refused.
    pub referrals: [u64; 3],
}

/// Who tells it.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// The language.
    pub lang: Lang,
    /// The organisation's zone.
    pub zone: &'a TimeZone,
    /// When it is made.
    pub now: Timestamp,
    /// The organisation.
    pub organisation: &'a str,
    /// How it can be reached by whoever disagrees; an address or a mailbox of the organisation.
    pub contact: Option<&'a str>,
}

/// The page.
#[must_use]
pub fn document(facts: &Facts, frame: &Frame<'_>) -> Document {
    let lang = frame.lang;
    let mut page = Document::new(lang, lang.with("public.title", &[("organisation", &frame.organisation)]));
    page.subtitle = Some(lang.with("public.as-of", &[("day", &day(frame, frame.now))]).into());
    page.heading(1, lang.t("public.speed"));
    page.paragraph(vec![Run::text(lang.with(
        "public.answered",
        &[
            ("incidents", &grouped(facts.responses.incidents as u64)),
            ("answered", &grouped(facts.responses.answered as u64)),
        ],
    ))]);
    page.push(Block::Table(speed(facts, lang)));
    page.heading(1, lang.t("public.raised-answered"));
    if facts.summaries.is_empty() {
        page.paragraph(vec![Run::text(lang.t("public.nothing"))]);
    }
    for one in &facts.summaries {
        summary(&mut page, one, frame);
    }
    page.heading(1, lang.t("public.corrections"));
    let corrected = facts.summaries.iter().filter(|one| one.told.corrected.is_some()).count() as u64;
    page.paragraph(vec![Run::text(lang.with("public.corrected-said", &[("n", &grouped(corrected))]))]);
    page.heading(1, lang.t("public.referrals"));
    let [waiting, made, refused] = facts.referrals.map(grouped);
    page.paragraph(vec![Run::text(
        lang.with("public.referrals-said", &[("waiting", &waiting), ("made", &made), ("refused", &refused)]),
    )]);
    page.heading(1, lang.t("public.contest"));
    let contact = frame.contact.map_or_else(|| lang.t("public.no-contact"), str::to_owned);
    page.paragraph(vec![Run::text(lang.with("public.contest-said", &[("contact", &contact)]))]);
    page.push(Block::Note(vec![Run::text(lang.t("public.note"))]));
    page
}

fn summary(page: &mut Document, one: &Public, frame: &Frame<'_>) {
    let lang = frame.lang;
    page.heading(2, heading(one, frame));
    for (key, words) in [("public.raised", &one.told.raised), ("public.reply", &one.told.answered)] {
        page.paragraph(vec![Run::strong(lang.t(key)), Run::text(words)]);
    }
    if let Some(words) = &one.told.corrected {
        page.paragraph(vec![Run::strong(lang.t("public.corrected")), Run::text(words)]);
    }
    page.paragraph(vec![Run::text(took(one, frame))]);
}

fn heading(one: &Public, frame: &Frame<'_>) -> String {
    let kind = frame.lang.t(match one.category {
        Some(Category::Problem) => "category.problem",
        Some(Category::Emergency) => "category.emergency",
        Some(Category::Sensitive) => "category.sensitive",
        Some(Category::Suggestion) => "category.suggestion",
        Some(Category::Rumour) => "category.rumour",
        None => "category.none",
    });
    frame.lang.with("public.heading", &[("day", &day(frame, one.opened)), ("kind", &kind)])
}

fn took(one: &Public, frame: &Frame<'_>) -> String {
    match one.answered {
        Some(at) => {
            let took = length(frame.lang, (at - one.opened).max(0));
            frame.lang.with("public.took", &[("day", &day(frame, at)), ("length", &took)])
        }
        None => frame.lang.t("public.unanswered"),
    }
}

fn speed(facts: &Facts, lang: Lang) -> Table {
    let mut table = report::responses(&facts.responses, lang);
    if let Some(median) = facts.responses.median {
        let told = Cell::text(length(lang, median));
        table.rows.push(vec![Cell::text(lang.t("public.median")), told, Cell::text(""), Cell::text("")]);
    }
    table
}

fn day(frame: &Frame<'_>, at: Timestamp) -> String {
    let form = match frame.lang {
        Lang::Zh => "%Y年%-m月%-d日",
        Lang::En => "%-d %B %Y",
    };
    local(frame, at).strftime(form).to_string()
}

fn local(frame: &Frame<'_>, at: Timestamp) -> jiff::Zoned {
    jiff::Timestamp::from_second(at).unwrap_or_default().to_zoned(frame.zone.clone())
}

/// The feed (RFC 4287): an entry for each summary. `tag:` names what has no address of its own (RFC 4151).
#[must_use]
pub fn feed(facts: &Facts, frame: &Frame<'_>) -> String {
    let stamp = |at: Timestamp| -> FixedDateTime {
        local(frame, at).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string().parse().unwrap_or_default()
    };
    let name = |about: &str| format!("tag:caifeng,2026:{}/{about}", seal(frame.organisation));
    let author = Person { name: clean(frame.organisation), ..Person::default() };
    let entry = |one: &Public| Entry {
        title: Text::plain(clean(&heading(one, frame))),
        id: name(&one.id.to_string()),
        updated: stamp(one.approved),
        content: Some(Content {
            value: Some(clean(&format!("{}\n{}\n{}", one.told.raised, one.told.answered, took(one, frame)))),
            content_type: Some("text".to_owned()),
            ..Content::default()
        }),
        ..Entry::default()
    };
    let newest = facts.summaries.iter().map(|one| one.approved).max().unwrap_or(frame.now);
    let feed = Feed {
        title: Text::plain(clean(&frame.lang.with("public.title", &[("organisation", &frame.organisation)]))),
        id: name("feed"),
        updated: stamp(newest),
        authors: vec![author],
        lang: Some(frame.lang.code().to_owned()),
        entries: facts.summaries.iter().map(entry).collect(),
        namespaces: BTreeMap::new(),
        ..Feed::default()
    };
    feed.to_string()
}

/// The calendar (RFC 5545): the days on which matters were first seen and first answered, in the words of the page's headings.
#[must_use]
pub fn calendar(facts: &Facts, frame: &Frame<'_>) -> String {
    let name = frame.lang.with("public.calendar-name", &[("organisation", &frame.organisation)]);
    let days = facts.summaries.iter().map(|one| {
        let uid = format!("{}-{}@caifeng.invalid", seal(frame.organisation), one.id);
        (
            uid,
            local(frame, one.answered.unwrap_or(one.opened)).date(),
            format!("{}\n{}", heading(one, frame), took(one, frame)),
        )
    });
    ics::days(&clean(&name), days, frame.now)
}

/// Text that may stand in XML.
fn clean(text: &str) -> String {
    crate::document::Plain::of(text).to_string()
}

/// What a feed is known by, without characters that a tag does not take.
fn seal(text: &str) -> String {
    use sha2::{Digest as _, Sha256};
    crate::hex::hex(&Sha256::digest(text))[..16].to_owned()
}

/// The data: figures and summaries as one JSON value.
#[must_use]
pub fn data(facts: &Facts, frame: &Frame<'_>) -> Value {
    let stamp = |at: Timestamp| local(frame, at).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let summary = |one: &Public| {
        json!({
            "id": one.id, "category": one.category, "first_seen": local(frame, one.opened).date().to_string(),
            "answered": one.answered.map(|at| local(frame, at).date().to_string()),
            "seconds_to_answer": one.answered.map(|at| (at - one.opened).max(0)),
            "raised": one.told.raised, "reply": one.told.answered, "corrected": one.told.corrected,
        })
    };
    let [waiting, made, refused] = facts.referrals;
    json!({
        "organisation": frame.organisation, "made": stamp(frame.now), "contact": frame.contact,
        "responses": facts.responses,
        "referrals": { "waiting": waiting, "made": made, "refused": refused },
        "summaries": facts.summaries.iter().map(summary).collect::<Vec<_>>(),
    })
}
