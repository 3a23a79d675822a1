//! 覆盖: what share of the time was heard, and each gap with its cause.

use std::sync::Arc;

use askama::Template;
use caifeng_plugin_host::contract::Timestamp;

use super::{Frame, Rendered, Room, Tab, Visit, tabs};
use crate::coverage::statement::{Statement, WatchCoverage};
use crate::coverage::{Gap, words};
use crate::store::model::{Figures, WatchRow};
use crate::web::lang::Lang;
use crate::web::mark::line;
use crate::web::when::Stamp;

/// Width of a strip, in units of its picture.
const WIDTH: f64 = 600.0;
const DAY: i64 = 86_400;

/// What the page is made of.
#[derive(Clone, Debug)]
pub(crate) struct CoverageRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// How many days it reaches back.
    pub(crate) days: i64,
    /// What was covered in them.
    pub(crate) statement: Statement,
}

/// A part of a strip.
struct Part {
    x: String,
    width: String,
    kind: &'static str,
}

/// The time of a watch as a picture with its sentence.
struct Strip {
    sentence: String,
    parts: Vec<Part>,
    days: Vec<String>,
}

struct GapView {
    watch: String,
    from: Stamp,
    until: Option<Stamp>,
    length: String,
    cause: String,
    partial: bool,
    detail: Option<String>,
    step: String,
    filled: String,
    open: bool,
}

struct WatchView {
    name: String,
    shares: String,
    whole: bool,
    strip: Option<Strip>,
    gaps: Vec<GapView>,
}

#[derive(Template)]
#[template(path = "coverage.html")]
struct CoveragePage {
    frame: Frame,
    tabs: Vec<Tab>,
    spans: Vec<Tab>,
    sentence: String,
    open: Vec<GapView>,
    watches: Vec<WatchView>,
    first: String,
}

/// The page.
pub(crate) fn coverage(visit: &Visit, rows: &CoverageRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Watches, lang.t("covered.title"), rows.figures, &rows.watches);
    let span = |days: i64| Tab {
        name: lang.count("covered.days", days.unsigned_abs()),
        href: if days == 7 { "/coverage" } else { "/coverage?days=30" },
        here: rows.days == days,
    };
    let told = |gap: &Gap| gap_view(gap, &frame, lang, visit);
    let mut watches: Vec<&WatchCoverage> = rows.statement.watches.iter().collect();
    // Those with the least first; a watch that was never swept is the least of all.
    watches.sort_by(|a, b| a.heard.unwrap_or(-1.0).total_cmp(&b.heard.unwrap_or(-1.0)));
    let view = |watch: &&WatchCoverage| WatchView {
        name: watch.watch.clone(),
        shares: words::shares(lang, watch),
        whole: watch.heard.is_some_and(|share| share >= 1.0),
        strip: strip(watch, &rows.statement, lang, visit),
        gaps: watch.gaps.iter().rev().map(told).collect(),
    };
    CoveragePage {
        tabs: tabs(lang, "/coverage"),
        spans: vec![span(7), span(30)],
        sentence: words::sentence(lang, &rows.statement, &visit.zone),
        open: rows.statement.open().map(told).collect(),
        watches: watches.iter().map(view).collect(),
        first: frame.face.plain_day(rows.statement.span.since),
        frame,
    }
    .render()
}

fn gap_view(gap: &Gap, frame: &Frame, lang: Lang, visit: &Visit) -> GapView {
    let (cause, step) = words::keys(gap.cause);
    GapView {
        watch: gap.watch.clone(),
        from: frame.face.stamp(gap.from),
        until: gap.until.map(|until| frame.face.stamp(until)),
        length: words::length(lang, gap.end(visit.now) - gap.from),
        cause: lang.t(cause),
        partial: gap.partial,
        detail: gap.detail.as_ref().map(|detail| line(detail, 240)),
        step: lang.t(step),
        filled: words::filled(lang, gap, &visit.zone, visit.now),
        open: gap.closed.is_none(),
    }
}

/// Draws the time that was watched, and over it what was missing.
fn strip(watch: &WatchCoverage, statement: &Statement, lang: Lang, visit: &Visit) -> Option<Strip> {
    let span = statement.span;
    let from = watch.from?;
    #[expect(clippy::cast_precision_loss, reason = "seconds of a month are exact in f64")]
    let place = |at: Timestamp| {
        (at.clamp(span.since, span.until) - span.since) as f64 / (span.until - span.since).max(1) as f64 * WIDTH
    };
    let part = |from: Timestamp, until: Timestamp, kind| Part {
        x: format!("{:.1}", place(from)),
        // What is too short to see is drawn all the same.
        width: format!("{:.1}", (place(until) - place(from)).max(1.5)),
        kind,
    };
    let mut parts = vec![part(from, span.until, "heard")];
    for gap in &watch.gaps {
        parts.push(part(gap.from.max(from), gap.end(span.until), "filled"));
    }
    for (lost, until) in watch.gaps.iter().filter_map(|gap| gap.lost(span.until)) {
        parts.push(part(lost.max(from), until, "lost"));
    }
    let midnight = |at: Timestamp| {
        let day = jiff::Timestamp::from_second(at).ok()?.to_zoned(visit.zone.clone());
        Some(day.start_of_day().ok()?.timestamp().as_second())
    };
    let days = (1..=(span.until - span.since) / DAY).filter_map(|day| midnight(span.since + day * DAY));
    Some(Strip {
        sentence: lang.with(
            "covered.strip",
            &[
                ("watch", &watch.watch),
                ("shares", &words::shares(lang, watch)),
                ("gaps", &lang.count("covered.gaps", watch.gaps.len() as u64)),
            ],
        ),
        parts,
        days: days.map(|at| format!("{:.1}", place(at))).collect(),
    })
}
