//! When a watch is due, and why: pure.
//!
//! The interval follows what the last sweeps yielded (P8: where more is said,
//! look more often), between a floor and a ceiling. A watch that fails stays on
//! the schedule at a slower pace, so that silence is never taken for quiet.

use caifeng_plugin_host::contract::Timestamp;

use crate::watch::{FailureKind, Sweep};

/// Shortest time between two sweeps of a watch, in seconds.
pub const FLOOR: i64 = 5 * 60;
/// Longest time between two sweeps, in seconds.
pub const CEILING: i64 = 60 * 60;
/// When a target that is gone is looked for again, in seconds: sites make mistakes too.
const GONE: i64 = 24 * 60 * 60;
/// Where a watch without a past begins, in seconds.
const FIRST: i64 = 15 * 60;
/// New posts that one sweep should find; more shortens the interval, fewer lengthen it.
const WANTED: f64 = 2.0;

/// The decision for one watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Sweep at this time.
    At(Timestamp, Reason),
    /// Not until a person acts.
    Never(Reason),
}

/// Why: shown beside the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It has not been swept yet.
    First,
    /// By what it yielded.
    Yield,
    /// It failed this many times in a row: slower, but not given up.
    Failing(u32),
    /// The target is gone: looked for once a day.
    Gone,
    /// The plugin says that it cannot read such a target.
    Unsupported,
}

/// Decides when a watch is due, from its sweeps, newest first.
///
/// `jitter` in 0.0..1.0 spreads watches of one interval over a tenth of it.
#[must_use]
pub fn next(sweeps: &[Sweep], now: Timestamp, jitter: f64) -> Next {
    let Some(last) = sweeps.first() else { return Next::At(now, Reason::First) };
    let ended = last.ended.unwrap_or(last.started);
    if heard_nothing_but(last, FailureKind::Unsupported) {
        return Next::Never(Reason::Unsupported);
    }
    if heard_nothing_but(last, FailureKind::Gone) {
        return Next::At(ended.saturating_add(GONE), Reason::Gone);
    }
    let failing = sweeps.iter().take_while(|sweep| failed(sweep)).count();
    let (interval, reason) = if failing > 0 {
        let doublings = u32::try_from(failing.min(8)).unwrap_or(8);
        (FIRST.saturating_mul(1 << (doublings - 1)), Reason::Failing(doublings))
    } else {
        (by_yield(sweeps), Reason::Yield)
    };
    let interval = interval.clamp(FLOOR, CEILING);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "an hour in seconds is exact in f64"
    )]
    let spread = (interval as f64 * 0.1 * jitter) as i64;
    Next::At(ended + interval + spread, reason)
}

/// The interval in which, at the pace of the last sweeps, [`WANTED`] posts appear.
fn by_yield(sweeps: &[Sweep]) -> i64 {
    let recent: Vec<&Sweep> = sweeps.iter().take(8).filter(|sweep| !failed(sweep)).collect();
    let [newest, .., oldest] = recent.as_slice() else { return FIRST };
    // The oldest sweep's own posts appeared before the time that is measured here.
    let found: u64 = recent[..recent.len() - 1].iter().map(|sweep| sweep.tally.new).sum();
    let span = (newest.started - oldest.started).max(1);
    if found == 0 {
        return span.saturating_mul(2);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "counts of one sweep and seconds of a day"
    )]
    let interval = (span as f64 * WANTED / found as f64) as i64;
    interval
}

/// A sweep that only ran out of its budget has heard: looking less often would leave out more.
fn failed(sweep: &Sweep) -> bool {
    sweep.ended.is_none() || sweep.tally.failures.iter().any(|failure| failure.kind != FailureKind::Budget)
}

/// Whether the sweep read no post and failed in this way.
fn heard_nothing_but(sweep: &Sweep, kind: FailureKind) -> bool {
    sweep.tally.seen == 0 && sweep.tally.failures.iter().any(|failure| failure.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::{SweepFailure, SweepTally};

    fn sweep(started: i64, new: u64, failure: Option<FailureKind>) -> Sweep {
        let failures = failure.map(|kind| SweepFailure { kind, detail: String::new() }).into_iter().collect();
        let tally = SweepTally { new, seen: new, failures, ..SweepTally::default() };
        Sweep { id: 0, watch: "w".into(), started, ended: Some(started), tally }
    }

    fn interval(sweeps: &[Sweep]) -> i64 {
        match next(sweeps, 0, 0.0) {
            Next::At(at, _) => at - sweeps[0].started,
            Next::Never(_) => i64::MAX,
        }
    }

    #[test]
    fn a_watch_without_a_past_is_due_now() {
        assert_eq!(next(&[], 7, 0.5), Next::At(7, Reason::First));
    }

    #[test]
    fn a_lively_watch_is_swept_more_often_than_a_quiet_one_within_bounds() {
        let lively: Vec<_> = (0..8).map(|n| sweep(10_000 - n * 900, 40, None)).collect();
        let middling: Vec<_> = (0..8).map(|n| sweep(10_000 - n * 900, 1, None)).collect();
        let quiet: Vec<_> = (0..8).map(|n| sweep(10_000 - n * 900, 0, None)).collect();
        assert_eq!(interval(&lively), FLOOR);
        assert_eq!(interval(&middling), 1800);
        assert_eq!(interval(&quiet), CEILING);
    }

    #[test]
    fn a_failing_watch_slows_down_but_stays() {
        let failing = |n| (0..n).map(|i| sweep(1000 - i, 0, Some(FailureKind::Network))).collect::<Vec<_>>();
        assert_eq!([interval(&failing(1)), interval(&failing(2)), interval(&failing(9))], [900, 1800, CEILING]);
    }

    #[test]
    fn a_target_that_is_gone_is_looked_for_daily_and_an_unsupported_one_never() {
        let gone = sweep(0, 0, Some(FailureKind::Gone));
        assert_eq!(next(&[gone], 0, 0.0), Next::At(GONE, Reason::Gone));
        let unsupported = sweep(0, 0, Some(FailureKind::Unsupported));
        assert_eq!(next(&[unsupported], 0, 0.0), Next::Never(Reason::Unsupported));
        let refused = sweep(0, 0, Some(FailureKind::Refused));
        assert!(matches!(next(&[refused], 0, 0.0), Next::At(..)), "a missing plugin may come back");
        let partly =
            Sweep { tally: SweepTally { seen: 3, ..sweep(0, 3, Some(FailureKind::Gone)).tally }, ..sweep(0, 3, None) };
        assert_eq!(interval(&[partly]), 900, "only a followed page is gone");
    }

    #[test]
    fn jitter_spreads_by_a_tenth() {
        let one = [sweep(0, 0, None)];
        assert_eq!(next(&one, 0, 1.0), Next::At(FIRST + FIRST / 10, Reason::Yield));
    }
}
