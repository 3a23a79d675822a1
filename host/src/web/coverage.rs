//! What is heard and what is not (P5, principle 4): silence is never shown as quiet.
//!
//! Pure: judges each watch from its row and the time. A watch is *heard* only
//! while its sweeps end without failure and none is overdue; everything else is
//! named, with its cause and who must act.

use caifeng_plugin_host::contract::Timestamp;

use crate::coverage::GRACE;
use crate::store::model::WatchRow;
use crate::watch::FailureKind;

/// How a watch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// The last sweep ended without failure and the next is not overdue.
    Heard,
    /// Never swept yet and not overdue: a new watch.
    Waiting,
    /// The last sweep failed.
    Failing(Cause),
    /// Due and not swept in time, or not yet heard since.
    Late,
    /// Paused or refused.
    Halted,
}

/// Why a sweep failed, as far as it was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The failure of the last sweep that calls for the most.
    Known(FailureKind),
    /// The sweep never ended: the process died under it.
    Interrupted,
}

impl Health {
    /// Judges a watch.
    pub(crate) fn of(row: &WatchRow, now: Timestamp) -> Self {
        if row.halted.is_some() {
            return Self::Halted;
        }
        if row.failing > 0 {
            let failure = row.last.as_ref().and_then(|s| s.tally.failures.first());
            return Self::Failing(failure.map_or(Cause::Interrupted, |f| Cause::Known(f.kind)));
        }
        if row.gap.is_some() || row.due.is_some_and(|due| due.saturating_add(GRACE) < now) {
            return Self::Late;
        }
        if row.heard.is_some() { Self::Heard } else { Self::Waiting }
    }

    /// Silent first, then those that wait, then the rest.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Self::Halted | Self::Failing(_) => 0,
            Self::Late => 1,
            Self::Waiting => 2,
            Self::Heard => 3,
        }
    }
}

/// All watches together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coverage {
    /// How many are heard.
    pub(crate) heard: u64,
    /// How many wait for their first sweep.
    pub(crate) waiting: u64,
    /// The names of those that are silent.
    pub(crate) silent: Vec<String>,
    /// When anything was last heard.
    pub(crate) last: Option<Timestamp>,
}

impl Coverage {
    /// Counts; watches that stand for a recording's answers are nobody's ears.
    pub(crate) fn of<'a>(rows: impl IntoIterator<Item = &'a WatchRow>, now: Timestamp) -> Self {
        let mut all = Self::default();
        for row in rows.into_iter().filter(|r| !r.watch.recorded) {
            match Health::of(row, now) {
                Health::Heard => all.heard += 1,
                Health::Waiting => all.waiting += 1,
                Health::Failing(_) | Health::Late | Health::Halted => {
                    all.silent.push(row.watch.id.clone());
                }
            }
            all.last = all.last.max(row.heard);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixed;
    use super::*;

    #[test]
    fn a_watch_is_heard_only_while_it_is_swept_in_time() {
        let now = fixed::NOW;
        let mut row = fixed::watch("forum");
        assert_eq!(Health::of(&row, now), Health::Heard);
        row.due = Some(now - GRACE - 1);
        assert_eq!(Health::of(&row, now), Health::Late);
        row.failing = 2;
        row.last = Some(fixed::failed_sweep("forum", FailureKind::Blocked, "HTTP 403"));
        assert_eq!(Health::of(&row, now), Health::Failing(Cause::Known(FailureKind::Blocked)));
        row.halted = Some("refused".into());
        assert_eq!(Health::of(&row, now), Health::Halted);
    }

    #[test]
    fn a_new_watch_waits_and_an_overdue_one_is_silent() {
        let mut row = fixed::watch("new");
        (row.heard, row.last, row.due) = (None, None, Some(fixed::NOW));
        assert_eq!(Health::of(&row, fixed::NOW), Health::Waiting);
        assert_eq!(Health::of(&row, fixed::NOW + GRACE + 1), Health::Late);
    }

    #[test]
    fn silence_has_a_name() {
        let mut late = fixed::watch("late");
        late.due = Some(0);
        let mut replayed = fixed::watch("replayed");
        (replayed.watch.recorded, replayed.due) = (true, Some(0));
        let all = Coverage::of(&[fixed::watch("ok"), late, replayed], fixed::NOW);
        assert_eq!((all.heard, all.waiting, all.silent), (1, 0, vec!["late".to_owned()]));
    }
}
