//! When the plan wants a report, and about which span (P23): `[[bulletin]]` in the plan. Pure.

use caifeng_plugin_host::contract::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::Kind;
use crate::coverage::statement::Span;
use crate::plan::bulletin::Bulletin;

/// A report that falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// What it is about.
    pub span: Span,
}

/// The latest report of a rule that fell due at or before `now`; `None` for a kind that is about no span of days.
///
/// A daily report is about the day before; a weekly one about the week (Monday to Sunday) before its Monday; a monthly
/// one about the month before its first day. What fell due while nothing ran is made up once, the latest only.
#[must_use]
pub fn latest(rule: &Bulletin, now: Timestamp, zone: &TimeZone) -> Option<Due> {
    let first = first(rule.kind, today(now, zone)?)?;
    let due = |day: Date| {
        let at = day.to_datetime(rule.at.0).to_zoned(zone.clone()).ok()?.timestamp().as_second();
        Some(Due { at, span: span_before(rule.kind, day, zone)? })
    };
    let this = due(first)?;
    if this.at <= now { Some(this) } else { due(before(rule.kind, first)?) }
}

/// The last whole day, week or month that is over at `now`; `None` for a kind that is about no span of days.
#[must_use]
pub fn last_whole(kind: Kind, now: Timestamp, zone: &TimeZone) -> Option<Span> {
    span_before(kind, first(kind, today(now, zone)?)?, zone)
}

fn today(now: Timestamp, zone: &TimeZone) -> Option<Date> {
    Some(jiff::Timestamp::from_second(now).ok()?.to_zoned(zone.clone()).date())
}

/// The first day of the day, week or month that `today` is in.
fn first(kind: Kind, today: Date) -> Option<Date> {
    match kind {
        Kind::Daily | Kind::Record => Some(today),
        Kind::Weekly => today.checked_sub(i64::from(today.weekday().since(Weekday::Monday)).days()).ok(),
        Kind::Monthly => Some(today.first_of_month()),
        _ => None,
    }
}

/// The last day that a report is about which begins on `first`; `None` for a kind that is about no span of days.
#[must_use]
pub fn last_day(kind: Kind, first: Date) -> Option<Date> {
    match kind {
        Kind::Daily | Kind::Record => Some(first),
        Kind::Weekly => first.checked_add(6.days()).ok(),
        Kind::Monthly => Some(first.last_of_month()),
        _ => None,
    }
}

/// The first day of the one before it.
fn before(kind: Kind, day: Date) -> Option<Date> {
    match kind {
        Kind::Weekly => day.checked_sub(7.days()).ok(),
        Kind::Monthly => day.checked_sub(1.month()).ok(),
        _ => day.yesterday().ok(),
    }
}

fn span_before(kind: Kind, day: Date, zone: &TimeZone) -> Option<Span> {
    let midnight = |day: Date| Some(day.to_zoned(zone.clone()).ok()?.timestamp().as_second());
    Some(Span { since: midnight(before(kind, day)?)?, until: midnight(day)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    fn told(kind: Kind, now: &str) -> String {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let now: jiff::Timestamp = now.parse().unwrap();
        let rule = Plan::built_in().bulletins.iter().find(|rule| rule.kind == kind).unwrap();
        let due = latest(rule, now.as_second(), &zone).unwrap();
        let local =
            |at| jiff::Timestamp::from_second(at).unwrap().to_zoned(zone.clone()).strftime("%m-%d %H:%M").to_string();
        format!("{}: {} to {}", local(due.at), local(due.span.since), local(due.span.until))
    }

    #[test]
    fn a_report_is_about_what_is_over_when_it_falls_due() {
        // A Wednesday.
        assert_eq!(told(Kind::Daily, "2026-07-01T08:30:00+08:00"), "07-01 08:30: 06-30 00:00 to 07-01 00:00");
        assert_eq!(told(Kind::Daily, "2026-07-01T08:29:59+08:00"), "06-30 08:30: 06-29 00:00 to 06-30 00:00");
        assert_eq!(told(Kind::Weekly, "2026-07-01T12:00:00+08:00"), "06-29 08:30: 06-22 00:00 to 06-29 00:00");
        assert_eq!(told(Kind::Weekly, "2026-06-29T08:00:00+08:00"), "06-22 08:30: 06-15 00:00 to 06-22 00:00");
        assert_eq!(told(Kind::Monthly, "2026-07-01T09:00:00+08:00"), "07-01 09:00: 06-01 00:00 to 07-01 00:00");
        assert_eq!(told(Kind::Monthly, "2026-03-01T08:59:00+08:00"), "02-01 09:00: 01-01 00:00 to 02-01 00:00");
    }

    #[test]
    fn what_is_about_an_incident_has_no_span() {
        assert_eq!(last_whole(Kind::Flash, 1_780_000_000, &TimeZone::UTC), None);
        assert_eq!(last_day(Kind::Flash, Date::constant(2026, 6, 1)), None);
    }
}
