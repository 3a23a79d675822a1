//! Whether a sweep that looked well can be trusted: pure.
//!
//! Each test compares the sweep with this watch's own past, and none is made before there
//! is one. What it takes to be called doubtful:
//!
//! * *drift*: nothing on a page that always showed posts; or far more than the usual share
//!   could not be read; or the page says that it lists far more than was read;
//! * *canary*: what must always be found was not;
//! * *budget*: pages were left out, but by the first sweep that hears something: it meets everything that was
//!   ever said, and nobody promised to read it all;
//! * *silent*: nothing new for longer than the past makes likely, see [`quiet_too_long`].
//!
//! Given up for *silent*: the first two weeks, in which weekends are not known yet, allow three
//! days of quiet; and a long holiday is told as a doubt, because nothing here knows the calendar.

use caifeng_plugin_host::contract::Timestamp;
use caifeng_plugin_host::unread::{Unread, too_many};
use jiff::tz::TimeZone;

use super::rhythm::{Look, Rhythm};
use crate::watch::{FailureKind, SweepFailure, SweepTally};

/// Sweeps that must have been heard before pages count as usual.
const USUAL: usize = 8;
/// Latest sweeps that tell what is usual.
const LATELY: usize = 200;
/// Arrivals of something new before silence can be judged.
const ARRIVALS: usize = 10;
/// False alarms a month that [`quiet_too_long`] is made for, as long as posts come as its model says.
pub const FALSE_ALARMS: f64 = 0.1;
/// How many times rarer an alarm must be than its model says: rates by hour are themselves uncertain.
const MARGIN: f64 = 3.0;
/// How many times the longest silence so far (in expected posts) is never an alarm.
const LONGEST: f64 = 1.25;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A doubt about a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The failure that the sweep is given.
    pub failure: SweepFailure,
    /// Since when the watch may have been deaf, where that is before the last sweep.
    pub since: Option<Timestamp>,
}

/// What is doubtful about a sweep that began at `started`, from the sweeps before it, oldest first.
///
/// Nothing is doubted of a sweep that failed anyway, but for what it was short of: `left_out`, in a sentence.
#[must_use]
pub fn doubts(
    looks: &[Look],
    started: Timestamp,
    tally: &SweepTally,
    left_out: Option<&str>,
    zone: &TimeZone,
) -> Vec<Doubt> {
    let heard: Vec<Look> = looks.iter().filter(|look| look.heard).copied().collect();
    let mut doubts = Vec::new();
    let mut doubt = |kind, detail: Option<String>, since| {
        doubts.extend(detail.map(|detail| Doubt { failure: SweepFailure { kind, detail }, since }));
    };
    let first = heard.is_empty() && tally.seen > 0;
    doubt(FailureKind::Budget, left_out.filter(|_| !first).map(str::to_owned), None);
    if tally.failures.is_empty() {
        let lost = (tally.canary == Some(false)).then(|| "the canary was not found".to_owned());
        doubt(FailureKind::Canary, lost, None);
        if tally.pages > 0 {
            let lately = &heard[heard.len().saturating_sub(LATELY)..];
            let drift = emptied(lately, tally).or_else(|| unread(lately, tally)).or_else(|| short(lately, tally));
            doubt(FailureKind::Drift, drift, None);
        }
    }
    if tally.failures.is_empty() && doubts.is_empty() {
        doubts.extend(silent(&heard, started, tally, zone));
    }
    doubts
}

/// Nothing, or next to nothing, where every sweep so far found posts. Sweeps that were told of some pages only
/// that they are unchanged did not see what is on them: they neither empty nor tell what is usual.
fn emptied(lately: &[Look], tally: &SweepTally) -> Option<String> {
    if tally.unchanged > 0 {
        return None;
    }
    let whole = lately.iter().filter(|look| look.pages > 0 && look.unchanged == 0);
    let seen: Vec<u64> = whole.map(|look| look.seen).collect();
    let least = seen.iter().min().copied().filter(|_| seen.len() >= USUAL)?;
    (least >= 4 && tally.seen * 4 < least)
        .then(|| format!("{} posts read, never fewer than {least} before", tally.seen))
}

/// More elements that could not be read than the usual share explains.
fn unread(lately: &[Look], tally: &SweepTally) -> Option<String> {
    let sum = |of: fn(&Look) -> u64| lately.iter().map(of).sum::<u64>();
    let Unread { now, usual } =
        too_many((tally.seen, tally.skipped), (sum(|look| look.seen), sum(|look| look.skipped)))?;
    Some(format!("{:.0}% could not be read, usually {:.0}%", now * 100.0, usual * 100.0))
}

/// The page says that it lists more than twice of what was read, and usually does not.
#[expect(clippy::cast_precision_loss, reason = "counts of sweeps")]
fn short(lately: &[Look], tally: &SweepTally) -> Option<String> {
    let share = |missing: u64, seen: u64| missing as f64 / (missing + seen).max(1) as f64;
    let sum = |of: fn(&Look) -> u64| lately.iter().map(of).sum::<u64>();
    let usual = share(sum(|look| look.missing), sum(|look| look.seen) + 1);
    let (now, listed) = (share(tally.missing, tally.seen), tally.missing + tally.seen);
    (tally.missing >= 3 && now > 0.5 && now > usual + 0.25)
        .then(|| format!("{} posts read of {listed} that the pages say they list", tally.seen))
}

fn silent(heard: &[Look], started: Timestamp, tally: &SweepTally, zone: &TimeZone) -> Option<Doubt> {
    let newest = heard.iter().filter_map(|look| look.newest).max();
    if tally.new > 0 || tally.newest > newest {
        return None;
    }
    let from = quiet_too_long(heard, started, zone)?;
    let hours = (started - from) / HOUR;
    let detail = format!("nothing new for {hours} hours, longer than its past makes likely");
    Some(Doubt { failure: SweepFailure { kind: FailureKind::Silent, detail }, since: Some(from) })
}

/// Sweeps that found something new, by their place; the first one, which has nothing to compare with, is not one.
fn arrivals(heard: &[Look]) -> Vec<usize> {
    let mut newest = heard.first().and_then(|look| look.newest);
    let mut found = Vec::new();
    for (at, look) in heard.iter().enumerate().skip(1) {
        if look.new > 0 || look.newest > newest {
            found.push(at);
        }
        newest = newest.max(look.newest);
    }
    found
}

/// Since when a watch that still finds nothing new at `now` has been quiet for too long, from its
/// heard sweeps, oldest first.
///
/// The past before the last arrival gives the rate by hour of the week, and how much counts
/// vary beyond independent posts (dispersion φ ≥ 1). The expected posts μ of the silence make its
/// probability: φ^(−μ/(φ−1)), the zero class of a negative binomial whose variance is φ times its
/// mean, or exp(−μ) for φ = 1; and because the rate is itself estimated from n arrivals, its logarithm −y
/// becomes −n·ln(1 + y/n). An alarm needs a probability below [`FALSE_ALARMS`] divided by the arrivals
/// of a month and by [`MARGIN`], so that a lively watch, which is quiet often, does not cry more often than a slow one;
/// and, because real sites are burstier than the model, a silence longer than any before.
#[must_use]
pub fn quiet_too_long(heard: &[Look], now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let arrivals = arrivals(heard);
    let (first, last) = (heard.first()?, *arrivals.last()?);
    let (from, quiet) = (heard[last].started, now - heard[last].started);
    let known = from - first.started;
    let least = if known < 15 * DAY { 3 * DAY } else { 2 * HOUR };
    if arrivals.len() < ARRIVALS || quiet < least || heard.len() - last < 3 {
        return None;
    }
    let rhythm = Rhythm::learn(&heard[..=last], zone);
    let expected = rhythm.expected(from, now);
    #[expect(clippy::cast_precision_loss, reason = "counts and seconds of a month")]
    let (count, months) = (arrivals.len() as f64, known.max(DAY) as f64 / (30 * DAY) as f64);
    let dispersion = rhythm.dispersion();
    let unlikely = if dispersion < 1.001 { expected } else { expected * dispersion.ln() / (dispersion - 1.0) };
    let unlikely = count * (unlikely / count).ln_1p();
    let wanted = (MARGIN * count / months / FALSE_ALARMS).ln().max(7.0);
    if unlikely < wanted {
        return None;
    }
    let silences = arrivals.windows(2).map(|pair| rhythm.expected(heard[pair[0]].started, heard[pair[1] - 1].started));
    (expected > LONGEST * silences.fold(0.0, f64::max)).then_some(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pasts::{Dice, each_hour};

    fn look(started: i64, new: u64) -> Look {
        Look { started, heard: true, new, seen: 20, pages: 1, ..Look::default() }
    }

    fn kinds(looks: &[Look], tally: &SweepTally) -> Vec<FailureKind> {
        let left_out = (tally.unasked > 0).then_some("left out");
        doubts(looks, 1_000_000, tally, left_out, &TimeZone::UTC).into_iter().map(|doubt| doubt.failure.kind).collect()
    }

    fn usual() -> Vec<Look> {
        (0..20).map(|n| look(900_000 + n * 3600, 1)).collect()
    }

    const FINE: SweepTally = SweepTally {
        requests: 1,
        bytes: 1,
        seen: 20,
        new: 1,
        changed: 0,
        matched: 0,
        skipped: 0,
        pages: 1,
        unchanged: 0,
        missing: 0,
        unasked: 0,
        newest: None,
        reach: None,
        canary: None,
        wait_until: None,
        doubted_since: None,
        failures: Vec::new(),
    };

    #[test]
    fn a_sweep_as_usual_is_trusted_and_a_first_one_too() {
        assert_eq!(kinds(&usual(), &FINE), []);
        assert_eq!(kinds(&[], &FINE), []);
        assert_eq!(kinds(&[], &SweepTally { unasked: 50, ..FINE }), []);
        assert_eq!(kinds(&[], &SweepTally { seen: 0, ..FINE }), []);
        let nothing = SweepTally { unasked: 50, seen: 0, ..FINE };
        assert_eq!(kinds(&[], &nothing), [FailureKind::Budget], "what heard nothing is no beginning");
    }

    #[test]
    fn what_is_unchanged_does_not_empty_a_page() {
        let few = SweepTally { seen: 3, ..FINE };
        assert_eq!(kinds(&usual(), &few), [FailureKind::Drift]);
        assert_eq!(kinds(&usual(), &SweepTally { unchanged: 1, ..few.clone() }), []);
        // Nor do sweeps that saw a part make a little usual.
        let partly = (0..9).map(|n| Look { seen: 3, unchanged: 5, ..look(980_000 + n, 0) });
        assert_eq!(kinds(&usual().into_iter().chain(partly).collect::<Vec<_>>(), &few), [FailureKind::Drift]);
    }

    #[test]
    fn what_is_missing_is_doubted() {
        let doubted = |tally| kinds(&usual(), &tally);
        assert_eq!(doubted(SweepTally { seen: 0, new: 0, ..FINE }), [FailureKind::Drift]);
        assert_eq!(doubted(SweepTally { seen: 0, new: 0, pages: 0, ..FINE }), [], "not modified");
        assert_eq!(doubted(SweepTally { seen: 12, skipped: 8, ..FINE }), [FailureKind::Drift]);
        assert_eq!(doubted(SweepTally { skipped: 2, ..FINE }), []);
        assert_eq!(doubted(SweepTally { seen: 9, missing: 11, ..FINE }), [FailureKind::Drift]);
        assert_eq!(doubted(SweepTally { missing: 10, ..FINE }), []);
        assert_eq!(doubted(SweepTally { canary: Some(false), ..FINE }), [FailureKind::Canary]);
        assert_eq!(doubted(SweepTally { canary: Some(true), ..FINE }), []);
        assert_eq!(doubted(SweepTally { unasked: 1, ..FINE }), [FailureKind::Budget]);
    }

    #[test]
    fn what_is_usual_for_a_watch_is_not_doubted() {
        let rough: Vec<_> = (0..20).map(|n| Look { skipped: 8, missing: 30, ..look(900_000 + n * 3600, 1) }).collect();
        assert_eq!(kinds(&rough, &SweepTally { seen: 12, skipped: 8, missing: 20, ..FINE }), []);
        let sometimes: Vec<_> =
            (0..20).map(|n| Look { seen: i64::unsigned_abs(n % 5), ..look(900_000 + n * 3600, 1) }).collect();
        assert_eq!(kinds(&sometimes, &SweepTally { seen: 0, ..FINE }), []);
    }

    #[test]
    fn a_sweep_that_failed_is_not_doubted_besides() {
        let failure = SweepFailure { kind: FailureKind::Network, detail: String::new() };
        assert_eq!(kinds(&usual(), &SweepTally { seen: 0, failures: vec![failure], ..FINE }), []);
    }

    /// Posts an hour of a county's site, with `bursts` days that are livelier than others.
    fn site(dice: &mut Dice, daily: f64, bursts: bool, days: i64) -> Vec<Look> {
        let mut looks = Vec::new();
        each_hour(dice, daily, bursts, days, |_, hour, posts| looks.push(look(hour, u64::from(posts))));
        looks
    }

    /// The rate that the docstring promises, on 56 site-months of each kind; what was measured is printed.
    #[test]
    fn a_healthy_site_is_rarely_called_silent() {
        let mut dice = Dice(7);
        for (daily, bursts) in [(2.0, false), (12.0, false), (60.0, false), (12.0, true), (60.0, true)] {
            let (mut alarms, mut months) = (0, 0);
            for _ in 0..80 {
                let looks = site(&mut dice, daily, bursts, 28 + 21);
                // A silence that is an alarm is one at its end.
                let ends = (28 * 24..looks.len() - 1).filter(|at| looks[*at].new == 0 && looks[at + 1].new > 0);
                for at in ends {
                    let past = &looks[at - 28 * 24..at];
                    alarms += u32::from(quiet_too_long(past, looks[at].started, &TimeZone::UTC).is_some());
                }
                months += 21;
            }
            let rate = f64::from(alarms) * 30.0 / f64::from(months);
            println!("{daily} posts a day, bursts {bursts}: {rate:.3} false alarms a month");
            assert!(rate <= FALSE_ALARMS, "{daily} posts a day, bursts {bursts}: {rate} a month");
        }
    }

    #[test]
    fn a_deaf_watch_is_noticed_the_sooner_the_more_there_is_to_hear() {
        let mut dice = Dice(11);
        for (daily, bursts, within) in [(12.0, false, 60), (60.0, false, 24), (12.0, true, 200), (60.0, true, 96)] {
            let mut worst = 0;
            for _ in 0..40 {
                let mut looks = site(&mut dice, daily, bursts, 28);
                let deaf = looks.len();
                // From a Monday morning on it reads the page and finds nothing.
                let noticed = (0..240_usize).find(|hours| {
                    looks.push(look(28 * DAY + i64::try_from(*hours).unwrap() * HOUR, 0));
                    quiet_too_long(&looks, looks[deaf].started + i64::try_from(*hours).unwrap() * HOUR, &TimeZone::UTC)
                        .is_some()
                });
                worst = worst.max(noticed.unwrap_or(240));
            }
            println!("{daily} posts a day, bursts {bursts}: noticed within {worst} hours");
            assert!(worst <= within, "{daily} posts a day, bursts {bursts}: {worst} hours");
        }
    }
}
