//! What a query would have caught: posts of the past held against it, day by day, beside what was caught otherwise.
//!
//! Nobody writes a good query at the first go. So a query is tried on what was heard: how many posts a day, which of them,
//! and what another version — the topic as it is configured, or as it was when posts were stored — caught instead.

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Hit, Topics};

const DAY: i64 = 86_400;

/// What a query is compared with.
#[derive(Debug)]
pub enum Base {
    /// Nothing.
    Nothing,
    /// What is stored under this topic.
    Stored(String),
    /// Another query.
    Other(Box<Topics>),
}

/// A post of the past.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// Published, else captured.
    pub at: Timestamp,
    /// Headline.
    pub title: Option<&'a str>,
    /// Text.
    pub text: &'a str,
    /// Topics that it is stored under.
    pub topics: &'a [String],
}

/// What the query says about a post, beside what it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Caught, and was not before; where its words stand.
    More(Vec<Hit>),
    /// Caught, as before.
    Same(Vec<Hit>),
    /// Not caught, and was before.
    Fewer,
    /// Not caught.
    Not,
}

/// Posts of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Caught.
    pub caught: u64,
    /// Of these, not caught before.
    pub more: u64,
    /// Caught before and no longer.
    pub fewer: u64,
}

/// A query on trial.
#[derive(Debug)]
pub struct Trial {
    tried: Topics,
    base: Base,
    utc_offset: i64,
    days: BTreeMap<i64, Tally>,
    seen: u64,
}

impl Trial {
    /// Tries a query, compiled as the only topic of its [`Topics`]; days begin `utc_offset` seconds before they do in
    /// UTC.
    #[must_use]
    pub fn new(tried: Topics, base: Base, utc_offset: i32) -> Self {
        Self { tried, base, utc_offset: utc_offset.into(), days: BTreeMap::new(), seen: 0 }
    }

    /// Holds a post against it.
    pub fn judge(&mut self, post: &Past<'_>) -> Verdict {
        self.seen += 1;
        let caught = self.tried.matches(post.title, post.text).pop();
        let before = match &self.base {
            Base::Nothing => caught.is_some(),
            Base::Stored(name) => post.topics.contains(name),
            Base::Other(topics) => !topics.matches(post.title, post.text).is_empty(),
        };
        let verdict = match (caught, before) {
            (Some(caught), false) => Verdict::More(caught.hits),
            (Some(caught), true) => Verdict::Same(caught.hits),
            (None, true) => Verdict::Fewer,
            (None, false) => return Verdict::Not,
        };
        let day = self.days.entry((post.at.saturating_add(self.utc_offset)).div_euclid(DAY)).or_default();
        day.caught += u64::from(verdict != Verdict::Fewer);
        day.more += u64::from(matches!(verdict, Verdict::More(_)));
        day.fewer += u64::from(verdict == Verdict::Fewer);
        verdict
    }

    /// Days on which anything was caught, now or before, in their order.
    pub fn dates(&self) -> impl Iterator<Item = (Date, Tally)> {
        let date = |day: i64| jiff::Timestamp::from_second(day * DAY).ok().map(|at| at.to_zoned(TimeZone::UTC).date());
        self.days.iter().filter_map(move |(&day, &tally)| Some((date(day)?, tally)))
    }

    /// All days together.
    #[must_use]
    pub fn sum(&self) -> Tally {
        self.days.values().fold(Tally::default(), |sum, day| Tally {
            caught: sum.caught + day.caught,
            more: sum.more + day.more,
            fewer: sum.fewer + day.fewer,
        })
    }

    /// Posts that were held against it.
    #[must_use]
    pub const fn seen(&self) -> u64 {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topic::{Names, TopicConfig};

    fn topics(query: &str) -> Topics {
        let config = TopicConfig { name: "t".into(), query: query.into(), ..TopicConfig::default() };
        Topics::compile(&[config], &Names::default()).unwrap()
    }

    fn judged(base: Base) -> (Vec<Verdict>, Trial) {
        let stored = ["供水".to_owned()];
        // One second before midnight in the organisation's zone, and midnight.
        let midnight = 100 * DAY - 28_800;
        let posts =
            [(midnight - 1, "停水了", &stored[..0]), (midnight, "停水", &stored[..]), (midnight, "停电", &stored[..])];
        let mut trial = Trial::new(topics("停水"), base, 28_800);
        let verdicts = posts.map(|(at, text, topics)| trial.judge(&Past { at, title: None, text, topics }));
        (verdicts.to_vec(), trial)
    }

    fn kinds(verdicts: &[Verdict]) -> Vec<&'static str> {
        let kind = |v: &Verdict| match v {
            Verdict::More(hits) if hits.len() == 1 => "more",
            Verdict::Same(hits) if hits.len() == 1 => "same",
            Verdict::Fewer => "fewer",
            Verdict::Not => "not",
            _ => "without hits",
        };
        verdicts.iter().map(kind).collect()
    }

    #[test]
    fn a_query_is_compared_with_what_was_stored() {
        let (verdicts, trial) = judged(Base::Stored("供水".into()));
        assert_eq!(kinds(&verdicts), ["more", "same", "fewer"]);
        let days: Vec<_> = trial.dates().map(|(date, tally)| (date.to_string(), tally)).collect();
        let (one, other) = (Tally { caught: 1, more: 1, fewer: 0 }, Tally { caught: 1, more: 0, fewer: 1 });
        assert_eq!(days, [("1970-04-10".to_owned(), one), ("1970-04-11".to_owned(), other)]);
        assert_eq!((trial.sum(), trial.seen()), (Tally { caught: 2, more: 1, fewer: 1 }, 3));
    }

    #[test]
    fn a_query_is_compared_with_another_or_with_nothing() {
        assert_eq!(kinds(&judged(Base::Other(Box::new(topics("停电 | 停水了")))).0), ["same", "more", "fewer"]);
        let (verdicts, trial) = judged(Base::Nothing);
        assert_eq!(kinds(&verdicts), ["same", "same", "not"]);
        assert_eq!(trial.sum(), Tally { caught: 2, more: 0, fewer: 0 });
    }
}
