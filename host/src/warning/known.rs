//! What is known of a subject when it is judged.

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::media::Tier;

/// Seconds of an hour.
pub const HOUR: i64 = 3600;

/// What is counted of a subject in one hour. Hours in which nothing was counted need not be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// Hours since 1970.
    pub hour: i64,
    /// Posts published in it.
    pub posts: u64,
    /// Views gained in it.
    pub views: u64,
    /// Times passed on, gained in it.
    pub shares: u64,
    /// Replies gained in it.
    pub replies: u64,
}

/// A place that carries a subject: a medium of the register, else a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// Its level, where the register has one.
    pub tier: Option<Tier>,
    /// Its name.
    pub name: String,
    /// Publication of its first post.
    pub first: Timestamp,
}

/// A span in which some of a subject's watches were not heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deaf {
    /// First second.
    pub from: Timestamp,
    /// The second after the last.
    pub until: Timestamp,
    /// How much of the subject those watches bring: 0 to 1.
    pub share: f64,
}

/// When the watches that bring a subject were heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hearing(Vec<Deaf>);

impl Hearing {
    /// Heard but for these spans.
    #[must_use]
    pub fn but_for(mut deaf: Vec<Deaf>) -> Self {
        deaf.retain(|span| span.until > span.from && span.share > 0.0);
        Self(deaf)
    }

    /// How much of a span was heard, in hours.
    #[must_use]
    pub fn heard(&self, from: Timestamp, until: Timestamp) -> f64 {
        let inside = |span: &Deaf| hours(span.until.min(until).saturating_sub(span.from.max(from)).max(0)) * span.share;
        (hours((until - from).max(0)) - self.0.iter().map(inside).sum::<f64>()).max(0.0)
    }
}

/// Seconds in hours.
#[expect(clippy::cast_precision_loss, reason = "seconds of years are exact in f64")]
pub(super) fn hours(seconds: i64) -> f64 {
    seconds as f64 / 3600.0
}

/// What is judged: what it starts from, and how unlikely it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It begins with its first post, and is judged from then on.
    Incident,
    /// It was there before anybody listened, and is judged once a week of it is known.
    Topic,
}

impl Kind {
    /// The name that commands and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Topic => "topic",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Incident, Self::Topic].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What is known of a subject.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its counts, oldest first.
    pub hours: &'a [Hour],
    /// Since when it can be told of: an incident's first post, the first time a topic was listened for.
    pub since: Timestamp,
    /// When its watches were heard.
    pub hearing: &'a Hearing,
    /// Who carries it.
    pub carriers: &'a [Carrier],
    /// By whose hours its past is told.
    pub zone: &'a TimeZone,
}

impl Known<'_> {
    /// The counts from one hour to another, both inside.
    #[must_use]
    pub fn span(&self, first: i64, last: i64) -> &[Hour] {
        let from = self.hours.partition_point(|hour| hour.hour < first);
        let to = self.hours.partition_point(|hour| hour.hour <= last);
        &self.hours[from..to.max(from)]
    }

    /// Posts from one hour to another; the one that opened an incident does not tell of growth.
    #[must_use]
    pub fn posts(&self, first: i64, last: i64) -> u64 {
        let sum: u64 = self.span(first, last).iter().map(|hour| hour.posts).sum();
        let opening = self.since.div_euclid(HOUR);
        let opened = self.kind == Kind::Incident && (first..=last).contains(&opening);
        sum.saturating_sub(u64::from(opened))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_by_the_share_that_was_heard() {
        let deaf = |from, until, share| Deaf { from: from * HOUR, until: until * HOUR, share };
        let hearing = Hearing::but_for(vec![deaf(2, 4, 0.5), deaf(3, 6, 0.25), deaf(9, 8, 1.0)]);
        let heard = |from, until| hearing.heard(from * HOUR, until * HOUR);
        assert!((heard(0, 2) - 2.0).abs() < 1e-9);
        assert!((heard(0, 10) - 8.25).abs() < 1e-9);
        assert!((heard(3, 4) - 0.25).abs() < 1e-9);
        assert!(heard(5, 5).abs() < 1e-9 && heard(5, 4).abs() < 1e-9);
        let nothing = Hearing::but_for(vec![deaf(0, 9, 1.0), deaf(0, 9, 1.0)]);
        assert!(nothing.heard(0, 9 * HOUR).abs() < 1e-9);
    }

    #[test]
    fn the_post_that_opens_an_incident_is_no_growth() {
        let hours = [Hour { hour: 5, posts: 3, ..Hour::default() }, Hour { hour: 8, posts: 2, ..Hour::default() }];
        let (hearing, zone) = (Hearing::default(), TimeZone::UTC);
        let known =
            |kind| Known { kind, hours: &hours, since: 5 * HOUR, hearing: &hearing, carriers: &[], zone: &zone };
        assert_eq!([known(Kind::Incident).posts(5, 8), known(Kind::Incident).posts(6, 8)], [4, 2]);
        assert_eq!(known(Kind::Topic).posts(5, 8), 5);
        assert_eq!(known(Kind::Topic).posts(6, 7), 0);
        assert_eq!(known(Kind::Topic).posts(9, 2), 0);
    }
}
