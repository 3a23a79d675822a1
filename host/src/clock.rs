//! The only place that asks the system for the time.
//!
//! Everything else is handed a timestamp or a [`Clock`], so that a drill, the
//! demo and a simulated week run on recorded time. The daemon's is [`steady`], which cannot be set.

pub mod steady;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

/// Tells the time in seconds since 1970-01-01T00:00:00Z.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Seconds by which the machine's wall clock is ahead (behind, negative) of this one, where it is not followed; 0
    /// where it is, and for clocks that have nothing to do with it.
    fn off(&self) -> i64 {
        0
    }
}

/// The system's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one module that may read the system's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::try_from(since.as_secs()).unwrap_or(Timestamp::MAX)
    }
}

impl SystemClock {
    /// Milliseconds since 1970-01-01T00:00:00Z: where seconds are counted several times as fast.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one module that may read the system's clock")]
    pub fn milliseconds(self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

/// A time of its own: from a moment on, so many times as fast as the system's. For the demo, which can be looked at
/// on another day, and for drills, in which a month may take an hour or stand still while people talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// The time shown.
    pub at: Timestamp,
    /// The system's, in milliseconds, when it was that.
    pub since: i64,
    /// Seconds shown for each of the system's; 0 stands still.
    pub speed: u32,
}

impl Pace {
    /// The system's time, so many seconds ahead.
    #[must_use]
    pub const fn ahead(seconds: i64) -> Self {
        Self { at: seconds, since: 0, speed: 1 }
    }

    /// The time, when the system's is `system` (milliseconds); it never runs back behind its beginning.
    #[must_use]
    pub const fn now(&self, system: i64) -> Timestamp {
        let passed = system.saturating_sub(self.since);
        let passed = if passed < 0 { 0 } else { passed };
        self.at.saturating_add(passed.saturating_mul(self.speed as i64) / 1000)
    }
}

/// Runs at its own pace.
#[derive(Clone, Copy, Debug)]
pub struct PacedClock(pub Pace);

impl Clock for PacedClock {
    fn now(&self) -> Timestamp {
        self.0.now(SystemClock.milliseconds())
    }
}

/// A clock that stands where it was put: for recordings and tests.
#[derive(Debug)]
pub struct SetClock(AtomicI64);

impl SetClock {
    /// A clock that shows `now` until [`set`](Self::set) moves it.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now))
    }

    /// Moves the hands.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        self.0.load(Ordering::SeqCst)
    }
}

/// Writes a timestamp as RFC 3339 in UTC, the form that every command prints.
///
/// Years outside 0000–9999, which RFC 3339 cannot say, are clamped.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    let bounded = at.clamp(-62_167_219_200, 253_402_207_200);
    jiff::Timestamp::from_second(bounded).map_or_else(|_| String::new(), |t| t.to_string())
}

/// Reads RFC 3339, a civil date (its first second in UTC) or seconds since 1970.
///
/// # Errors
/// Names the forms that are understood.
pub fn parse_time(text: &str) -> Result<Timestamp, String> {
    if let Ok(seconds) = text.parse::<Timestamp>() {
        return Ok(seconds);
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(at.as_second());
    }
    text.parse::<jiff::civil::Date>()
        .ok()
        .and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map(|day| day.timestamp().as_second())
        .ok_or_else(|| {
            format!("not a time: {text:?}; write 2026-07-01, 2026-07-01T08:00:00+08:00 or seconds since 1970")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_runs_faster_stands_still_and_never_runs_back() {
        let pace = |speed| Pace { at: 1_000, since: 5_000_000, speed };
        assert_eq!([1, 60, 0].map(|speed| pace(speed).now(5_010_500)), [1_010, 1_630, 1_000]);
        assert_eq!(pace(60).now(4_000_000), 1_000, "the system's clock was set back");
        assert_eq!(Pace::ahead(-10).now(1_700_000_000_999), 1_699_999_990);
    }

    #[test]
    fn times_are_read_in_three_forms_and_written_in_one() {
        for text in ["1751328000", "2025-07-01", "2025-07-01T08:00:00+08:00"] {
            assert_eq!(parse_time(text).map(rfc3339).unwrap(), "2025-07-01T00:00:00Z", "{text}");
        }
        assert!(parse_time("yesterday").unwrap_err().contains("2026-07-01"));
        assert_eq!(rfc3339(i64::MAX), "9999-12-30T22:00:00Z");
    }
}
