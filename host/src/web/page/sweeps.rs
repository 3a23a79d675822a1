//! 巡查记录: the monitoring record, newest first, by watch and time.

use std::sync::Arc;

use askama::Template;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use url::form_urlencoded;

use super::{Frame, Rendered, Room, Tab, Visit, tabs};
use crate::coverage::words;
use crate::record::{self, Entry};
use crate::store::RecordQuery;
use crate::store::model::{Figures, WatchRow};
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;
use crate::web::when::{Clockface, Stamp};

/// What an address of this page asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SweepsAsked {
    watch: String,
    from: Option<Date>,
    to: Option<Date>,
    failed: bool,
    before: Option<i64>,
}

impl SweepsAsked {
    /// Reads a query; `None` when it makes no sense.
    pub(crate) fn of(query: &str) -> Option<Self> {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            // A form sends its empty fields too.
            let value = value.trim();
            match name.as_ref() {
                _ if value.is_empty() => {}
                "watch" => asked.watch = value.chars().take(200).collect(),
                "from" => asked.from = Some(value.parse().ok()?),
                "to" => asked.to = Some(value.parse().ok()?),
                "failed" => asked.failed = value == "1",
                "before" => asked.before = Some(value.parse().ok()?),
                _ => {}
            }
        }
        Some(asked)
    }

    /// The question to the store; days begin in `zone`.
    pub(crate) fn query(&self, zone: &TimeZone, limit: usize) -> RecordQuery {
        let start = |day: Date| day.to_zoned(zone.clone()).ok().map(|at| at.timestamp().as_second());
        RecordQuery {
            watch: (!self.watch.is_empty()).then(|| self.watch.clone()),
            since: self.from.and_then(start),
            until: self.to.and_then(|day| start(day.tomorrow().ok()?)),
            failed: self.failed,
            before: self.before,
            limit: Some(limit),
        }
    }

    fn address(&self, path: &str, before: Option<i64>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                query.append_pair(name, &value);
            }
        };
        add("watch", Some(self.watch.clone()));
        add("from", self.from.map(|day| day.to_string()));
        add("to", self.to.map(|day| day.to_string()));
        add("failed", self.failed.then(|| "1".to_owned()));
        add("before", before.map(|id| id.to_string()));
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// What the page is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct SweepsRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches.
    pub(crate) watches: Arc<[WatchRow]>,
    /// What was asked for.
    pub(crate) asked: SweepsAsked,
    /// The sweeps of this page.
    pub(crate) entries: Vec<Entry>,
    /// There are older ones.
    pub(crate) more: bool,
}

struct SweepLine {
    id: i64,
    watch: String,
    target: String,
    started: Stamp,
    took: String,
    figures: [String; 8],
    failed: Option<(String, String)>,
}

struct WatchChoice {
    id: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "sweeps.html")]
struct SweepsPage {
    frame: Frame,
    tabs: Vec<Tab>,
    choices: Vec<WatchChoice>,
    from: String,
    to: String,
    failed: bool,
    lines: Vec<SweepLine>,
    newer: bool,
    first: String,
    older: Option<String>,
    csv: String,
    xlsx: String,
}

/// The page.
pub(crate) fn sweeps(visit: &Visit, rows: &SweepsRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Watches, lang.t("sweeps.title"), rows.figures, &rows.watches);
    let asked = &rows.asked;
    let date = |day: Option<Date>| day.map_or_else(String::new, |day| day.to_string());
    let choice = |row: &WatchRow| WatchChoice { id: row.watch.id.clone(), here: row.watch.id == asked.watch };
    SweepsPage {
        tabs: tabs(lang, "/sweeps"),
        choices: rows.watches.iter().map(choice).collect(),
        from: date(asked.from),
        to: date(asked.to),
        failed: asked.failed,
        lines: rows.entries.iter().map(|entry| told(entry, &frame.face, lang)).collect(),
        newer: asked.before.is_some(),
        first: asked.address("/sweeps", None),
        older: rows.entries.last().filter(|_| rows.more).map(|last| asked.address("/sweeps", Some(last.sweep.id))),
        csv: asked.address("/sweeps.csv", None),
        xlsx: asked.address("/sweeps.xlsx", None),
        frame,
    }
    .render()
}

fn told(entry: &Entry, face: &Clockface, lang: Lang) -> SweepLine {
    let (sweep, tally) = (&entry.sweep, &entry.sweep.tally);
    let took = sweep.ended.map(|ended| lang.count("sweeps.seconds", (ended - sweep.started).max(0).unsigned_abs()));
    let first = tally.failures.first();
    let cause = |kind| lang.t(words::keys(crate::coverage::Cause::Failed(kind)).0);
    SweepLine {
        id: sweep.id,
        watch: sweep.watch.clone(),
        target: line(&entry.target, 80),
        started: face.stamp(sweep.started),
        took: took.unwrap_or_else(|| lang.t("sweeps.not-ended")),
        figures: [
            tally.requests,
            tally.bytes,
            tally.seen,
            tally.new,
            tally.changed,
            tally.matched,
            tally.skipped,
            tally.unasked,
        ]
        .map(grouped),
        failed: first
            .map(|first| (cause(first.kind), line(&format!("{}: {}", record::kinds(sweep), first.detail), 240))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_means_what_made_it() {
        let query = "watch=a+b&from=2026-07-01&to=2026-07-02&failed=1&before=77";
        let asked = SweepsAsked::of(query).unwrap();
        assert_eq!(asked.address("/sweeps", asked.before), format!("/sweeps?{query}"));
        assert_eq!(SweepsAsked::of("watch=&from=&to="), Some(SweepsAsked::default()));
        for wrong in ["from=yesterday", "to=2026-13-01", "before=x"] {
            assert_eq!(SweepsAsked::of(wrong), None, "{wrong}");
        }
        let china = TimeZone::get("Asia/Shanghai").unwrap();
        let wanted = asked.query(&china, 5);
        assert_eq!((wanted.since, wanted.until), (Some(1_782_835_200), Some(1_783_008_000)), "both days whole");
    }
}
