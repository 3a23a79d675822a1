//! Gaps and statements in words: pure. Every sentence comes from the catalogues.

use jiff::tz::TimeZone;

use super::statement::{Statement, WatchCoverage};
use super::{Cause, Gap};
use crate::lang::Lang;
use crate::watch::FailureKind;
use caifeng_plugin_host::contract::Timestamp;

/// The catalogue keys of a cause, and of who must do what about it.
#[must_use]
pub const fn keys(cause: Cause) -> (&'static str, &'static str) {
    match cause {
        Cause::Off => ("cause.off", "step.off"),
        Cause::Late => ("cause.late", "step.late"),
        Cause::Failed(kind) => match kind {
            FailureKind::Unsupported => ("cause.unsupported", "step.unsupported"),
            FailureKind::Gone => ("cause.gone", "step.gone"),
            FailureKind::Blocked => ("cause.blocked", "step.blocked"),
            FailureKind::Unexpected => ("cause.unexpected", "step.unexpected"),
            FailureKind::Trap => ("cause.trap", "step.trap"),
            FailureKind::Network => ("cause.network", "step.network"),
            FailureKind::Refused => ("cause.refused", "step.refused"),
            FailureKind::Drift => ("cause.drift", "step.drift"),
            FailureKind::Silent => ("cause.silent", "step.silent"),
            FailureKind::Canary => ("cause.canary", "step.canary"),
            FailureKind::Budget => ("cause.budget", "step.budget"),
        },
    }
}

/// A share in percent, never rounded up: 100% is only the whole.
#[must_use]
pub fn percent(share: f64) -> String {
    let share = (share.clamp(0.0, 1.0) * 1000.0).floor() / 10.0;
    if share >= 100.0 { "100%".to_owned() } else { format!("{share:.1}%") }
}

/// A length of time in its two largest units.
#[must_use]
pub fn length(lang: Lang, seconds: i64) -> String {
    let minutes = seconds.max(0).unsigned_abs().div_ceil(60);
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let units = [("length.days", days), ("length.hours", hours), ("length.minutes", minutes)];
    let told: Vec<_> = units.iter().skip_while(|(_, n)| *n == 0).take(2).filter(|(_, n)| *n > 0).collect();
    let told: Vec<String> = told.iter().map(|(key, n)| lang.count(key, *n)).collect();
    if told.is_empty() { lang.count("length.minutes", 0) } else { told.join(&lang.t("length.join")) }
}

/// A moment in a zone: year, month, day, hour and minute.
#[must_use]
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_second(at).unwrap_or_default().to_zoned(zone.clone());
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// What a gap's back-filling came to.
#[must_use]
pub fn filled(lang: Lang, gap: &Gap, zone: &TimeZone, now: Timestamp) -> String {
    if gap.closed.is_none() {
        return lang.t(if gap.until.is_some() { "gap.ended" } else { "gap.lasts" });
    }
    let found = lang.count("count.posts", gap.found.unwrap_or(0));
    match (gap.lost(now), gap.filled) {
        (None, _) => lang.with("gap.filled", &[("posts", &found)]),
        (Some((_, until)), Some(_)) => {
            lang.with("gap.filled-from", &[("posts", &found), ("time", &moment(until, zone))])
        }
        (Some(_), None) => lang.with("gap.filled-unknown", &[("posts", &found)]),
    }
}

/// The sentence that a report carries: how much was heard, what is missing.
#[must_use]
pub fn sentence(lang: Lang, statement: &Statement, zone: &TimeZone) -> String {
    let span = [moment(statement.span.since, zone), moment(statement.span.until, zone)];
    let mut parts = Vec::new();
    let swept = statement.watches.iter().filter(|watch| watch.from.is_some()).count();
    match statement.shares() {
        None => parts.push(lang.with("statement.nothing", &[("from", &span[0]), ("to", &span[1])])),
        Some((heard, covered)) => parts.push(lang.with(
            "statement.shares",
            &[
                ("from", &span[0]),
                ("to", &span[1]),
                ("watches", &lang.count("count.watches", swept as u64)),
                ("heard", &percent(heard)),
                ("covered", &percent(covered)),
            ],
        )),
    }
    let never: Vec<&str> = statement.never().collect();
    if !never.is_empty() {
        parts.push(lang.with("statement.never", &[("names", &lang.list(&never))]));
    }
    let mut open: Vec<&str> = statement.open().map(|gap| gap.watch.as_str()).collect();
    open.dedup();
    if !open.is_empty() {
        parts.push(lang.with("statement.open", &[("names", &lang.list(&open))]));
    }
    let lost = statement.lost().count() as u64;
    if lost > 0 {
        parts.push(lang.count("statement.lost", lost));
    }
    if swept > 0 && open.is_empty() && lost == 0 {
        parts.push(lang.t("statement.whole"));
    }
    // Chinese sentences stand together without a space.
    parts.join(if lang == Lang::Zh { "" } else { " " })
}

/// One watch's shares in words.
#[must_use]
pub fn shares(lang: Lang, watch: &WatchCoverage) -> String {
    match watch.heard.zip(watch.covered) {
        None => lang.t("statement.never-swept"),
        Some((heard, covered)) => {
            lang.with("statement.watch", &[("heard", &percent(heard)), ("covered", &percent(covered))])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::statement::{Span, Watched};
    use super::*;

    fn gap(closed: Option<i64>, filled: Option<i64>) -> Gap {
        Gap {
            id: 1,
            watch: "forum".into(),
            cause: Cause::Failed(FailureKind::Blocked),
            detail: None,
            partial: false,
            from: 10_000,
            until: Some(20_000),
            closed,
            filled,
            found: closed.map(|_| 12),
        }
    }

    fn statement(gaps: Vec<Gap>) -> Statement {
        let forum = Watched {
            id: "forum".into(),
            due: Some(100_000),
            covered: Some(99_000),
            halted: false,
            first: Some(0),
            ceiling: 3600,
            gaps,
        };
        let never = Watched { id: "new".into(), due: None, covered: None, first: None, gaps: vec![], ..forum.clone() };
        Statement::of(Span { since: 0, until: 100_000 }, vec![forum, never], Some(100_000))
    }

    #[test]
    fn shares_are_never_rounded_up() {
        assert_eq!([percent(1.0), percent(0.9999), percent(0.5), percent(0.0)], ["100%", "99.9%", "50.0%", "0.0%"]);
    }

    #[test]
    fn lengths_are_told_in_two_units() {
        let en = |seconds| length(Lang::En, seconds);
        assert_eq!([en(0), en(59), en(3600), en(5400), en(90_000)], ["0 min", "1 min", "1 h", "1 h 30 min", "1 d 1 h"]);
        assert_eq!(length(Lang::Zh, 90_060), "1 天 1 小时");
    }

    #[test]
    fn a_statement_names_what_is_missing_and_what_was_never_heard() {
        let utc = TimeZone::UTC;
        let told = |gaps| sentence(Lang::En, &statement(gaps), &utc);
        let span = "From 1970-01-01 00:00 to 1970-01-02 03:46";
        assert_eq!(
            told(vec![gap(Some(21_000), Some(10_000))]),
            format!(
                "{span}, 1 watch: heard 90.0% of the time, covered 100% after back-filling. Never swept: new. \
                 Nothing is known to be missing."
            )
        );
        assert_eq!(
            told(vec![gap(None, None)]),
            format!(
                "{span}, 1 watch: heard 90.0% of the time, covered 90.0% after back-filling. Never swept: new. \
                 Not back-filled yet: forum."
            )
        );
        assert!(told(vec![gap(Some(21_000), None)]).ends_with("1 gap could not be back-filled wholly."));
        assert!(sentence(Lang::Zh, &statement(vec![]), &utc).contains("听到 100%"));
    }

    #[test]
    fn what_came_of_back_filling_is_told() {
        let told = |gap: Gap| filled(Lang::En, &gap, &TimeZone::UTC, 100_000);
        assert_eq!(told(gap(None, None)), "the cause is over, back-filling follows");
        assert_eq!(told(Gap { until: None, ..gap(None, None) }), "lasts");
        assert_eq!(told(gap(Some(21_000), Some(10_000))), "back-filled, 12 posts");
        assert_eq!(told(gap(Some(21_000), Some(15_000))), "back-filled from 1970-01-01 04:10 on, 12 posts");
        assert!(told(gap(Some(21_000), None)).contains("cannot be told"));
    }
}
