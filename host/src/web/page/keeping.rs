//! How long things are kept and what a change of that would do; which days are worked.

use askama::Template;
use jiff::civil::Date;

use super::admin::{LINE, admin_tabs, frame};
use super::sources::Ground;
use super::{Frame, Rendered, Tab, Visit, tight};
use crate::config::edit::YearDays;
use crate::config::edit::mark;
use crate::retention::{Released, Retention, Span};
use crate::user::right::Act;
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;

/// How long things would be kept, as somebody writes it.
pub(crate) struct Wanted {
    /// By the names of the configuration.
    pub(crate) written: Vec<(&'static str, String)>,
    /// What is wrong with it; else what would go with the next run, by these rules and by those in force.
    pub(crate) outcome: Result<(Released, Released), String>,
}

/// A year of the calendar.
pub(crate) struct YearRow {
    /// Which.
    pub(crate) year: i16,
    /// Its notice; `None` where none is known.
    pub(crate) source: Option<String>,
    /// Days that are not what their day of the week says: first, last, worked.
    pub(crate) days: Vec<(Date, Date, bool)>,
}

/// What the page is made of.
pub(crate) struct KeepingRows {
    /// The rules in force.
    pub(crate) rules: Retention,
    /// Others, as somebody writes them.
    pub(crate) wanted: Option<Wanted>,
    /// Years around this one.
    pub(crate) years: Vec<YearRow>,
    /// This one.
    pub(crate) this_year: i16,
    /// A year whose notice should be known.
    pub(crate) missing: Option<i16>,
    /// Days of the organisation's own as somebody writes them, and what is wrong with them.
    pub(crate) days: Option<(YearDays, String)>,
    /// The organisation's zone.
    pub(crate) zone: String,
    /// This is the real thing.
    pub(crate) can_change: bool,
}

struct RuleField {
    name: &'static str,
    label: String,
    value: String,
}

struct Goes {
    what: String,
    now: String,
    then: String,
    more: bool,
}

struct YearView {
    year: String,
    here: bool,
    source: Option<String>,
    days: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "admin-keeping.html")]
struct KeepingPage {
    frame: Frame,
    tabs: Vec<Tab>,
    kept: Vec<(String, String)>,
    seen: String,
    fields: Vec<RuleField>,
    wrong: Option<String>,
    goes: Vec<Goes>,
    looked: bool,
    verdict: String,
    years: Vec<YearView>,
    missing: Option<String>,
    zone: String,
    year: String,
    source: String,
    off: String,
    work: String,
    days_wrong: Option<String>,
    may_retain: bool,
    may_change: bool,
}

/// The rules, by the names that the configuration uses.
pub(crate) fn rules(retention: &Retention) -> [(&'static str, Span); 5] {
    [
        ("unmatched", retention.unmatched),
        ("matched", retention.matched),
        ("evidence", retention.evidence),
        ("contact_notes", retention.contact_notes),
        ("records", retention.records),
    ]
}

fn rule_name(name: &str, lang: Lang) -> String {
    lang.t(match name {
        "unmatched" => "admin.unmatched",
        "matched" => "admin.matched",
        "evidence" => "admin.evidence",
        "contact_notes" => "admin.contact-notes",
        _ => "admin.records",
    })
}

fn length(span: Span, lang: Lang) -> String {
    let hours = span.seconds().unsigned_abs() / 3_600;
    if hours.is_multiple_of(24) { lang.count("length.days", hours / 24) } else { lang.count("length.hours", hours) }
}

fn goes(now: &Released, then: &Released, lang: Lang) -> Vec<Goes> {
    let rows = [
        ("admin.unmatched", now.unmatched, then.unmatched),
        ("admin.matched", now.matched, then.matched),
        ("kept.exchanges", now.captures, then.captures),
        ("kept.sweeps", now.sweeps, then.sweeps),
        ("admin.contact-notes", now.contact_notes, then.contact_notes),
    ];
    let row = |(key, now, then): (&'static str, u64, u64)| Goes {
        what: lang.t(key),
        now: grouped(now),
        then: grouped(then),
        more: then > now,
    };
    rows.into_iter().map(row).collect()
}

fn span_of_days((from, to, worked): (Date, Date, bool), lang: Lang) -> (String, String) {
    let days = if from == to { from.to_string() } else { lang.with("kept.from-to", &[("from", &from), ("to", &to)]) };
    (days, lang.t(if worked { "kept.worked" } else { "kept.off" }))
}

/// The page.
pub(crate) fn keeping(visit: &Visit, ground: &Ground, rows: &KeepingRows) -> Rendered {
    let lang = visit.lang;
    let own = rules(&rows.rules);
    let written = |name: &str, span: Span| {
        let typed = rows.wanted.as_ref().and_then(|wanted| wanted.written.iter().find(|(other, _)| *other == name));
        let plain = || serde_json::to_value(span).ok().and_then(|it| it.as_str().map(str::to_owned));
        typed.map(|(_, text)| text.clone()).or_else(plain).unwrap_or_default()
    };
    let fields =
        own.iter().map(|(name, span)| RuleField { name, label: rule_name(name, lang), value: written(name, *span) });
    let outcome = rows.wanted.as_ref().map(|wanted| &wanted.outcome);
    let (looked, wrong) = match outcome {
        None => (None, None),
        Some(Ok(looked)) => (Some(looked), None),
        Some(Err(wrong)) => (None, Some(line(wrong, LINE))),
    };
    let posts = |released: &Released| released.unmatched + released.matched;
    let verdict = looked.map(|(then, now)| match posts(then).saturating_sub(posts(now)) {
        0 => lang.t("kept.no-more"),
        more => lang.count("kept.more", more),
    });
    let years = rows.years.iter().map(|row| YearView {
        year: row.year.to_string(),
        here: row.year == rows.this_year,
        source: row.source.as_deref().map(|source| line(source, LINE)),
        days: row.days.iter().map(|days| span_of_days(*days, lang)).collect(),
    });
    let (days, days_wrong) = rows.days.as_ref().map(|(days, wrong)| (days.clone(), wrong.clone())).unzip();
    let days = days.unwrap_or_default();
    KeepingPage {
        frame: frame(visit, ground),
        tabs: admin_tabs(visit, "/admin/keeping"),
        kept: own.iter().map(|(name, span)| (rule_name(name, lang), length(*span, lang))).collect(),
        seen: mark(&rows.rules),
        fields: fields.collect(),
        wrong,
        goes: looked.map(|(then, now)| goes(now, then, lang)).unwrap_or_default(),
        looked: looked.is_some(),
        verdict: verdict.unwrap_or_default(),
        years: years.collect(),
        missing: rows.missing.map(|year| tight(&lang.with("admin.year-missing", &[("year", &year)]))),
        zone: rows.zone.clone(),
        year: if days.year == 0 {
            rows.missing.map(|year| year.to_string()).unwrap_or_default()
        } else {
            days.year.to_string()
        },
        source: days.source,
        off: days.off.join("\n"),
        work: days.work.join("\n"),
        days_wrong: days_wrong.map(|wrong| line(&wrong, 600)),
        may_retain: visit.may(Act::Retain),
        may_change: rows.can_change && visit.may(Act::Configure),
    }
    .render()
}
