//! What was covered in a span of time, in figures and in words: pure.
//!
//! Two shares for each watch. *Heard* is the time outside all gaps: what was said then was known
//! in time. *Covered* adds what was back-filled: it is known by now. The time before a watch's first
//! sweep is not counted, and a watch that was never swept has no share at all. A watch that was taken out of the
//! configuration and put back, or that observes something else now, is counted from its first sweep since then.

use caifeng_plugin_host::contract::Timestamp;
use serde::Serialize;

use super::{Cause, GRACE, Gap};

/// How long the schedule may be silent before Caifeng is taken to be off, in seconds.
const ALIVE: i64 = 3 * 60;

const HOUR: i64 = 3600;

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Span {
    /// The first second.
    pub since: Timestamp,
    /// The first second after it.
    pub until: Timestamp,
}

/// A watch as the store knows it.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Its id.
    pub id: String,
    /// When it is due.
    pub due: Option<Timestamp>,
    /// When the last sweep that heard everything began.
    pub covered: Option<Timestamp>,
    /// Passed over until a person acts.
    pub halted: bool,
    /// When its first sweep began, of those since it observes what it does now and was last put back.
    pub first: Option<Timestamp>,
    /// Its longest interval, in seconds.
    pub ceiling: i64,
    /// Its gaps in the span, oldest first.
    pub gaps: Vec<Gap>,
}

/// What was covered of one watch.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct WatchCoverage {
    /// The watch.
    pub watch: String,
    /// From when on it was watched, within the span; `None` when it was never swept.
    pub from: Option<Timestamp>,
    /// Share of the time in which it was heard, 0 to 1; `None` without such a time.
    pub heard: Option<f64>,
    /// Share of the time that is known by now, back-filled spans included.
    pub covered: Option<f64>,
    /// The gaps, oldest first.
    pub gaps: Vec<Gap>,
}

/// What was covered of all watches.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Statement {
    /// The span it is about.
    #[serde(flatten)]
    pub span: Span,
    /// By watch, in the order of their ids.
    pub watches: Vec<WatchCoverage>,
}

impl Statement {
    /// Sums up. Nothing is claimed of a time in which nobody looked: a watch that is overdue has a
    /// gap even where the schedule, which did not run, could not open one.
    #[must_use]
    pub fn of(span: Span, watches: Vec<Watched>, pulse: Option<Timestamp>) -> Self {
        Self { span, watches: watches.into_iter().map(|watch| covered(span, watch, pulse)).collect() }
    }

    /// The mean of the watches that were ever swept: of the time heard, and of that covered by now.
    #[must_use]
    pub fn shares(&self) -> Option<(f64, f64)> {
        let shares: Vec<(f64, f64)> = self.watches.iter().filter_map(|watch| watch.heard.zip(watch.covered)).collect();
        #[expect(clippy::cast_precision_loss, reason = "a number of watches")]
        let count = shares.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| shares.iter().map(of).sum::<f64>() / count;
        (!shares.is_empty()).then(|| (mean(|share| share.0), mean(|share| share.1)))
    }

    /// The share of each hour of the span that was heard, of the watches that were there to be swept in it; `None` where
    /// there was none.
    #[must_use]
    pub fn by_hour(&self) -> Vec<Option<f64>> {
        let Span { since, until } = self.span;
        let hours = (until - since).max(0) / HOUR;
        (0..hours).map(|hour| self.heard(since + hour * HOUR, since + (hour + 1) * HOUR)).collect()
    }

    fn heard(&self, first: Timestamp, last: Timestamp) -> Option<f64> {
        let (mut there, mut missing) = (0, 0);
        for watch in &self.watches {
            let Some(from) = watch.from.map(|from| from.max(first)).filter(|from| *from < last) else { continue };
            there += last - from;
            let within = |gap: &Gap| (gap.from.max(from), gap.end(self.span.until).min(last));
            let mut spans: Vec<_> = watch.gaps.iter().map(within).filter(|(from, to)| from < to).collect();
            missing += length(&mut spans);
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds of an hour of some watches are exact in f64")]
        let share = 1.0 - missing as f64 / there as f64;
        (there > 0).then_some(share)
    }

    /// Watches that were never swept.
    pub fn never(&self) -> impl Iterator<Item = &str> {
        self.watches.iter().filter(|watch| watch.from.is_none()).map(|watch| watch.watch.as_str())
    }

    /// Gaps whose cause lasts, with what is not yet back-filled behind them.
    pub fn open(&self) -> impl Iterator<Item = &Gap> {
        self.watches.iter().flat_map(|watch| &watch.gaps).filter(|gap| gap.closed.is_none())
    }

    /// Gaps of which something may be lost for good.
    pub fn lost(&self) -> impl Iterator<Item = &Gap> {
        let gaps = self.watches.iter().flat_map(|watch| &watch.gaps);
        gaps.filter(|gap| gap.closed.is_some() && gap.lost(self.span.until).is_some())
    }
}

fn covered(span: Span, mut watch: Watched, pulse: Option<Timestamp>) -> WatchCoverage {
    let now = span.until;
    if let Some(gap) = unnoticed(&watch, pulse, now) {
        watch.gaps.push(gap);
    }
    let from = watch.first.map(|first| first.max(span.since)).filter(|from| *from < now);
    let share = |missing: &dyn Fn(&Gap) -> Option<(Timestamp, Timestamp)>| {
        let from = from?;
        let mut spans: Vec<_> = watch.gaps.iter().filter_map(missing).map(|(a, b)| (a.max(from), b.min(now))).collect();
        #[expect(clippy::cast_precision_loss, reason = "seconds of a year are exact in f64")]
        let share = 1.0 - length(&mut spans) as f64 / (now - from) as f64;
        Some(share)
    };
    let heard = share(&|gap| Some((gap.from, gap.end(now))));
    let covered = share(&|gap| gap.lost(now));
    WatchCoverage {
        watch: watch.id,
        from: watch.first.map(|first| first.max(span.since)),
        heard,
        covered,
        gaps: watch.gaps,
    }
}

/// The gap of an overdue watch that nobody has opened yet.
fn unnoticed(watch: &Watched, pulse: Option<Timestamp>, now: Timestamp) -> Option<Gap> {
    let covered = watch.covered?;
    let due = watch.due.unwrap_or(covered + watch.ceiling);
    let noticed = watch.halted || watch.gaps.iter().any(|gap| gap.until.is_none());
    if noticed || due + GRACE >= now {
        return None;
    }
    let alive = pulse.is_some_and(|pulse| now - pulse <= ALIVE);
    Some(Gap {
        id: 0,
        watch: watch.id.clone(),
        cause: if alive { Cause::Late } else { Cause::Off },
        detail: None,
        partial: false,
        from: covered,
        until: None,
        closed: None,
        filled: None,
        found: None,
    })
}

/// The length of a union of spans.
fn length(spans: &mut [(Timestamp, Timestamp)]) -> i64 {
    spans.sort_unstable();
    let (mut sum, mut end) = (0, Timestamp::MIN);
    for (from, to) in spans.iter() {
        let from = (*from).max(end);
        if *to > from {
            sum += to - from;
            end = *to;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::FailureKind;

    fn gap(from: i64, until: Option<i64>, closed: Option<i64>, filled: Option<i64>) -> Gap {
        let cause = Cause::Failed(FailureKind::Network);
        Gap { id: 1, watch: "w".into(), cause, detail: None, partial: false, from, until, closed, filled, found: None }
    }

    fn watch(gaps: Vec<Gap>) -> Watched {
        let (due, covered, first) = (Some(100_000), Some(99_000), Some(0));
        Watched { id: "w".into(), due, covered, halted: false, first, ceiling: 3600, gaps }
    }

    const SPAN: Span = Span { since: 0, until: 100_000 };

    fn shares(watch: Watched) -> (f64, f64) {
        Statement::of(SPAN, vec![watch], Some(100_000)).shares().unwrap()
    }

    #[test]
    fn what_was_back_filled_is_covered_but_was_not_heard() {
        assert_eq!(shares(watch(vec![])), (1.0, 1.0));
        let whole = gap(10_000, Some(20_000), Some(21_000), Some(10_000));
        assert_eq!(shares(watch(vec![whole])), (0.9, 1.0));
        let half = gap(10_000, Some(20_000), Some(21_000), Some(15_000));
        assert_eq!(shares(watch(vec![half])), (0.9, 0.95));
        let unknown = gap(10_000, Some(20_000), Some(21_000), None);
        assert_eq!(shares(watch(vec![unknown])), (0.9, 0.9));
        let open = gap(90_000, None, None, None);
        assert_eq!(shares(watch(vec![open])), (0.9, 0.9));
        let twice = vec![gap(10_000, Some(20_000), None, None), gap(15_000, Some(30_000), None, None)];
        assert_eq!(shares(watch(twice)), (0.8, 0.8));
    }

    #[test]
    fn nothing_is_claimed_of_a_time_in_which_nobody_looked() {
        let off = Watched { due: Some(50_000), covered: Some(40_000), ..watch(vec![]) };
        let told = Statement::of(SPAN, vec![off.clone()], Some(45_000));
        assert_eq!((told.shares().unwrap().0, told.watches[0].gaps[0].cause), (0.4, Cause::Off));
        let late = Statement::of(SPAN, vec![off.clone()], Some(99_999));
        assert_eq!(late.watches[0].gaps[0].cause, Cause::Late);
        let never = Statement::of(SPAN, vec![Watched { first: None, covered: None, due: None, ..off }], None);
        assert_eq!((never.shares(), never.never().collect::<Vec<_>>()), (None, vec!["w"]));
    }

    #[test]
    fn an_hour_is_heard_by_those_who_were_there() {
        let span = Span { since: 0, until: 4 * HOUR };
        let half = watch(vec![gap(HOUR + HOUR / 2, Some(2 * HOUR), None, None)]);
        let young = Watched { first: Some(3 * HOUR), due: Some(4 * HOUR), ..watch(vec![]) };
        let both = [half.clone(), young].map(|one| Watched { due: Some(4 * HOUR), covered: Some(4 * HOUR), ..one });
        let told = Statement::of(span, both.to_vec(), Some(4 * HOUR));
        assert_eq!(told.by_hour(), [Some(1.0), Some(0.5), Some(1.0), Some(1.0)]);
        let open = Watched { due: Some(4 * HOUR), covered: Some(0), ..watch(vec![gap(2 * HOUR, None, None, None)]) };
        let told = Statement::of(span, vec![open], Some(4 * HOUR));
        assert_eq!(told.by_hour(), [Some(1.0), Some(1.0), Some(0.0), Some(0.0)]);
        let never = Statement::of(span, vec![Watched { first: None, ..half }], None);
        assert_eq!(never.by_hour(), [None; 4]);
    }

    #[test]
    fn a_watch_is_counted_from_its_first_sweep_on() {
        let young = Watched { first: Some(80_000), ..watch(vec![gap(90_000, Some(95_000), None, None)]) };
        assert_eq!(shares(young), (0.75, 0.75));
    }
}
