//! Counting time while offices are open.
//!
//! A working day is counted as a period of the law is (民法典 § 201, § 203): the day on which it begins does not
//! count, and the last day ends when offices close.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use caifeng_plugin_host::contract::Timestamp;

use super::Calendar;
use crate::plan::office::Office;
use crate::plan::span::Span;

/// Days looked at before a search is given up: longer than any plan's span, shorter than for ever. A calendar
/// that is never worked must not stop the program.
const HORIZON: usize = 20_000;

/// The organisation's time: which days are worked, at what hours, in which zone.
#[derive(Clone, Debug)]
pub struct OfficeTime<'a> {
    calendar: &'a Calendar,
    office: &'a Office,
    zone: TimeZone,
}

impl<'a> OfficeTime<'a> {
    /// Puts them together.
    #[must_use]
    pub const fn new(calendar: &'a Calendar, office: &'a Office, zone: TimeZone) -> Self {
        Self { calendar, office, zone }
    }

    /// When a span that begins at `start` is over.
    #[must_use]
    pub fn after(&self, start: Timestamp, span: Span) -> Timestamp {
        match span {
            Span::Wall(seconds) => start.saturating_add(seconds),
            Span::WorkingDays(days) => self.close_of(start, days),
            Span::WorkingHours(seconds) => self.add(start, seconds),
        }
    }

    /// When offices close on working day number `days` after the day of `start`; on the same day, or the last one
    /// that was worked, for 0.
    #[must_use]
    pub fn close_of(&self, start: Timestamp, days: u32) -> Timestamp {
        let first = self.day(start);
        let worked = |day: &Date| self.calendar.is_worked(*day);
        let day = match usize::try_from(days).unwrap_or(usize::MAX).checked_sub(1) {
            Some(skipped) => forward(first).skip(1).filter(worked).nth(skipped),
            None => backward(first).find(worked),
        };
        let day = day.unwrap_or(first);
        self.office.hours.last().map_or(start, |open| self.moment(day.to_datetime(open.to)))
    }

    /// The moment by which `seconds` of office time have passed since `start`.
    #[must_use]
    pub fn add(&self, start: Timestamp, seconds: i64) -> Timestamp {
        let mut left = seconds.max(0);
        let mut at = start;
        for (from, to) in forward(self.day(start)).flat_map(|day| self.open(day)) {
            let from = from.max(start);
            let here = (to - from).max(0);
            if left <= here && here > 0 {
                return from + left;
            }
            left -= here;
            at = at.max(to);
        }
        at.saturating_add(left)
    }

    /// The latest moment from which `seconds` of office time pass until `end`.
    #[must_use]
    pub fn subtract(&self, end: Timestamp, seconds: i64) -> Timestamp {
        let mut left = seconds.max(0);
        let mut at = end;
        for (from, to) in backward(self.day(end)).flat_map(|day| self.open(day).into_iter().rev()) {
            let to = to.min(end);
            let here = (to - from).max(0);
            if left <= here && here > 0 {
                return to - left;
            }
            left -= here;
            at = at.min(from);
        }
        at.saturating_sub(left)
    }

    /// Seconds of office time between two moments; 0 when they are the wrong way round.
    #[must_use]
    pub fn between(&self, from: Timestamp, to: Timestamp) -> i64 {
        let last = self.day(to);
        let days = forward(self.day(from)).take_while(|day| *day <= last);
        days.flat_map(|day| self.open(day)).map(|(open, close)| (close.min(to) - open.max(from)).max(0)).sum()
    }

    /// How long it is from one moment to another in the time that `span` is measured in.
    #[must_use]
    pub fn elapsed(&self, from: Timestamp, to: Timestamp, span: Span) -> i64 {
        match span {
            Span::Wall(_) => to.saturating_sub(from).max(0),
            Span::WorkingDays(_) | Span::WorkingHours(_) => self.between(from, to),
        }
    }

    /// The moment by which `seconds` of the time that `span` is measured in have passed since `from`.
    #[must_use]
    pub fn later(&self, from: Timestamp, seconds: i64, span: Span) -> Timestamp {
        match span {
            Span::Wall(_) => from.saturating_add(seconds.max(0)),
            Span::WorkingDays(_) | Span::WorkingHours(_) => self.add(from, seconds),
        }
    }

    /// When offices are open on a day, as moments.
    fn open(&self, day: Date) -> Vec<(Timestamp, Timestamp)> {
        if !self.calendar.is_worked(day) {
            return Vec::new();
        }
        let moment = |time| self.moment(day.to_datetime(time));
        self.office.hours.iter().map(|open| (moment(open.from), moment(open.to))).collect()
    }

    fn day(&self, at: Timestamp) -> Date {
        // Outside the years that have a calendar the nearest one is meant.
        let bounded = at.clamp(-62_167_132_800, 253_402_000_000);
        jiff::Timestamp::from_second(bounded).unwrap_or_default().to_zoned(self.zone.clone()).date()
    }

    fn moment(&self, civil: DateTime) -> Timestamp {
        let ambiguous = self.zone.to_ambiguous_zoned(civil).compatible();
        ambiguous.map_or(Timestamp::MAX, |zoned| zoned.timestamp().as_second())
    }
}

fn forward(day: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(day), |day| day.tomorrow().ok()).take(HORIZON)
}

fn backward(day: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(day), |day| day.yesterday().ok()).take(HORIZON)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::{parse_time, rfc3339};
    use crate::plan::Plan;

    fn time() -> OfficeTime<'static> {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        OfficeTime::new(Calendar::built_in(), &Plan::built_in().office, zone)
    }

    /// `2026-02-13 16:00` in Shanghai.
    fn at(local: &str) -> Timestamp {
        parse_time(&format!("{}+08:00", local.replace(' ', "T"))).unwrap()
    }

    fn local(at: Timestamp) -> String {
        let there = jiff::Timestamp::from_second(at).unwrap().to_zoned(TimeZone::get("Asia/Shanghai").unwrap());
        there.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    #[test]
    fn working_days_skip_holidays_and_count_make_up_days() {
        for (start, days, close) in [
            ("2026-02-12 10:00:00", 1, "2026-02-13 17:30:00"),
            // Saturday the 14th is worked; then the Spring Festival until the 23rd.
            ("2026-02-13 10:00:00", 1, "2026-02-14 17:30:00"),
            ("2026-02-13 10:00:00", 2, "2026-02-24 17:30:00"),
            ("2026-02-13 23:59:59", 5, "2026-02-27 17:30:00"),
            ("2026-02-13 10:00:00", 6, "2026-02-28 17:30:00"),
            ("2026-02-18 10:00:00", 1, "2026-02-24 17:30:00"),
            ("2026-12-31 10:00:00", 1, "2027-01-01 17:30:00"),
            ("2026-02-14 10:00:00", 0, "2026-02-14 17:30:00"),
        ] {
            assert_eq!(local(time().after(at(start), Span::WorkingDays(days))), close, "{start} + {days}wd");
        }
    }

    #[test]
    fn working_hours_stop_at_noon_at_night_and_on_holidays() {
        for (start, hours, end) in [
            ("2026-03-02 09:00:00", 2, "2026-03-02 11:00:00"),
            ("2026-03-02 11:00:00", 2, "2026-03-02 15:00:00"),
            ("2026-03-02 12:30:00", 1, "2026-03-02 15:00:00"),
            ("2026-03-02 17:00:00", 1, "2026-03-03 09:00:00"),
            ("2026-02-14 17:00:00", 1, "2026-02-24 09:00:00"),
            ("2026-03-01 03:00:00", 7, "2026-03-02 17:30:00"),
        ] {
            let (start, seconds) = (at(start), hours * 3600);
            let reached = time().after(start, Span::WorkingHours(seconds));
            assert_eq!(local(reached), end);
            assert_eq!(time().between(start, reached), seconds);
        }
        assert_eq!(local(time().subtract(at("2026-02-24 09:00:00"), 3600)), "2026-02-14 17:00:00");
    }

    #[test]
    fn nothing_is_endless_and_nothing_overflows() {
        let never = Office { hours: Vec::new() };
        let zone = TimeZone::UTC;
        let time = OfficeTime::new(Calendar::built_in(), &never, zone);
        assert_eq!(time.add(0, 10), 10);
        assert_eq!(time.close_of(77, 5), 77);
        for extreme in [Timestamp::MIN, Timestamp::MAX, 0] {
            for span in [Span::Wall(3600), Span::WorkingDays(100_000), Span::WorkingHours(360_000_000)] {
                let _ = self::time().after(extreme, span);
            }
            let _ = self::time().subtract(extreme, 3600);
            assert!(!rfc3339(extreme).is_empty());
        }
    }

    proptest! {
        #[test]
        fn adding_and_subtracting_agree_with_counting(start in 1_704_067_200_i64..1_798_700_000, seconds in 1_i64..2_000_000) {
            let time = time();
            let end = time.add(start, seconds);
            prop_assert_eq!(time.between(start, end), seconds);
            prop_assert_eq!(time.between(start, end - 1), seconds - 1, "the earliest such moment");
            let back = time.subtract(end, seconds);
            prop_assert!(back >= start, "the latest moment from which it fits");
            prop_assert_eq!(time.between(back, end), seconds);
            prop_assert_eq!(time.between(back + 1, end), seconds - 1);
        }

        #[test]
        fn a_later_start_never_ends_earlier(start in 1_704_067_200_i64..1_798_700_000, more in 0_i64..1_000_000, days in 1_u32..30) {
            let time = time();
            for span in [Span::Wall(7200), Span::WorkingDays(days), Span::WorkingHours(i64::from(days) * 3600)] {
                prop_assert!(time.after(start, span) <= time.after(start + more, span));
            }
        }
    }
}
