//! The calendar of disclosures: days as the organisation counts them, and what is late.

use caifeng_plugin_host::contract::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::{Disclosure, DisclosureState};

/// It is published wherever it was to be.
#[must_use]
pub fn is_out(disclosure: &Disclosure) -> bool {
    !disclosure.outlets.is_empty() && disclosure.channels.iter().all(|channel| disclosure.outlets.contains_key(channel))
}

/// When it is due, as long as somebody has still to publish it.
#[must_use]
pub fn pending(disclosure: &Disclosure) -> Option<Timestamp> {
    disclosure.due.filter(|_| disclosure.state != DisclosureState::Dropped && !is_out(disclosure))
}

/// Whether its time is up and it is not published everywhere.
#[must_use]
pub fn is_overdue(disclosure: &Disclosure, now: Timestamp) -> bool {
    pending(disclosure).is_some_and(|due| due <= now)
}

/// The moment at which it is to be told that its time is up; `None` once that was told, or when nothing is due.
#[must_use]
pub fn to_tell(disclosure: &Disclosure) -> Option<Timestamp> {
    pending(disclosure).filter(|due| disclosure.told != Some(*due))
}

/// A day without a time, or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// `2026-07-01`: all of it.
    Whole(Date),
    /// `2026-07-01T09:00`: by the organisation's clocks.
    Local(DateTime),
    /// `2026-07-01T09:00:00+08:00`.
    Moment(Timestamp),
}

impl std::str::FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::Moment(at.as_second()));
        }
        // A civil date-time also reads a bare date, as its midnight.
        if let Ok(day) = text.parse::<Date>()
            && !text.contains([':', 'T', 't', ' '])
        {
            return Ok(Self::Whole(day));
        }
        let wrong = || format!("not a day: {text:?}: write 2026-07-01, 2026-07-01T09:00 or 2026-07-01T09:00:00+08:00");
        text.parse::<DateTime>().map(Self::Local).map_err(|_| wrong())
    }
}

impl Day {
    /// Its first moment, in the organisation's zone.
    #[must_use]
    pub fn begins(self, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Whole(day) => moment(day.into(), zone),
            Self::Local(at) => moment(at, zone),
            Self::Moment(at) => at,
        }
    }

    /// The moment when it is over: the next midnight there, however long the day is.
    #[must_use]
    pub fn ends(self, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Whole(day) => moment(day.tomorrow().unwrap_or(day).into(), zone),
            other => other.begins(zone),
        }
    }
}

fn moment(at: DateTime, zone: &TimeZone) -> Timestamp {
    at.to_zoned(zone.clone()).map_or(Timestamp::MAX, |at| at.timestamp().as_second())
}

/// Puts what is late first, then what is due next, then what has no day; each in the order of its time.
pub fn sort<T>(rows: &mut [T], disclosure: impl Fn(&T) -> &Disclosure) {
    rows.sort_by_key(|row| pending(disclosure(row)).unwrap_or(Timestamp::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().unwrap().as_second()
    }

    #[test]
    fn a_day_is_the_organisations_and_ends_at_its_midnight() {
        let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
        let day: Day = "2026-07-01".parse().unwrap();
        assert_eq!(day.begins(&shanghai), utc("2026-06-30T16:00:00Z"));
        assert_eq!(day.ends(&shanghai), utc("2026-07-01T16:00:00Z"));
        // The day on which clocks go forward has twenty-three hours.
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let short: Day = "2026-03-29".parse().unwrap();
        assert_eq!(short.ends(&berlin) - short.begins(&berlin), 23 * 3600);
        let local: Day = "2026-07-01T09:30".parse().unwrap();
        assert_eq!(
            (local.begins(&shanghai), local.ends(&shanghai)),
            (utc("2026-07-01T01:30:00Z"), utc("2026-07-01T01:30:00Z"))
        );
        let offset: Day = "2026-07-01T09:30:00+08:00".parse().unwrap();
        assert_eq!(offset, Day::Moment(utc("2026-07-01T01:30:00Z")));
        for bad in ["", "tomorrow", "2026-02-30", "1751328000", "2026-07"] {
            assert!(bad.parse::<Day>().unwrap_err().contains("2026-07-01T09:00"), "{bad}");
        }
    }
}
