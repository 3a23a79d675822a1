//! How gaps open, change their cause and close, and when a person is told: pure.
//!
//! A watch has at most one gap whose cause lasts. When the cause changes, its gap ends there and
//! the next begins; both stay open until a sweep hears the source, which closes all of them.

use caifeng_plugin_host::contract::Timestamp;

use super::{Cause, Gap, Told, cause};
use crate::watch::Sweep;

/// Failed sweeps in a row after which a person is told.
pub const TIMES: u32 = 3;
/// After how long a person is told again, in seconds; also of a watch that is not swept at all.
pub const AGAIN: i64 = 24 * 60 * 60;

/// Where a watch stands before something happens to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// When the last sweep that heard everything began.
    pub covered: Option<Timestamp>,
    /// Failed sweeps in a row, the one that just ended included.
    pub failing: u32,
    /// When a person was last told of this silence.
    pub told: Option<Timestamp>,
    /// Its gaps that are not closed, oldest first.
    pub open: Vec<Gap>,
}

/// What is to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A gap opens.
    Open {
        /// Why.
        cause: Cause,
        /// One line about it.
        detail: Option<String>,
        /// Something was heard all the same.
        partial: bool,
        /// What was said from then on may be missing.
        from: Timestamp,
    },
    /// The cause of a gap has ended.
    End {
        /// Which.
        gap: i64,
        /// When.
        until: Timestamp,
    },
    /// A gap was back-filled as far as it could be.
    Close {
        /// Which.
        gap: i64,
        /// From when on the source could still be read; `None` when that cannot be told.
        filled: Option<Timestamp>,
    },
    /// A person is to be told.
    Tell {
        /// What.
        told: Told,
        /// Why.
        cause: Cause,
        /// Since when it is not heard.
        since: Timestamp,
    },
}

/// What a sweep that has ended changes.
#[must_use]
pub fn swept(standing: &Standing, sweep: &Sweep, now: Timestamp) -> Vec<Change> {
    let Some((cause, detail)) = cause(&sweep.tally) else { return heard(standing, sweep) };
    let mut changes = Vec::new();
    let lasting = standing.open.iter().rev().find(|gap| gap.until.is_none());
    let since = match lasting {
        Some(gap) if gap.cause == cause => gap.from,
        Some(gap) => {
            changes.push(Change::End { gap: gap.id, until: sweep.started.max(gap.from) });
            sweep.started.max(gap.from)
        }
        None => sweep.tally.doubted_since.or(standing.covered).unwrap_or(sweep.started).min(sweep.started),
    };
    if lasting.is_none_or(|gap| gap.cause != cause) {
        let partial = sweep.tally.seen > 0;
        changes.push(Change::Open { cause, detail: Some(detail.to_owned()), partial, from: since });
    }
    changes.extend(tell(standing, cause, first(standing).unwrap_or(since), now));
    changes
}

/// What it changes that a watch was not swept in time. `off_since` is when Caifeng stopped, if it did not run.
#[must_use]
pub fn missed(standing: &Standing, off_since: Option<Timestamp>, due: Timestamp, now: Timestamp) -> Vec<Change> {
    let cause = if off_since.is_some() { Cause::Off } else { Cause::Late };
    let mut changes = Vec::new();
    let lasting = standing.open.iter().rev().find(|gap| gap.until.is_none());
    let from = match (lasting, off_since) {
        (None, _) => standing.covered.unwrap_or(due),
        // What was known before Caifeng stopped is one cause, that nobody looked since another.
        (Some(gap), Some(off)) if gap.cause != Cause::Off => {
            let until = off.clamp(gap.from, now);
            changes.push(Change::End { gap: gap.id, until });
            until
        }
        (Some(gap), _) => {
            changes.extend(tell(standing, gap.cause, first(standing).unwrap_or(gap.from), now));
            return changes;
        }
    };
    changes.push(Change::Open { cause, detail: None, partial: false, from });
    changes.extend(tell(standing, cause, first(standing).unwrap_or(from), now));
    changes
}

/// What it changes that time passes over a gap: a person is told again.
#[must_use]
pub fn lasting(standing: &Standing, now: Timestamp) -> Option<Change> {
    let gap = standing.open.iter().rev().find(|gap| gap.until.is_none())?;
    tell(standing, gap.cause, first(standing)?, now)
}

fn first(standing: &Standing) -> Option<Timestamp> {
    standing.open.iter().map(|gap| gap.from).min()
}

fn tell(standing: &Standing, cause: Cause, since: Timestamp, now: Timestamp) -> Option<Change> {
    let told = match standing.told {
        Some(last) if now - last < AGAIN => return None,
        Some(_) => Told::Still,
        None if standing.failing >= TIMES || now - since >= AGAIN => Told::Silent,
        None => return None,
    };
    Some(Change::Tell { told, cause, since })
}

fn heard(standing: &Standing, sweep: &Sweep) -> Vec<Change> {
    let mut changes = Vec::new();
    for gap in &standing.open {
        if gap.until.is_none() {
            changes.push(Change::End { gap: gap.id, until: sweep.started.max(gap.from) });
        }
        changes.push(Change::Close { gap: gap.id, filled: filled(gap, sweep) });
    }
    if let (Some(_), Some(last)) = (standing.told, standing.open.last()) {
        let since = first(standing).unwrap_or(last.from);
        changes.push(Change::Tell { told: Told::Recovered, cause: last.cause, since });
    }
    changes
}

/// From when on the sweep read what was said in the gap.
fn filled(gap: &Gap, sweep: &Sweep) -> Option<Timestamp> {
    let tally = &sweep.tally;
    // A page without a post, or one that has not changed, leaves nothing out.
    if tally.seen == 0 {
        return Some(gap.from);
    }
    match tally.reach {
        Some(reach) => Some(reach.max(gap.from)),
        // Without dates: a quarter of what it shows was known before, so it reaches back to that.
        None => ((tally.seen - tally.new.min(tally.seen)) * 4 >= tally.seen).then_some(gap.from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::{FailureKind, SweepFailure, SweepTally};

    fn gap(id: i64, cause: Cause, from: i64, until: Option<i64>) -> Gap {
        Gap {
            id,
            watch: "w".into(),
            cause,
            detail: None,
            partial: false,
            from,
            until,
            closed: None,
            filled: None,
            found: None,
        }
    }

    fn sweep(started: i64, kind: Option<FailureKind>) -> Sweep {
        let failures = kind.map(|kind| SweepFailure { kind, detail: "why".into() }).into_iter().collect();
        let tally = SweepTally { seen: 20, new: 2, reach: Some(started - 5000), failures, ..SweepTally::default() };
        Sweep { id: 1, watch: "w".into(), started, ended: Some(started), tally }
    }

    const NETWORK: Cause = Cause::Failed(FailureKind::Network);
    const BLOCKED: Cause = Cause::Failed(FailureKind::Blocked);

    fn standing(open: Vec<Gap>) -> Standing {
        Standing { covered: Some(1000), failing: 1, told: None, open }
    }

    fn open(cause: Cause, from: i64) -> Change {
        Change::Open { cause, detail: Some("why".into()), partial: true, from }
    }

    #[test]
    fn a_gap_begins_where_the_watch_was_last_heard() {
        let failed = sweep(2000, Some(FailureKind::Network));
        assert_eq!(swept(&standing(vec![]), &failed, 2000), [open(NETWORK, 1000)]);
        let never = Standing { covered: None, ..standing(vec![]) };
        assert_eq!(swept(&never, &failed, 2000), [open(NETWORK, 2000)]);
        let mut quiet = sweep(2000, Some(FailureKind::Silent));
        quiet.tally.doubted_since = Some(400);
        assert_eq!(swept(&standing(vec![]), &quiet, 2000), [open(Cause::Failed(FailureKind::Silent), 400)]);
        assert_eq!(swept(&standing(vec![gap(5, NETWORK, 1000, None)]), &failed, 2000), []);
        assert_eq!(swept(&standing(vec![]), &sweep(2000, None), 2000), []);
    }

    #[test]
    fn another_cause_is_another_gap_and_both_close_together() {
        let first = standing(vec![gap(5, NETWORK, 1000, None)]);
        let blocked = sweep(2000, Some(FailureKind::Blocked));
        assert_eq!(swept(&first, &blocked, 2000), [Change::End { gap: 5, until: 2000 }, open(BLOCKED, 2000)]);
        let both = standing(vec![gap(5, NETWORK, 1000, Some(2000)), gap(6, BLOCKED, 2000, None)]);
        let closed = [
            Change::Close { gap: 5, filled: Some(1500) },
            Change::End { gap: 6, until: 6500 },
            Change::Close { gap: 6, filled: Some(2000) },
        ];
        assert_eq!(swept(&both, &sweep(6500, None), 6500), closed, "the page reached back to 1500 only");
    }

    #[test]
    fn what_was_read_back_is_not_claimed_without_a_sign() {
        let gap = gap(1, NETWORK, 1000, None);
        let filled = |tally| filled(&gap, &Sweep { tally, ..sweep(6000, None) });
        let undated = SweepTally { seen: 20, reach: None, ..SweepTally::default() };
        assert_eq!(filled(SweepTally { new: 15, ..undated.clone() }), Some(1000));
        assert_eq!(filled(SweepTally { new: 16, ..undated.clone() }), None);
        assert_eq!(filled(SweepTally { seen: 0, ..undated }), Some(1000));
    }

    #[test]
    fn a_night_without_caifeng_is_a_gap_of_its_own() {
        let off = |from| Change::Open { cause: Cause::Off, detail: None, partial: false, from };
        assert_eq!(missed(&standing(vec![]), Some(1500), 2000, 9000), [off(1000)]);
        let failing = standing(vec![gap(5, NETWORK, 1000, None)]);
        assert_eq!(missed(&failing, Some(1500), 2000, 9000), [Change::End { gap: 5, until: 1500 }, off(1500)]);
        assert_eq!(missed(&failing, None, 2000, 9000), [], "late besides failing is no news");
        assert_eq!(missed(&standing(vec![gap(5, Cause::Off, 1000, None)]), Some(1500), 2000, 9000), []);
        let late = Change::Open { cause: Cause::Late, detail: None, partial: false, from: 1000 };
        assert_eq!(missed(&standing(vec![]), None, 2000, 9000), [late]);
    }

    #[test]
    fn a_person_is_told_after_three_failures_each_day_and_when_it_is_over() {
        let failed = sweep(2000, Some(FailureKind::Network));
        let lasts = |failing, told| Standing { failing, told, ..standing(vec![gap(5, NETWORK, 1000, None)]) };
        let tell = |told| Change::Tell { told, cause: NETWORK, since: 1000 };
        assert_eq!(swept(&lasts(2, None), &failed, 2000), []);
        assert_eq!(swept(&lasts(3, None), &failed, 2000), [tell(Told::Silent)]);
        assert_eq!(swept(&lasts(4, Some(2000)), &failed, 2000 + AGAIN - 1), []);
        assert_eq!(swept(&lasts(5, Some(2000)), &failed, 2000 + AGAIN), [tell(Told::Still)]);
        assert_eq!(lasting(&lasts(1, None), 1000 + AGAIN - 1), None);
        assert_eq!(lasting(&lasts(1, None), 1000 + AGAIN), Some(tell(Told::Silent)), "also when it is not swept");
        let over = swept(&lasts(0, Some(2000)), &sweep(9000, None), 9000);
        assert_eq!(over.last(), Some(&tell(Told::Recovered)));
        let unnoticed = swept(&lasts(0, None), &sweep(9000, None), 9000);
        assert!(!unnoticed.iter().any(|change| matches!(change, Change::Tell { .. })), "nobody was told of it");
    }
}
