//! The same judgement replayed over a past: when it would have warned, and what that would have been worth.
//!
//! Posts are heard when they were published, and the subject is judged every few minutes in which one was, and
//! every hour while an episode lasts: as by watches that are swept so often. What is known later is never looked at.
//! Only afterwards the *peaks* of the past are looked for ([`Peak`]), and each is given the first warning before its
//! end. A warning that belongs to none is a false alarm.

use std::collections::HashSet;

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::known::{Carrier, HOUR, Hearing, Hour, Kind, Known};
use super::media::Tier;
use super::stage::{Standing, judge};
use super::usual::Memory;
use super::{Alert, Stage};

const DAY: i64 = 24 * HOUR;
/// Posts that a busiest hour, or day, must have to be called a peak.
const PEAK: [(i64, usize); 2] = [(HOUR, 10), (DAY, 20)];
/// And times the mean of the whole past in a span of that length.
const TIMES: f64 = 5.0;
/// A past shorter than that has its mean over so long, in seconds.
const SHORTEST: i64 = 7 * DAY;
/// How long before a peak a warning of it may come, and how long after it there is no other peak, in seconds.
const APART: i64 = 2 * DAY;
/// How long an episode is followed after the last post, in hours.
const AFTER: i64 = 14 * 24;

/// One post, as far as it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// When it was published.
    pub at: Timestamp,
    /// Where: a medium or a site.
    pub place: String,
    /// The level of that place.
    pub tier: Option<Tier>,
    /// Views, shares and replies when it was read.
    pub reached: [u64; 3],
}

/// A warning that would have been given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub alert: Alert,
}

/// A busiest hour or day: at least ten, or twenty, posts, five times the mean, and the most within two days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Peak {
    /// First second.
    pub from: Timestamp,
    /// The second after the last.
    pub until: Timestamp,
    /// Posts.
    pub posts: usize,
    /// Which of the replay's warnings came first, by its place.
    pub warned: Option<usize>,
}

impl Peak {
    /// Its middle, to which a lead is told.
    #[must_use]
    pub const fn middle(&self) -> Timestamp {
        self.from + (self.until - self.from) / 2
    }
}

/// What a replay came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Replay {
    /// Posts replayed.
    pub posts: usize,
    /// Publication of the first and the last.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Warnings, oldest first.
    pub told: Vec<Told>,
    /// Peaks, oldest first.
    pub peaks: Vec<Peak>,
    /// Warnings that belong to no peak, by their place.
    pub false_alarms: Vec<usize>,
}

impl Replay {
    /// Seconds from the first warning of a peak to its middle; negative when it came later.
    #[must_use]
    pub fn lead(&self, peak: &Peak) -> Option<i64> {
        Some(peak.middle() - self.told.get(peak.warned?)?.at)
    }
}

/// What many replays came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Subjects replayed.
    pub subjects: usize,
    /// Their posts.
    pub posts: usize,
    /// Peaks.
    pub peaks: usize,
    /// Peaks that were warned of before their middle.
    pub before: usize,
    /// Peaks that were warned of between their middle and their end.
    pub late: usize,
    /// Peaks that were not.
    pub missed: usize,
    /// Leads in seconds of those that were warned of, the shortest first.
    pub leads: Vec<i64>,
    /// Warnings.
    pub warnings: usize,
    /// Warnings that belong to no peak.
    pub false_alarms: usize,
}

impl Score {
    /// Adds a replay.
    pub fn add(&mut self, replay: &Replay) {
        self.subjects += 1;
        self.posts += replay.posts;
        self.warnings += replay.told.len();
        self.false_alarms += replay.false_alarms.len();
        self.peaks += replay.peaks.len();
        for lead in replay.peaks.iter().map(|peak| replay.lead(peak)) {
            match lead {
                None => self.missed += 1,
                Some(lead) if lead >= 0 => self.before += 1,
                Some(_) => self.late += 1,
            }
            self.leads.extend(lead);
        }
        self.leads.sort_unstable();
    }

    /// The lead that half of the warned peaks had at least.
    #[must_use]
    pub fn median(&self) -> Option<i64> {
        self.leads.get(self.leads.len() / 2).copied()
    }
}

/// Replays `said`, in any order, as one subject that is judged every `every` seconds.
#[must_use]
pub fn replay(mut said: Vec<Said>, kind: Kind, hearing: &Hearing, zone: &TimeZone, every: i64) -> Replay {
    said.sort_by_key(|post| post.at);
    let (Some(first), Some(last)) = (said.first(), said.last()) else { return Replay::default() };
    let (since, until) = (first.at, last.at);
    let mut run = Run::of(kind, since, hearing, zone);
    let mut rest = said.as_slice();
    while let Some(post) = rest.first() {
        let tick = post.at.div_euclid(every) * every + every;
        run.wait_until(tick);
        let heard = rest.partition_point(|post| post.at < tick);
        rest[..heard].iter().for_each(|post| run.hear(post));
        rest = &rest[heard..];
        run.judge(tick);
    }
    run.wait_until(until + AFTER * HOUR);
    let times: Vec<Timestamp> = said.iter().map(|post| post.at).collect();
    let mut peaks = peaks(&times);
    let false_alarms = assign(&run.told, &mut peaks);
    Replay { posts: said.len(), span: Some((since, until)), told: run.told, peaks, false_alarms }
}

struct Run<'a> {
    kind: Kind,
    hearing: &'a Hearing,
    zone: &'a TimeZone,
    since: Timestamp,
    hours: Vec<Hour>,
    carriers: Vec<Carrier>,
    places: HashSet<String>,
    standing: Standing,
    memory: Memory,
    told: Vec<Told>,
}

impl<'a> Run<'a> {
    fn of(kind: Kind, since: Timestamp, hearing: &'a Hearing, zone: &'a TimeZone) -> Self {
        let (hours, carriers, places) = (Vec::new(), Vec::new(), HashSet::new());
        let standing = Standing { at: Timestamp::MIN, ..Standing::default() };
        Self {
            kind,
            hearing,
            zone,
            since,
            hours,
            carriers,
            places,
            standing,
            memory: Memory::default(),
            told: Vec::new(),
        }
    }

    fn hear(&mut self, post: &Said) {
        let hour = post.at.div_euclid(HOUR);
        if self.hours.last().is_none_or(|last| last.hour != hour) {
            self.hours.push(Hour { hour, ..Hour::default() });
        }
        if let Some(count) = self.hours.last_mut() {
            count.posts += 1;
            count.views = count.views.saturating_add(post.reached[0]);
            count.shares = count.shares.saturating_add(post.reached[1]);
            count.replies = count.replies.saturating_add(post.reached[2]);
        }
        if self.places.insert(post.place.clone()) {
            self.carriers.push(Carrier { tier: post.tier, name: post.place.clone(), first: post.at });
        }
    }

    /// Judges each hour of an episode in which nothing is said.
    fn wait_until(&mut self, tick: Timestamp) {
        while self.standing.stage != Stage::Quiet && self.standing.at.saturating_add(HOUR) < tick {
            self.judge(self.standing.at + HOUR);
        }
    }

    fn judge(&mut self, now: Timestamp) {
        let known = Known {
            kind: self.kind,
            hours: &self.hours,
            since: self.since,
            hearing: self.hearing,
            carriers: &self.carriers,
            zone: self.zone,
        };
        let judged = judge(&self.standing, &known, &mut self.memory, now);
        self.standing = judged.standing;
        self.told.extend(judged.alert.map(|alert| Told { at: now, alert }));
    }
}

/// The peaks of sorted times: by the hour, and by the day where no hour stands out.
fn peaks(times: &[Timestamp]) -> Vec<Peak> {
    let mut found: Vec<Peak> = Vec::new();
    for (width, least) in PEAK {
        let span = times.last().zip(times.first()).map_or(0, |(last, first)| last - first).max(SHORTEST);
        #[expect(clippy::cast_precision_loss, reason = "counts of posts and seconds")]
        let high = (TIMES * times.len() as f64 * width as f64 / span as f64).max(least as f64);
        #[expect(clippy::cast_precision_loss, reason = "counts of posts")]
        let mut spans: Vec<(usize, Timestamp)> =
            counts(times, width).filter(|(posts, _)| *posts as f64 >= high).collect();
        spans.sort_by_key(|(posts, from)| (std::cmp::Reverse(*posts), *from));
        for (posts, from) in spans {
            let peak = Peak { from, until: from + width, posts, warned: None };
            if found.iter().all(|other| peak.from >= other.until + APART || peak.until + APART <= other.from) {
                found.push(peak);
            }
        }
    }
    found.sort_by_key(|peak| peak.from);
    found
}

/// Posts within `width` seconds from each time on.
fn counts(times: &[Timestamp], width: i64) -> impl Iterator<Item = (usize, Timestamp)> {
    let mut end = 0;
    times.iter().enumerate().map(move |(at, from)| {
        while end < times.len() && times[end] < from + width {
            end += 1;
        }
        (end - at, *from)
    })
}

/// Gives each peak the first warning before its end; the places of warnings that come to no peak.
///
/// A warning in the two days after a peak is of the same matter.
fn assign(told: &[Told], peaks: &mut [Peak]) -> Vec<usize> {
    let mut alone = Vec::new();
    for (place, warning) in told.iter().enumerate() {
        let near = |peak: &&mut Peak| (peak.from - APART..peak.until + APART).contains(&warning.at);
        match peaks.iter_mut().find(near) {
            Some(peak) if warning.at < peak.until => peak.warned = peak.warned.or(Some(place)),
            Some(_) => {}
            None => alone.push(place),
        }
    }
    alone
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    const PEAK_AT: Timestamp = 100 * DAY;

    fn told(at: Timestamp) -> Told {
        Told { at, alert: Alert { stage: Stage::Growing, severity: Severity::Warning, why: Vec::new() } }
    }

    fn peak(from: Timestamp) -> Peak {
        Peak { from, until: from + HOUR, posts: 30, warned: None }
    }

    /// Which warnings are false alarms, and which one each peak is given.
    fn assigned(times: &[Timestamp], mut peaks: Vec<Peak>) -> (Vec<usize>, Vec<Option<usize>>) {
        let told: Vec<Told> = times.iter().copied().map(told).collect();
        let alone = assign(&told, &mut peaks);
        (alone, peaks.into_iter().map(|peak| peak.warned).collect())
    }

    #[test]
    fn a_warning_belongs_to_a_peak_within_two_days_and_not_a_second_more() {
        let (from, until) = (PEAK_AT, PEAK_AT + HOUR);
        let one = |at| assigned(&[at], vec![peak(PEAK_AT)]);
        assert_eq!(one(from - 2 * DAY - 1), (vec![0], vec![None]), "too early to be of it");
        assert_eq!(one(from - 2 * DAY), (vec![], vec![Some(0)]));
        assert_eq!(one(until - 1), (vec![], vec![Some(0)]), "late, and of use still");
        assert_eq!(one(until), (vec![], vec![None]), "of the same matter, and of no use");
        assert_eq!(one(until + 2 * DAY - 1), (vec![], vec![None]));
        assert_eq!(one(until + 2 * DAY), (vec![0], vec![None]), "of another matter");
    }

    #[test]
    fn a_peak_is_given_the_first_of_its_warnings_and_none_of_anothers() {
        let peaks = || vec![peak(PEAK_AT), peak(PEAK_AT + 9 * DAY)];
        let (first, second) = (PEAK_AT - 3 * HOUR, PEAK_AT + 9 * DAY - HOUR);
        assert_eq!(assigned(&[first, first + HOUR, second], peaks()), (vec![], vec![Some(0), Some(2)]));
        assert_eq!(assigned(&[first, PEAK_AT + 5 * DAY], peaks()), (vec![1], vec![Some(0), None]), "between them");
    }

    #[test]
    fn peaks_stand_two_days_apart_and_above_the_past() {
        // A post every six hours for a month, and thirty within half an hour on two days.
        let mut times: Vec<Timestamp> = (0..120).map(|n| n * 6 * HOUR).collect();
        for burst in [10 * DAY, 20 * DAY, 20 * DAY + 30 * HOUR] {
            times.extend((0..30).map(|n| burst + n * 60));
        }
        times.sort_unstable();
        let found: Vec<_> = peaks(&times).into_iter().map(|peak| peak.from / DAY).collect();
        assert_eq!(found, [10, 20], "the third is of the second");
    }
}
