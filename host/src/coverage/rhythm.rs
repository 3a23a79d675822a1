//! How much a watch yields by hour of the week, learned from its own past: pure.
//!
//! A watch that is swept once an hour for four weeks has seen each hour of the week
//! four times, which is too little to trust on its own. So each hour of the week is
//! drawn towards what the hour of the day and the day of the week make of the overall rate, and
//! these towards the overall rate (a gamma prior at each step, worth [`PULL`] hours of looking).
//!
//! Given up: holidays. The first quiet week of a long one looks like any other week.

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;

const HOUR: i64 = 3600;
const WEEK: usize = 168;
const DAY: usize = 24;
/// How far back the past is of use, in seconds.
pub const PAST: i64 = 28 * 24 * HOUR;
/// Hours of looking that the more general rate counts for.
const PULL: f64 = 3.0;
/// What is taken for granted of a watch without a past: posts, in hours of looking.
const START: (f64, f64) = (2.0, 0.25);
/// A longer time between two sweeps says nothing about hours, in seconds.
const LONGEST: i64 = 7 * 24 * HOUR;

/// One sweep, as far as it tells of the past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// When it began.
    pub started: Timestamp,
    /// It ended without a failure.
    pub heard: bool,
    /// Posts that were new to the store.
    pub new: u64,
    /// Posts read.
    pub seen: u64,
    /// Elements that could not be read.
    pub skipped: u64,
    /// Posts that pages said they list beyond those.
    pub missing: u64,
    /// Pages read; none when the site said that nothing has changed.
    pub pages: u64,
    /// Pages of which the site said only that they have not changed.
    pub unchanged: u64,
    /// Publication of the newest post read.
    pub newest: Option<Timestamp>,
}

/// What was looked at and found in one hour.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cell {
    /// How much of the hour was looked at, in hours.
    pub hours: f64,
    /// Posts of that time.
    pub posts: f64,
}

impl Cell {
    fn add(&mut self, more: Self) {
        self.hours += more.hours;
        self.posts += more.posts;
    }

    /// Posts an hour, drawn towards `general`.
    fn rate(self, general: f64) -> f64 {
        (self.posts + PULL * general) / (self.hours + PULL)
    }
}

/// What was looked at and found, by local hour since 1970.
pub type Hours = BTreeMap<i64, Cell>;

/// Posts an hour by hour of the week, in one zone.
#[derive(Clone, Debug)]
pub struct Rhythm {
    zone: TimeZone,
    rates: Vec<f64>,
    overall: f64,
    dispersion: f64,
}

impl Rhythm {
    /// Learns from sweeps, oldest first. What the first one found may be of any age and does not count.
    #[must_use]
    pub fn learn(looks: &[Look], zone: &TimeZone) -> Self {
        let mut hours = Hours::new();
        let mut before: Option<Timestamp> = None;
        for look in looks.iter().filter(|look| look.heard) {
            if let Some(from) = before.filter(|from| (1..=LONGEST).contains(&(look.started - from))) {
                spread(&mut hours, from, look, offset(zone, look.started));
            }
            before = Some(look.started);
        }
        let start = Cell { posts: START.0, hours: START.1 };
        let rhythm = Self::of_hours(&hours, start, zone);
        let dispersion = rhythm.varies(&hours, 1, 0.5).max(rhythm.varies(&hours, 24, 16.0));
        Self { dispersion, ..rhythm }
    }

    /// The rhythm of hours that are known, counted as local ones of `zone` ([`local_hour`]); `start` is what is taken
    /// for granted before anything is. Its dispersion is 1 until somebody measures it.
    #[must_use]
    pub fn of_hours(hours: &Hours, start: Cell, zone: &TimeZone) -> Self {
        let (mut all, mut by_hour) = (Cell::default(), [Cell::default(); DAY]);
        let (mut by_day, mut by_week) = ([Cell::default(); WEEK / DAY], [Cell::default(); WEEK]);
        for (hour, cell) in hours {
            all.add(*cell);
            by_hour[slot(*hour, DAY)].add(*cell);
            by_day[slot(*hour, WEEK) / DAY].add(*cell);
            by_week[slot(*hour, WEEK)].add(*cell);
        }
        let overall = (all.posts + start.posts) / (all.hours + start.hours);
        let usual = |at: usize| by_hour[at % DAY].rate(overall) * by_day[at / DAY].rate(overall) / overall;
        let rates: Vec<f64> = (0..WEEK).map(|at| by_week[at].rate(usual(at))).collect();
        Self { zone: zone.clone(), rates, overall, dispersion: 1.0 }
    }

    /// Pearson's estimate of how much more counts of `length` hours vary than those of independent posts would, over
    /// spans of which more than `least` hours were looked at; 1 at least.
    ///
    /// A site may be lively for a day and quiet for the next while its hours look like others: each length has its own.
    #[must_use]
    pub fn varies(&self, hours: &Hours, length: i64, least: f64) -> f64 {
        let mut bins: BTreeMap<i64, (Cell, f64)> = BTreeMap::new();
        for (hour, cell) in hours {
            let (sum, expected) = bins.entry(hour.div_euclid(length)).or_default();
            sum.add(*cell);
            *expected += self.rate_of(*hour) * cell.hours;
        }
        let (mut squares, mut sum) = (0.0, 0.0);
        for (cell, expected) in bins.values().filter(|(cell, _)| cell.hours > least) {
            squares += (cell.posts - expected).powi(2);
            sum += expected;
        }
        if sum > 0.0 { (squares / sum).max(1.0) } else { 1.0 }
    }

    /// Posts an hour in a local hour since 1970.
    #[must_use]
    pub fn rate_of(&self, local_hour: i64) -> f64 {
        self.rates[slot(local_hour, WEEK)]
    }

    /// Posts an hour over the whole past.
    #[must_use]
    pub const fn overall(&self) -> f64 {
        self.overall
    }

    /// How much more counts vary than those of independent posts would (variance by mean, 1 at least).
    #[must_use]
    pub const fn dispersion(&self) -> f64 {
        self.dispersion
    }

    /// Posts an hour at a moment.
    #[must_use]
    pub fn rate(&self, at: Timestamp) -> f64 {
        self.rates[slot((at + offset(&self.zone, at)).div_euclid(HOUR), WEEK)]
    }

    /// Posts that are expected between two moments.
    #[must_use]
    pub fn expected(&self, from: Timestamp, to: Timestamp) -> f64 {
        let offset = offset(&self.zone, from);
        parts(from, to.min(from + PAST), offset)
            .map(|(hour, seconds)| self.rates[slot(hour, WEEK)] * share(seconds))
            .sum()
    }

    /// Seconds from `from` until `wanted` posts are expected, where at least `least` an hour appear; `limit` at most.
    #[must_use]
    pub fn time_for(&self, wanted: f64, from: Timestamp, least: f64, limit: i64) -> i64 {
        let mut left = wanted;
        let mut waited = 0;
        for (hour, seconds) in parts(from, from + limit, offset(&self.zone, from)) {
            let rate = self.rates[slot(hour, WEEK)].max(least);
            let due = rate * share(seconds);
            if due >= left {
                #[expect(clippy::cast_possible_truncation, reason = "less than the seconds of an hour")]
                return waited + (left / rate * 3600.0) as i64;
            }
            left -= due;
            waited += seconds;
        }
        limit
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a month are exact in f64")]
fn share(seconds: i64) -> f64 {
    seconds as f64 / 3600.0
}

/// The number of the local hour since 1970 in which a moment lies.
#[must_use]
pub fn local_hour(at: Timestamp, zone: &TimeZone) -> i64 {
    (at + offset(zone, at)).div_euclid(HOUR)
}

fn offset(zone: &TimeZone, at: Timestamp) -> i64 {
    jiff::Timestamp::from_second(at).map_or(0, |at| i64::from(zone.to_offset(at).seconds()))
}

/// The place of a local hour in a cycle of so many hours.
fn slot(hour: i64, cycle: usize) -> usize {
    #[expect(clippy::cast_possible_wrap, reason = "168 at most")]
    let place = hour.rem_euclid(cycle as i64);
    usize::try_from(place).unwrap_or(0)
}

/// A span cut at local hours: each hour's number, and how many of its seconds are inside.
fn parts(from: Timestamp, to: Timestamp, offset: i64) -> impl Iterator<Item = (i64, i64)> {
    let (from, to) = (from + offset, to + offset);
    let hours = from.div_euclid(HOUR)..=(to - 1).max(from).div_euclid(HOUR);
    hours
        .map(move |hour| (hour, ((hour + 1) * HOUR).min(to) - (hour * HOUR).max(from)))
        .filter(|(_, seconds)| *seconds > 0)
}

/// What a sweep found appeared at some time since the sweep before: evenly, for all that is known.
fn spread(hours: &mut Hours, from: Timestamp, look: &Look, offset: i64) {
    #[expect(clippy::cast_precision_loss, reason = "counts of one sweep")]
    let each = look.new as f64 / share(look.started - from);
    for (hour, seconds) in parts(from, look.started, offset) {
        let found = Cell { hours: share(seconds), posts: each * share(seconds) };
        hours.entry(hour).or_default().add(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(step: i64, count: i64, new: impl Fn(i64) -> u64) -> Vec<Look> {
        (0..count).map(|n| Look { started: n * step, heard: true, new: new(n * step), ..Look::default() }).collect()
    }

    #[test]
    fn an_hour_of_the_week_is_known_by_its_past() {
        // Ten posts at nine in the morning of China's working days, for four weeks from a Thursday on.
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let working = |at: i64| {
            let hour = (at + 8 * HOUR - HOUR) / HOUR;
            hour % 24 == 9 && ![2, 3].contains(&(hour / 24 % 7))
        };
        let looks = every(HOUR, 28 * 24, |at| if working(at) { 10 } else { 0 });
        let rhythm = Rhythm::learn(&looks, &zone);
        let (thursday, saturday) = (28 * 24 * HOUR + HOUR, 30 * 24 * HOUR + HOUR);
        assert!(rhythm.rate(thursday) > 6.0, "{}", rhythm.rate(thursday));
        assert!(rhythm.rate(saturday) < 4.0, "{}", rhythm.rate(saturday));
        assert!(rhythm.rate(thursday + 12 * HOUR) < 0.3, "{}", rhythm.rate(thursday + 12 * HOUR));
        let day = rhythm.expected(28 * 24 * HOUR, 29 * 24 * HOUR);
        assert!((8.0..14.0).contains(&day), "{day}");
    }

    #[test]
    fn what_is_expected_tells_how_long_to_wait() {
        let looks = every(HOUR, 200, |_| 4);
        let rhythm = Rhythm::learn(&looks, &TimeZone::UTC);
        let wait = rhythm.time_for(2.0, 5000, 0.0, HOUR);
        assert!((1700..1900).contains(&wait), "{wait}");
        assert_eq!(rhythm.time_for(2.0, 5000, 12.0, HOUR), 600);
        assert_eq!(rhythm.time_for(200.0, 5000, 0.0, HOUR), HOUR);
    }

    #[test]
    fn failed_sweeps_are_no_evidence_of_quiet() {
        let mut looks = every(HOUR, 100, |_| 4);
        let heard = Rhythm::learn(&looks, &TimeZone::UTC).overall();
        looks.extend((100..200).map(|n| Look { started: n * HOUR, ..Look::default() }));
        assert!((Rhythm::learn(&looks, &TimeZone::UTC).overall() - heard).abs() < 1e-9);
    }
}
