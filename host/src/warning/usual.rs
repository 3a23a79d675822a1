//! How many posts a subject's own past makes likely.
//!
//! The past ends a day before the moment that is judged, so that a burst is not measured against itself. It is told
//! by hour of the week ([`Rhythm`], with its shrinkage), over the time that was heard. An hour far beyond its
//! rate is counted only up to a bound ([`BOUND`]), or one burst would make the next month deaf.
//!
//! A count's variance has four parts: posts come in clusters (dispersion, measured over spans of the same length);
//! each hour of the week has been seen only a few times; the rate over all is itself estimated from so many posts;
//! and some days are livelier than others throughout.

use caifeng_plugin_host::contract::Timestamp;

use super::known::{HOUR, Kind, Known, hours};
use crate::coverage::rhythm::{Cell, Hours, PAST, Rhythm, local_hour};

/// How long before the moment that is judged the past ends, in hours.
pub const LAG: i64 = 24;
/// How much of a topic's past must have been heard before its rate is judged, in hours: a week knows its weekend.
const KNOWN: f64 = 7.0 * 24.0;
/// Standard deviations above its rate up to which an hour counts.
const BOUND: f64 = 4.0;
/// What is taken for granted of an incident: one more post in four hours, as uncertain as that.
const INCIDENT: Cell = Cell { posts: 1.0, hours: 4.0 };
/// And of a topic, of which a week is always known: next to nothing.
const TOPIC: Cell = Cell { posts: 1.0, hours: 24.0 };
/// Posts an hour below which nothing is usual: one a day is no matter, however quiet the past was.
const FLOOR: f64 = 1.0 / 24.0;
/// Hours for which time counts at least: a sweep also reads what appeared while it began.
const SHORTEST: f64 = 0.25;
/// What is taken for granted of how much a topic's days differ: a relative variance, worth so many days.
const UNEVEN: (f64, f64) = (0.6, 14.0);
/// An hour that was heard less than that tells nothing of its rate.
const HEARD: f64 = 0.1;

/// What is usual for a subject.
#[derive(Clone, Debug)]
pub struct Usual {
    rhythm: Rhythm,
    /// Variance by mean, over spans of one hour and of six.
    dispersion: [f64; 2],
    /// Relative variance of days, beyond what that explains.
    days: f64,
    /// Posts that the overall rate was learned from.
    posts: f64,
    /// Weeks that were heard.
    weeks: f64,
}

impl Usual {
    /// Learns what was usual before `now`; `None` while too little is known of a topic.
    #[must_use]
    pub fn learn(known: &Known<'_>, now: Timestamp) -> Option<Self> {
        let start = if known.kind == Kind::Incident { INCIDENT } else { TOPIC };
        let last = now.div_euclid(HOUR) - LAG;
        let first = (known.since.max(now - PAST)).div_euclid(HOUR);
        let mut past = heard(known, first, last);
        let looked: f64 = past.values().map(|cell| cell.hours).sum();
        if known.kind == Kind::Topic && looked < KNOWN {
            return None;
        }
        let mut rhythm = Rhythm::of_hours(&past, start, known.zone);
        if bound(&mut past, &rhythm) {
            rhythm = Rhythm::of_hours(&past, start, known.zone);
        }
        let [hour, six, day] = [(1, 0.5), (6, 4.0), (24, 16.0)].map(|(span, least)| rhythm.varies(&past, span, least));
        let uneven = (day - six).max(0.0) / (24.0 * rhythm.overall());
        let seen = looked / 24.0;
        let days = match known.kind {
            Kind::Incident => uneven,
            Kind::Topic => (uneven * seen + UNEVEN.0 * UNEVEN.1) / (seen + UNEVEN.1),
        };
        let posts = past.values().map(|cell| cell.posts).sum::<f64>() + start.posts;
        Some(Self { rhythm, dispersion: [hour, six], days, posts, weeks: looked / 168.0 })
    }

    /// Posts that are likely in the heard part of `from..until`, and their variance.
    #[must_use]
    pub fn expected(&self, known: &Known<'_>, from: Timestamp, until: Timestamp) -> (f64, f64) {
        let from = from.max(known.since);
        let rate = |at| self.rhythm.rate_of(local_hour(at, known.zone)).max(FLOOR);
        let mut mean = 0.0;
        let mut at = from;
        while at < until {
            let next = ((at.div_euclid(HOUR) + 1) * HOUR).min(until);
            mean += rate(at) * known.hearing.heard(at, next);
            at = next;
        }
        mean = mean.max(rate(until) * SHORTEST);
        let dispersion = self.dispersion[usize::from(hours(until - from) > 3.0)];
        let seldom = if self.weeks >= 1.0 { 1.0 / self.weeks } else { 0.0 };
        (mean, dispersion * mean * (1.0 + seldom) + mean * mean * (dispersion / self.posts + self.days))
    }
}

/// What was learned last, which holds for the hour: whoever judges one subject again and again keeps it.
#[derive(Clone, Debug, Default)]
pub struct Memory(Option<(i64, Option<Usual>)>);

impl Memory {
    /// What is usual before `now`, learned unless it was in this hour.
    pub fn usual(&mut self, known: &Known<'_>, now: Timestamp) -> Option<&Usual> {
        let hour = now.div_euclid(HOUR);
        if self.0.as_ref().is_none_or(|(at, _)| *at != hour) {
            self.0 = Some((hour, Usual::learn(known, now)));
        }
        self.0.as_ref().and_then(|(_, usual)| usual.as_ref())
    }
}

/// The hours of a span with what was heard and counted in each.
fn heard(known: &Known<'_>, first: i64, last: i64) -> Hours {
    let mut counts = known.span(first, last - 1).iter().peekable();
    let mut past = Hours::new();
    for hour in first..last {
        let posts = counts.next_if(|count| count.hour == hour).map_or(0, |count| count.posts);
        let opening = known.kind == Kind::Incident && hour == known.since.div_euclid(HOUR);
        let heard = known.hearing.heard(hour * HOUR, (hour + 1) * HOUR);
        if heard >= HEARD {
            #[expect(clippy::cast_precision_loss, reason = "counts of an hour")]
            let posts = posts.saturating_sub(u64::from(opening)) as f64;
            past.insert(local_hour(hour * HOUR, known.zone), Cell { hours: heard, posts });
        }
    }
    past
}

/// Cuts hours that are far beyond what is usual; whether there were any.
fn bound(past: &mut Hours, rhythm: &Rhythm) -> bool {
    let dispersion = rhythm.varies(past, 1, 0.5);
    let mut cut = false;
    for (hour, cell) in past.iter_mut() {
        let mean = rhythm.rate_of(*hour) * cell.hours;
        let most = mean + BOUND * (dispersion * mean).sqrt() + BOUND;
        if cell.posts > most {
            (cell.posts, cut) = (most, true);
        }
    }
    cut
}
