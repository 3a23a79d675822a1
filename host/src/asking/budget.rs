//! What asking a service may cost a day, and how long it is left alone after it failed: pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::crawl::bytes;

/// What one service may cost a day: `budget = { requests = 500, bytes = "8MiB", minutes = 60 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Requests.
    pub requests: u64,
    /// Bytes of questions and answers together: a token is about four of them.
    #[serde(deserialize_with = "bytes")]
    pub bytes: u64,
    /// Minutes of waiting for answers.
    pub minutes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { requests: 500, bytes: 8 << 20, minutes: 60 }
    }
}

/// What asking has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Requests.
    pub requests: u64,
    /// Bytes of questions and answers.
    pub bytes: u64,
    /// Milliseconds of waiting for answers.
    pub millis: u64,
}

impl Budget {
    /// Whether it is what holds where an operator sets none.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// What is used up, if something is: nothing more is asked on that day.
    #[must_use]
    pub fn used_up(&self, cost: Cost) -> Option<String> {
        let minutes = cost.millis / 60_000;
        let limits = [
            (cost.requests, self.requests, "requests"),
            (cost.bytes, self.bytes, "bytes"),
            (minutes, self.minutes, "minutes"),
        ];
        let over = limits.into_iter().find(|(used, limit, _)| used >= limit);
        over.map(|(_, limit, what)| format!("the budget of the day is used up: {limit} {what}"))
    }
}

/// Which day of the budget a second belongs to, by the organisation's clock.
#[must_use]
pub fn day(now: i64, utc_offset: i32) -> i64 {
    now.saturating_add(i64::from(utc_offset)).div_euclid(86_400)
}

/// How long a service is left alone after so many failures in a row: a minute, doubled, an hour at most.
#[must_use]
pub fn rest(failures: u32) -> Duration {
    const LONGEST: u64 = 3_600;
    let seconds = 60_u64.saturating_mul(1 << failures.saturating_sub(1).min(10));
    if failures == 0 { Duration::ZERO } else { Duration::from_secs(seconds.min(LONGEST)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_used_up_ends_the_day() {
        let budget = Budget { requests: 2, bytes: 100, minutes: 1 };
        let used = |requests, bytes, millis| budget.used_up(Cost { requests, bytes, millis });
        assert_eq!(used(1, 99, 59_999), None);
        assert_eq!(used(2, 0, 0).unwrap(), "the budget of the day is used up: 2 requests");
        assert!(used(0, 100, 0).unwrap().contains("bytes") && used(0, 0, 60_000).unwrap().contains("minutes"));
        let nothing = Budget { requests: 0, ..budget };
        assert!(nothing.used_up(Cost::default()).is_some(), "a budget of nothing asks nothing");
    }

    #[test]
    fn a_day_begins_at_the_organisations_midnight() {
        let midnight_in_china = 1_773_072_000;
        assert_eq!(day(midnight_in_china, 28_800), day(midnight_in_china - 1, 28_800) + 1);
        assert_eq!(day(midnight_in_china, 0), day(midnight_in_china - 1, 0));
    }

    #[test]
    fn rest_grows_and_ends() {
        let seconds: Vec<u64> = (0..9).map(|failures| rest(failures).as_secs()).collect();
        assert_eq!(seconds, [0, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
        assert_eq!(rest(u32::MAX).as_secs(), 3_600);
    }
}
