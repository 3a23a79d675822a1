//! The signs that a subject shows at a moment.
//!
//! Rates are judged over spans that end now and begin with a whole hour: the hour that runs, and one, five and
//! twenty-three hours before it. So counts by the hour are enough to notice a burst within minutes.

use caifeng_plugin_host::contract::Timestamp;

use super::Reason;
use super::known::{Carrier, HOUR, Kind, Known};
use super::media::Tier;
use super::tail::surprise;
use super::usual::Memory;

/// Whole hours before the one that runs.
const SPANS: [i64; 4] = [0, 1, 5, 23];
/// −ln of the probability from which a rate is a sign, for an incident: one in two thousand by its own model.
const INCIDENT: f64 = 7.5;
/// The same for a topic, which is judged all the year: one in 270,000.
const TOPIC: f64 = 12.5;
/// How much more makes it a strong one: a hundred times rarer.
const STRONG: f64 = 4.6;
/// Times what is usual: less is no matter, however sure.
const TIMES: f64 = 2.0;
/// Posts of a day that are many whoever carries them.
const MANY: u64 = 100;
/// New places within a day, besides the first, that are a spread.
const PLACES: u64 = 3;
/// Hours in which places, media and reach are new.
const NEW: i64 = 24;
/// Views and shares of a day that are a reach. 5,000 and 500 are from where on Chinese courts call a single defaming post
/// "serious" (法释〔2013〕21号, article 2); an incident has many posts, and a day is short.
const REACH: (u64, u64) = (5_000, 500);
/// Times that which make it a wide one.
const WIDE: u64 = 10;
/// Hours over which reactions are compared, and how many must be gained, and how many times those before.
const REACTIONS: (i64, u64, u64) = (6, 200, 3);

/// What a subject shows at a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signs {
    /// The most unlikely rate that is a sign.
    pub rate: Option<Rate>,
    /// The signs besides the rate.
    pub others: Vec<Reason>,
    /// A sign that makes a warning a step more urgent is among them.
    pub wide: bool,
    /// How far from a sign all rates are, in −ln of probability: negative when one is.
    pub distance: f64,
}

/// A rate that its past makes unlikely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Posts of the span.
    pub posts: u64,
    /// Where the span begins.
    pub from: Timestamp,
    /// What is usual.
    pub expected: f64,
    /// −ln of the probability of so many.
    pub surprise: f64,
    /// It is a hundred times rarer than a sign needs.
    pub strong: bool,
}

impl Signs {
    /// Reads the signs of a subject at `now`.
    #[must_use]
    pub fn read(known: &Known<'_>, memory: &mut Memory, now: Timestamp) -> Self {
        let (rate, distance) = rate(known, memory, now);
        let mut signs = Self { rate, distance, ..Self::default() };
        let hour = now.div_euclid(HOUR);
        let day = known.posts(hour - 23, hour);
        signs.wide = signs.rate.is_some_and(|rate| rate.strong) && day >= MANY;
        if known.kind == Kind::Incident {
            signs.places(known, now);
            signs.reach(known, hour);
            signs.reactions(known, hour);
        }
        signs
    }

    /// Whether there is any.
    #[must_use]
    pub fn any(&self) -> bool {
        self.rate.is_some() || !self.others.is_empty()
    }

    /// What they say, the rate first.
    #[must_use]
    pub fn reasons(&self, now: Timestamp) -> Vec<Reason> {
        let rate = self.rate.map(|rate| Reason::Rate {
            posts: rate.posts,
            minutes: u64::try_from((now - rate.from).max(60) / 60).unwrap_or(1),
            usual: hundredths(rate.expected),
        });
        rate.into_iter().chain(self.others.iter().cloned()).collect()
    }

    /// Media and new places: of those that carried it first within a day, and were not the first of all.
    fn places(&mut self, known: &Known<'_>, now: Timestamp) {
        let fresh = |carrier: &&Carrier| carrier.first > now - NEW * HOUR && carrier.first <= now;
        let highest = known.carriers.iter().filter(fresh).filter(|carrier| carrier.tier > Some(Tier::Local));
        if let Some(medium) = highest.max_by_key(|carrier| (carrier.tier, std::cmp::Reverse(carrier.first))) {
            self.wide |= medium.tier == Some(Tier::Central);
            self.others.extend(medium.tier.map(|tier| Reason::Media { tier, name: medium.name.clone() }));
        }
        let first = known.carriers.iter().map(|carrier| carrier.first).min();
        let new = known.carriers.iter().filter(fresh).filter(|carrier| Some(carrier.first) > first).count() as u64;
        if new >= PLACES {
            self.wide |= new >= 2 * PLACES;
            self.others.push(Reason::Spread { places: new, hours: NEW.unsigned_abs() });
        }
    }

    fn reach(&mut self, known: &Known<'_>, hour: i64) {
        let day = known.span(hour - NEW + 1, hour);
        let (views, shares) = (sum(day.iter().map(|h| h.views)), sum(day.iter().map(|h| h.shares)));
        if views >= REACH.0 || shares >= REACH.1 {
            self.wide |= views >= WIDE * REACH.0 || shares >= WIDE * REACH.1;
            self.others.push(Reason::Reach { views, shares, hours: NEW.unsigned_abs() });
        }
    }

    fn reactions(&mut self, known: &Known<'_>, hour: i64) {
        let (span, least, times) = REACTIONS;
        let of = |last: i64| sum(known.span(last - span + 1, last).iter().map(|h| h.shares.saturating_add(h.replies)));
        let (gained, before) = (of(hour), of(hour - span));
        if gained >= least && gained >= before.saturating_mul(times) {
            self.others.push(Reason::Reactions { gained, before, hours: span.unsigned_abs() });
        }
    }
}

/// Posts of a day below which no rate is worth a warning.
#[must_use]
pub const fn least(kind: Kind) -> u64 {
    match kind {
        Kind::Incident => 4,
        Kind::Topic => 5,
    }
}

fn sum(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}

/// The most unlikely rate that is a sign, and how far the least likely one is from being one.
fn rate(known: &Known<'_>, memory: &mut Memory, now: Timestamp) -> (Option<Rate>, f64) {
    let hour = now.div_euclid(HOUR);
    let wanted = match known.kind {
        Kind::Incident => INCIDENT,
        Kind::Topic => TOPIC,
    };
    let least = least(known.kind);
    // A past is learned only where a sign is possible: most subjects are quiet most of the time.
    if known.posts(hour - 23, hour) < least {
        return (None, wanted);
    }
    let Some(usual) = memory.usual(known, now) else { return (None, wanted) };
    let (mut found, mut distance): (Option<Rate>, f64) = (None, wanted);
    for span in SPANS {
        let posts = known.posts(hour - span, hour);
        let from = ((hour - span) * HOUR).max(known.since);
        let (expected, variance) = usual.expected(known, from, now);
        let surprise = surprise(posts, expected, variance);
        distance = distance.min(wanted - surprise);
        #[expect(clippy::cast_precision_loss, reason = "posts of a day")]
        let enough = posts >= least && posts as f64 >= TIMES * expected;
        if enough && surprise >= wanted && found.is_none_or(|best| surprise > best.surprise) {
            found = Some(Rate { posts, from, expected, surprise, strong: surprise >= wanted + STRONG });
        }
    }
    (found, distance)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats saturate")]
fn hundredths(posts: f64) -> u64 {
    (posts * 100.0).round() as u64
}
