//! What was really covered, and what was not (P5, P6): pure.
//!
//! A source that dies, blocks or changes its pages looks exactly like one where nothing
//! is said. So each sweep is judged against the watch's own past ([`drift`]), and what
//! cannot be trusted, or did not happen, opens a [`Gap`] ([`ledger`]): a span of time,
//! a cause, and who must do what. The sweep that hears the source again closes it and
//! says how far back it could still read. [`statement`] sums that up for reports.
//!
//! A gap begins where the watch was last heard, not where a failure was noticed: what was
//! said in between may be what is missing.
//!
//! Given up: a span in which a site showed less than there was, without saying so and
//! without leaving this watch's usual range, is not seen; canaries are for that.

pub mod drift;
pub mod ledger;
pub mod rhythm;
pub mod statement;
pub mod words;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::watch::{FailureKind, SweepTally};

/// How long after its due time a sweep may end before it counts as missed, in
/// seconds: a sweep of a slow site waits two seconds before each request.
pub const GRACE: i64 = 15 * 60;
/// Longest time that one sweep may take, in seconds: a slow site must not hold a place for ever.
pub const LONGEST_SWEEP: i64 = 35 * 60;

/// Why a watch was not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Caifeng did not run.
    Off,
    /// It was due and not swept, though Caifeng ran.
    Late,
    /// Its sweeps failed, or are not to be trusted.
    Failed(FailureKind),
}

impl Cause {
    /// The name that commands and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Late => "late",
            Self::Failed(kind) => kind.as_str(),
        }
    }

    /// The cause of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let failed = FailureKind::ALL.into_iter().map(Self::Failed);
        [Self::Off, Self::Late].into_iter().chain(failed).find(|cause| cause.as_str() == name)
    }
}

impl Serialize for Cause {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Cause {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        Self::of_name(&name).ok_or_else(|| serde::de::Error::custom(format!("unknown cause: {name}")))
    }
}

/// A span of time in which a watch was not heard, for one cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Gap {
    /// Row id.
    pub id: i64,
    /// The watch.
    pub watch: String,
    /// Why.
    #[schemars(with = "String")]
    pub cause: Cause,
    /// One line about the cause, as the sweep that noticed it wrote it.
    pub detail: Option<String>,
    /// Something was heard all the same: only a part is missing.
    pub partial: bool,
    /// What was said from then on may be missing.
    pub from: Timestamp,
    /// When the cause ended; `None` while it lasts.
    pub until: Option<Timestamp>,
    /// When the source was heard again; `None` before.
    pub closed: Option<Timestamp>,
    /// From when on the source still showed what had been said, when it was heard again;
    /// [`from`](Self::from) when nothing is missing, `None` when that cannot be told.
    pub filled: Option<Timestamp>,
    /// Posts published in the span that are stored by now, once it is closed.
    pub found: Option<u64>,
}

impl Gap {
    /// When it ends, for somebody who asks at `now`.
    #[must_use]
    pub fn end(&self, now: Timestamp) -> Timestamp {
        self.until.unwrap_or(now).max(self.from)
    }

    /// From when to when posts may be missing for good or still are; `None` when all was back-filled.
    #[must_use]
    pub fn lost(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let end = self.end(now);
        let end = if self.closed.is_some() { self.filled.map_or(end, |filled| filled.min(end)) } else { end };
        (end > self.from).then_some((self.from, end))
    }
}

/// What a notice says of a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// It has not been heard several times in a row.
    Silent,
    /// It is still not heard.
    Still,
    /// It is heard again.
    Recovered,
}

impl Told {
    /// The name that the database uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Still => "still",
            Self::Recovered => "recovered",
        }
    }

    /// What has that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Silent, Self::Still, Self::Recovered].into_iter().find(|told| told.as_str() == name)
    }
}

/// Something about a watch that a person must be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Row id: rises with time.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// The watch.
    pub watch: String,
    /// What.
    pub told: Told,
    /// Why it is, or was, not heard.
    pub cause: Cause,
    /// Since when.
    pub since: Timestamp,
    /// Failed sweeps in a row; 0 when none was tried.
    pub times: u32,
}

/// The sweep's failure that its gap is named by: the first that is not only a doubt, else the first.
#[must_use]
pub fn cause(tally: &SweepTally) -> Option<(Cause, &str)> {
    let failures = &tally.failures;
    let told = failures.iter().find(|failure| !failure.kind.is_doubt()).or_else(|| failures.first())?;
    Some((Cause::Failed(told.kind), &told.detail))
}

/// How far back a page reads that shows posts of these publication times, in any order.
///
/// The oldest quarter is left out: a few pinned posts at the head of a forum do not show that
/// everything since them is shown too. `None` when fewer than half of `seen` posts have a date.
#[must_use]
pub fn reach(published: &mut [Timestamp], seen: u64) -> Option<Timestamp> {
    if published.is_empty() || (published.len() as u64) * 2 < seen {
        return None;
    }
    published.sort_unstable();
    published.get(published.len() / 4).copied()
}

/// From when on posts may be unknown, for a sweep that begins at `now`.
///
/// A day before the watch was last heard, because sites publish late; where a gap is to be
/// back-filled so far that a dozen posts should be older than the gap, which shows that it was
/// reached over; a month for a watch without a past.
#[must_use]
pub fn since(covered: Option<Timestamp>, gap: Option<Timestamp>, hourly: f64, now: Timestamp) -> Timestamp {
    const DAY: i64 = 86_400;
    let Some(covered) = covered.map(|at| at.min(now)) else { return now - 30 * DAY };
    let Some(gap) = gap else { return covered - DAY };
    #[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate, and what comes of it is clamped")]
    let dozen = (12.0 / hourly * 3600.0) as i64;
    gap.min(covered) - dozen.clamp(DAY, 30 * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::SweepFailure;

    #[test]
    fn a_gap_is_named_by_what_failed_rather_than_by_what_is_doubted() {
        let failure = |kind| SweepFailure { kind, detail: String::new() };
        let tally = |kinds: &[FailureKind]| SweepTally {
            failures: kinds.iter().map(|kind| failure(*kind)).collect(),
            ..SweepTally::default()
        };
        let named = |kinds: &[FailureKind]| cause(&tally(kinds)).map(|(cause, _)| cause);
        assert_eq!(named(&[]), None);
        assert_eq!(named(&[FailureKind::Drift]), Some(Cause::Failed(FailureKind::Drift)));
        assert_eq!(named(&[FailureKind::Budget, FailureKind::Network]), Some(Cause::Failed(FailureKind::Network)));
        for cause in [Cause::Off, Cause::Late].into_iter().chain(FailureKind::ALL.map(Cause::Failed)) {
            assert_eq!(Cause::of_name(cause.as_str()), Some(cause));
        }
    }

    #[test]
    fn pinned_posts_do_not_reach_back() {
        let mut forum: Vec<i64> = (0..17).map(|n| 1000 - n).chain([5, 6, 7]).collect();
        assert_eq!(reach(&mut forum, 20), Some(986), "the quarter holds the pinned ones and the two oldest others");
        assert_eq!(reach(&mut [5], 1), Some(5));
        assert_eq!(reach(&mut [5], 3), None, "most have no date");
        assert_eq!(reach(&mut [], 0), None);
    }

    #[test]
    fn a_sweep_that_back_fills_reaches_over_the_gap() {
        const DAY: i64 = 86_400;
        assert_eq!(since(None, None, 1.0, 100 * DAY), 70 * DAY);
        assert_eq!(since(Some(90 * DAY), None, 1.0, 100 * DAY), 89 * DAY);
        assert_eq!(since(Some(99 * DAY), Some(90 * DAY), 1.0, 100 * DAY), 89 * DAY);
        assert_eq!(since(Some(99 * DAY), Some(90 * DAY), 0.1, 100 * DAY), 85 * DAY);
        assert_eq!(since(Some(200 * DAY), None, 1.0, 100 * DAY), 99 * DAY, "a clock that was set back");
    }
}
