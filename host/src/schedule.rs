//! When a watch is due, and why: pure.
//!
//! P8 wants those places looked at more often where more is said. The interval is the
//! time in which [`WANTED`] new posts are expected, by the watch's own past at this hour
//! of the week ([`Rhythm`]) or by the last two hours where those were livelier, so that a
//! quiet night does not make it oversleep the morning. While an incident that the watch
//! feeds is open, or grows whatever its state, it goes to the floor. Once a major incident is handled, the watches that fed
//! it are swept at least as often as the plan says, for as long as it says (P17). Nothing goes below the floor, above the
//! ceiling, or before the time until which a site asked to be left alone. A watch that fails stays on
//! the schedule at a slower pace, so that silence is never taken for quiet; one that is
//! only doubted (it answers, but not as usual) keeps its pace.

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::coverage::rhythm::{Look, Rhythm};
use crate::watch::{Every, FailureKind, Sweep};

/// When a target that is gone is looked for again, in seconds: sites make mistakes too.
const GONE: i64 = 24 * 60 * 60;
/// Where a failing watch begins, in seconds.
const FIRST: i64 = 15 * 60;
/// New posts that one sweep should find; more shortens the interval, fewer lengthen it.
const WANTED: f64 = 2.0;
/// How far back what is going on now reaches, in seconds.
const RECENT: i64 = 2 * 60 * 60;

/// The decision for one watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Sweep at this time.
    At(Timestamp, Reason),
    /// Not until a person acts.
    Never(Reason),
}

/// Why: shown beside the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Reason {
    /// It has not been swept yet.
    First,
    /// By what it yields at this hour of the week: so many posts a day at this pace.
    Rhythm {
        /// Posts a day.
        daily: u32,
    },
    /// More was said in the last two hours than usual: so many posts a day at this pace.
    Lively {
        /// Posts a day.
        daily: u32,
    },
    /// It feeds an open incident.
    Incident {
        /// The newest one.
        id: i64,
    },
    /// It feeds an incident that grows, whatever became of that.
    Growing {
        /// The newest one.
        id: i64,
    },
    /// It fed a major incident, which is watched since it was handled.
    FollowUp {
        /// The incident.
        id: i64,
        /// Until then.
        until: Timestamp,
    },
    /// It failed this many times in a row: slower, but not given up.
    Failing {
        /// How many times.
        times: u32,
    },
    /// The site asked to be left alone until then.
    Waiting,
    /// The target is gone: looked for once a day.
    Gone,
    /// The plugin says that it cannot read such a target.
    Unsupported,
}

/// What is known of a watch when its next sweep is decided.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Its latest sweeps, newest first.
    pub sweeps: &'a [Sweep],
    /// The sweeps of its past, oldest first.
    pub looks: &'a [Look],
    /// What it yields by hour of the week.
    pub rhythm: &'a Rhythm,
    /// Its bounds.
    pub every: Every,
    /// The newest incident that it feeds and that grows or is at its height, else the newest that is open.
    pub incident: Option<Feeds>,
    /// The follow-up that wants it most often.
    pub followed: Option<Followed>,
    /// Now.
    pub now: Timestamp,
    /// In 0.0..1.0: spreads watches of one interval over a tenth of it.
    pub jitter: f64,
}

/// An incident that a watch feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Feeds {
    /// It is unusual, grows or is at its height.
    pub growing: bool,
    /// The incident.
    pub id: i64,
}

/// A follow-up that a watch is part of (P17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The incident.
    pub id: i64,
    /// Until when.
    pub until: Timestamp,
    /// How often the watch is swept at least, in seconds.
    pub every: i64,
}

/// Decides when a watch is due.
#[must_use]
pub fn next(known: &Situation<'_>) -> Next {
    let Some(last) = known.sweeps.first() else { return Next::At(known.now, Reason::First) };
    let ended = last.ended.unwrap_or(last.started);
    if heard_nothing_but(last, FailureKind::Unsupported) {
        return Next::Never(Reason::Unsupported);
    }
    if heard_nothing_but(last, FailureKind::Gone) {
        return Next::At(ended.saturating_add(GONE), Reason::Gone);
    }
    let Every { floor, ceiling } = known.every;
    let failing = known.sweeps.iter().take_while(|sweep| failed(sweep)).count();
    let (interval, reason) = match u32::try_from(failing.min(8)).unwrap_or(8) {
        0 => followed(known, by_yield(known, ended), ended),
        times => (FIRST.saturating_mul(1 << (times - 1)), Reason::Failing { times }),
    };
    let at = ended.saturating_add(jittered(interval.clamp(floor, ceiling), known.every, known.jitter));
    let asked = known.sweeps.iter().filter_map(|sweep| sweep.tally.wait_until).max();
    match asked.filter(|until| *until > at) {
        Some(until) => Next::At(until, Reason::Waiting),
        None => Next::At(at, reason),
    }
}

/// Up to a tenth longer, and below the ceiling as much earlier.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "seconds of a week are exact in f64")]
fn jittered(interval: i64, every: Every, jitter: f64) -> i64 {
    let tenth = interval as f64 * 0.1;
    let beyond = interval + tenth as i64 > every.ceiling;
    (interval + (tenth * if beyond { jitter - 1.0 } else { jitter }) as i64).max(every.floor)
}

/// The interval in which [`WANTED`] posts appear, and what says so.
fn by_yield(known: &Situation<'_>, from: Timestamp) -> (i64, Reason) {
    let Every { floor, ceiling } = known.every;
    if let Some(Feeds { growing, id }) = known.incident {
        return (floor, if growing { Reason::Growing { id } } else { Reason::Incident { id } });
    }
    let recent = lately(known.looks, known.now);
    let interval = known.rhythm.time_for(WANTED, from, recent, ceiling);
    let usual = known.rhythm.rate(from);
    let reason = if recent > usual * 1.5 {
        Reason::Lively { daily: a_day(recent) }
    } else {
        Reason::Rhythm { daily: a_day(usual) }
    };
    (interval, reason)
}

/// The interval of a follow-up, where it is the shorter one and lasts.
fn followed(known: &Situation<'_>, usual: (i64, Reason), from: Timestamp) -> (i64, Reason) {
    match known.followed {
        Some(Followed { id, until, every }) if until > from && every < usual.0 => {
            (every, Reason::FollowUp { id, until })
        }
        _ => usual,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats saturate")]
fn a_day(hourly: f64) -> u32 {
    (hourly * 24.0).round() as u32
}

/// Posts an hour in the last two hours, if there were more than one.
fn lately(looks: &[Look], now: Timestamp) -> f64 {
    let start = looks.partition_point(|look| look.started < now - RECENT).saturating_sub(1);
    let mut heard = looks[start..].iter().filter(|look| look.heard);
    // The oldest sweep's own posts appeared before the time that is measured here.
    let Some(oldest) = heard.next() else { return 0.0 };
    let found: u64 = heard.clone().map(|look| look.new).sum();
    let Some(newest) = heard.next_back().filter(|_| found > 1) else { return 0.0 };
    // A past of an hour at least: two posts within a minute are no pace.
    #[expect(clippy::cast_precision_loss, reason = "counts of two hours")]
    let rate = found as f64 * 3600.0 / (newest.started - oldest.started).max(3600) as f64;
    rate
}

/// A sweep that only ran out of its budget has heard: looking less often would leave out more.
fn failed(sweep: &Sweep) -> bool {
    sweep.ended.is_none() || sweep.tally.failures.iter().any(|failure| !failure.kind.is_doubt())
}

/// Whether the sweep read no post and failed in this way.
fn heard_nothing_but(sweep: &Sweep, kind: FailureKind) -> bool {
    sweep.tally.seen == 0 && sweep.tally.failures.iter().any(|failure| failure.kind == kind)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::watch::{SweepFailure, SweepTally};

    const HOUR: i64 = 3600;

    fn sweep(started: i64, new: u64, failure: Option<FailureKind>) -> Sweep {
        let failures = failure.map(|kind| SweepFailure { kind, detail: String::new() }).into_iter().collect();
        let tally = SweepTally { new, seen: new, failures, ..SweepTally::default() };
        Sweep { id: 0, watch: "w".into(), started, ended: Some(started), tally }
    }

    /// The decision right after the last of `sweeps`, newest first.
    fn decide(sweeps: &[Sweep], change: impl Fn(&mut Situation<'_>)) -> Next {
        let look = |sweep: &Sweep| Look {
            started: sweep.started,
            heard: !failed(sweep),
            new: sweep.tally.new,
            ..Look::default()
        };
        let looks: Vec<Look> = sweeps.iter().rev().map(look).collect();
        let rhythm = Rhythm::learn(&looks, &TimeZone::UTC);
        let now = sweeps.first().map_or(7, |sweep| sweep.started);
        let every = Every::default();
        let (incident, followed) = (None, None);
        let mut known =
            Situation { sweeps, looks: &looks, rhythm: &rhythm, every, incident, followed, now, jitter: 0.0 };
        change(&mut known);
        next(&known)
    }

    fn interval(sweeps: &[Sweep]) -> i64 {
        match decide(sweeps, |known| known.jitter = 1.0) {
            Next::At(at, _) => at - sweeps[0].started,
            Next::Never(_) => i64::MAX,
        }
    }

    #[test]
    fn a_watch_without_a_past_is_due_now() {
        assert_eq!(decide(&[], |_| {}), Next::At(7, Reason::First));
    }

    #[test]
    fn a_lively_watch_is_swept_more_often_than_a_quiet_one_within_bounds() {
        let of = |new| (0..96).map(|n| sweep(1_000_000 - n * 900, new, None)).collect::<Vec<_>>();
        let every = Every::default();
        assert_eq!(interval(&of(40)), every.floor * 11 / 10);
        assert!((1700..2100).contains(&interval(&of(1))), "{}", interval(&of(1)));
        assert_eq!(interval(&of(0)), every.ceiling);
    }

    #[test]
    fn the_morning_rush_is_not_slept_through() {
        // Nothing at night, twenty an hour from eight to ten; now it is half past seven.
        let busy = |at: i64| (8..10).contains(&((at - HOUR / 2).rem_euclid(24 * HOUR) / HOUR));
        let now = 21 * 24 * HOUR + 7 * HOUR + HOUR / 2;
        let sweeps: Vec<_> =
            (0..1000).map(|n| now - n * HOUR / 2).map(|at| sweep(at, if busy(at) { 10 } else { 0 }, None)).collect();
        let Next::At(at, Reason::Rhythm { .. }) = decide(&sweeps, |_| {}) else { panic!("by rhythm") };
        assert!((now + 30 * 60..now + 45 * 60).contains(&at), "{}", at - now);
    }

    #[test]
    fn what_is_going_on_now_counts_more_than_the_usual() {
        let mut sweeps: Vec<_> = (4..400).map(|n| sweep(1_000_000 - n * HOUR, 0, None)).collect();
        assert_eq!(interval(&sweeps), Every::default().ceiling);
        for n in (0..4).rev() {
            sweeps.insert(0, sweep(1_000_000 - n * 1800, 8, None));
        }
        assert!(matches!(decide(&sweeps, |_| {}), Next::At(at, Reason::Lively { .. }) if at - 1_000_000 < 1000));
    }

    #[test]
    fn an_open_incident_goes_to_the_floor_but_never_before_what_the_site_asked_for() {
        let mut sweeps: Vec<_> = (0..400).map(|n| sweep(1_000_000 - n * HOUR, 0, None)).collect();
        let feeds = |growing| Some(Feeds { growing, id: 7 });
        let incident = |known: &mut Situation<'_>| known.incident = feeds(false);
        assert_eq!(decide(&sweeps, incident), Next::At(1_000_300, Reason::Incident { id: 7 }));
        sweeps[0].tally.wait_until = Some(1_009_000);
        assert_eq!(decide(&sweeps, incident), Next::At(1_009_000, Reason::Waiting));
        sweeps[0].tally.wait_until = Some(1_000_010);
        assert_eq!(decide(&sweeps, incident), Next::At(1_000_300, Reason::Incident { id: 7 }));
        let bounds = |known: &mut Situation<'_>| (known.incident, known.every.floor) = (feeds(false), 60);
        assert_eq!(decide(&sweeps, bounds), Next::At(1_000_060, Reason::Incident { id: 7 }));
    }

    #[test]
    fn an_incident_that_grows_is_named_before_one_that_is_only_open() {
        let sweeps: Vec<_> = (0..400).map(|n| sweep(1_000_000 - n * HOUR, 0, None)).collect();
        let feeds = [Feeds { growing: false, id: 9 }, Feeds { growing: true, id: 3 }];
        let decided = decide(&sweeps, |known| known.incident = feeds.into_iter().max());
        assert_eq!(decided, Next::At(1_000_300, Reason::Growing { id: 3 }));
    }

    /// P17: at least so often, for so long; and never below what the watch itself permits.
    #[test]
    fn a_follow_up_keeps_its_watches_at_the_plans_pace_for_its_time() {
        let sweeps: Vec<_> = (0..400).map(|n| sweep(1_000_000 - n * HOUR, 0, None)).collect();
        let by = |until, every| decide(&sweeps, |known| known.followed = Some(Followed { id: 7, until, every }));
        let (until, ceiling) = (1_000_900, Every::default().ceiling);
        let usual = 1_000_000 + ceiling * 9 / 10;
        assert_eq!(by(until, 900), Next::At(1_000_900, Reason::FollowUp { id: 7, until }));
        assert!(matches!(by(1_000_000, 900), Next::At(at, Reason::Rhythm { .. }) if at == usual));
        assert!(matches!(by(until, ceiling), Next::At(_, Reason::Rhythm { .. })), "it would be swept as often anyway");
        assert_eq!(by(until, 60), Next::At(1_000_300, Reason::FollowUp { id: 7, until }), "not below the floor");
        let open = decide(&sweeps, |known| {
            known.followed = Some(Followed { id: 7, until, every: 900 });
            known.incident = Some(Feeds { growing: false, id: 9 });
        });
        assert_eq!(open, Next::At(1_000_300, Reason::Incident { id: 9 }));
        let mut failing = sweeps.clone();
        failing[0] = sweep(1_000_000, 0, Some(FailureKind::Network));
        let tried = decide(&failing, |known| known.followed = Some(Followed { id: 7, until, every: 300 }));
        assert_eq!(tried, Next::At(1_000_900, Reason::Failing { times: 1 }));
    }

    #[test]
    fn a_failing_watch_slows_down_but_stays_and_a_doubted_one_keeps_its_pace() {
        let failing = |n, kind| (0..n).map(|i| sweep(1000 - i, 0, Some(kind))).collect::<Vec<_>>();
        let network = |n| decide(&failing(n, FailureKind::Network), |_| {});
        assert_eq!(network(1), Next::At(1900, Reason::Failing { times: 1 }));
        assert_eq!(network(2), Next::At(2800, Reason::Failing { times: 2 }));
        assert!(matches!(network(9), Next::At(4240, Reason::Failing { times: 8 })), "{:?}", network(9));
        let doubted = decide(&failing(9, FailureKind::Silent), |_| {});
        assert!(matches!(doubted, Next::At(_, Reason::Rhythm { .. })), "{doubted:?}");
    }

    #[test]
    fn a_target_that_is_gone_is_looked_for_daily_and_an_unsupported_one_never() {
        let gone = sweep(0, 0, Some(FailureKind::Gone));
        assert_eq!(decide(&[gone], |_| {}), Next::At(GONE, Reason::Gone));
        let unsupported = sweep(0, 0, Some(FailureKind::Unsupported));
        assert_eq!(decide(&[unsupported], |_| {}), Next::Never(Reason::Unsupported));
        let refused = sweep(0, 0, Some(FailureKind::Refused));
        assert!(matches!(decide(&[refused], |_| {}), Next::At(..)), "a missing plugin may come back");
        let partly =
            Sweep { tally: SweepTally { seen: 3, ..sweep(0, 3, Some(FailureKind::Gone)).tally }, ..sweep(0, 3, None) };
        assert_eq!(
            decide(&[partly], |_| {}),
            Next::At(900, Reason::Failing { times: 1 }),
            "only a followed page is gone"
        );
    }
}
