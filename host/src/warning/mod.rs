//! Early warning (P1, P8, P17): what is growing, how far it has come, and when a person must be told: pure.
//!
//! A *subject* is an incident or a topic. What is known of it ([`known`]) are counts by the hour of publication, when its
//! watches were heard, and who carries it. From that come
//!
//! | | |
//! | --- | --- |
//! | [`usual`] | how many posts its own past makes likely in a span, and how much counts vary |
//! | [`tail`] | how unlikely that makes the posts that there are |
//! | [`signs`] | the signs at a moment: rate, spread to new places, media, reach, reactions |
//! | [`stage`] | the state it is in, with hysteresis, and whether that is worth an [`Alert`] |
//! | [`media`] | the register of media by level |
//! | [`words`] | an alert in words |
//! | [`backtest`] | the same judgement replayed over a past, and what it would have been worth |
//!
//! A post counts at the hour in which it was published, so that what is back-filled late makes no burst now. What was
//! not heard is neither quiet nor usual: time counts by the share of the subject's watches that were heard in it.
//!
//! Given up: holidays, as in [`coverage::rhythm`](crate::coverage::rhythm); the hours of the day for incidents that are
//! younger than a week; and posts without a date, which count only when the sweep before was recent.

pub mod backtest;
pub mod known;
pub mod media;
pub mod signs;
pub mod stage;
pub mod tail;
#[cfg(test)]
mod tests;
pub mod usual;
pub mod words;

use serde::{Deserialize, Serialize};

use self::media::Tier;

/// The rules and their version, as events name them.
pub const RULES: &str = "warning@1";

/// How far a subject has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// 平静: as its past makes likely.
    #[default]
    Quiet,
    /// 萌芽: something is unusual.
    Emerging,
    /// 上升: far more than usual, and more by the hour.
    Growing,
    /// 高位: it grows no more, and has not fallen by half.
    Peaking,
    /// 回落: less than half of its peak.
    Fading,
}

impl Stage {
    /// All, in the order in which an episode goes through them.
    pub const ALL: [Self; 5] = [Self::Quiet, Self::Emerging, Self::Growing, Self::Peaking, Self::Fading];

    /// The name that commands and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Emerging => "emerging",
            Self::Growing => "growing",
            Self::Peaking => "peaking",
            Self::Fading => "fading",
        }
    }

    /// The stage of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == name)
    }
}

/// How much a warning asks of a person. The order is that of urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// 关注: look at it today.
    Notice,
    /// 预警: look at it now.
    Warning,
    /// 警报: the leading group must know now.
    Alarm,
}

impl Severity {
    /// All, the least first.
    pub const ALL: [Self; 3] = [Self::Notice, Self::Warning, Self::Alarm];

    /// The name that commands and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Alarm => "alarm",
        }
    }

    /// The severity of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == name)
    }

    /// One step more, where there is one.
    #[must_use]
    pub const fn raised(self) -> Self {
        match self {
            Self::Notice => Self::Warning,
            Self::Warning | Self::Alarm => Self::Alarm,
        }
    }
}

/// Why: what a sentence is made of. Part of the events' stored form: a variant may be added, none changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "sign", rename_all = "kebab-case")]
pub enum Reason {
    /// It had faded and comes back.
    Returned,
    /// More posts than its past makes likely.
    Rate {
        /// Posts published in the span.
        posts: u64,
        /// Length of the span that ends now, in minutes.
        minutes: u64,
        /// What is usual in such a span, in hundredths of a post.
        usual: u64,
    },
    /// Places that did not carry it before.
    Spread {
        /// New places.
        places: u64,
        /// Within so many hours.
        hours: u64,
    },
    /// A medium of that level carries it.
    Media {
        /// Its level.
        tier: Tier,
        /// Its name in the register.
        name: String,
    },
    /// Many have seen it or passed it on.
    Reach {
        /// Views gained.
        views: u64,
        /// Times it was passed on.
        shares: u64,
        /// Within so many hours.
        hours: u64,
    },
    /// What is answered and passed on grows.
    Reactions {
        /// Replies and shares gained in the span.
        gained: u64,
        /// And in the span of the same length before it.
        before: u64,
        /// Length of each, in hours.
        hours: u64,
    },
}

/// Something that a person must be told, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Alert {
    /// How far the subject has come.
    pub stage: Stage,
    /// How much that asks of a person.
    pub severity: Severity,
    /// Why, the strongest first.
    pub why: Vec<Reason>,
}
