//! 订阅: what calendars and readers subscribe to. Pure.
//!
//! Clocks and disclosures as iCalendar (RFC 5545), incidents and regular reports as Atom (RFC 4287), each at an address with a secret in it
//! that can be taken back. Whoever has the address reads it, and programs keep what they read where nobody
//! deletes it: so a feed holds numbers, categories, moments and what staff wrote for the public, and never a word that
//! somebody posted; an incident's title is such a word.
//!
//! | feed | module |
//! | --- | --- |
//! | clocks, disclosures | [`ics`] |
//! | incidents, reports | [`atom`] |

pub mod atom;
pub mod ics;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incident::Category;
use crate::lang::Lang;

/// The number of a feed.
pub type FeedId = i64;

/// What is subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Deadlines that incidents run against.
    Clocks,
    /// The calendar of disclosures.
    Disclosures,
    /// Incidents, as they open and change.
    Incidents,
    /// Regular reports that were written, without what they say.
    Reports,
}

impl Kind {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Clocks, Self::Disclosures, Self::Incidents, Self::Reports];

    /// The name that the command line and the store use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clocks => "clocks",
            Self::Disclosures => "disclosures",
            Self::Incidents => "incidents",
            Self::Reports => "reports",
        }
    }

    /// The kind of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The last part of its address.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Clocks => "clocks.ics",
            Self::Disclosures => "disclosures.ics",
            Self::Incidents => "incidents.atom",
            Self::Reports => "reports.atom",
        }
    }

    /// What it is served as.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Clocks | Self::Disclosures => "text/calendar; charset=utf-8",
            Self::Incidents | Self::Reports => "application/atom+xml; charset=utf-8",
        }
    }
}

/// A feed as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Feed {
    /// Its number.
    pub id: FeedId,
    /// What is subscribed to.
    pub kind: Kind,
    /// In which language it speaks: a BCP 47 tag.
    pub lang: String,
    /// When it was made.
    pub made: Timestamp,
    /// By which user.
    pub made_by: String,
    /// Since when nobody can read it any more.
    pub revoked: Option<Timestamp>,
}

impl Feed {
    /// The language in which it speaks.
    #[must_use]
    pub fn lang(&self) -> Lang {
        Lang::of_tag(&self.lang).unwrap_or(Lang::Zh)
    }
}

/// An entry of the record about feeds; it belongs to no incident. Its JSON form is hashed: a variant or field may be
/// added, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum FeedEntry {
    /// Whoever has its address can read it from now on.
    FeedAdded {
        /// Which.
        feed: FeedId,
        /// What is subscribed to.
        kind: Kind,
    },
    /// Nobody can any more.
    FeedRevoked {
        /// Which.
        feed: FeedId,
    },
}

/// A category in words.
fn category(lang: Lang, category: Option<Category>) -> String {
    lang.t(match category {
        Some(Category::Problem) => "category.problem",
        Some(Category::Emergency) => "category.emergency",
        Some(Category::Sensitive) => "category.sensitive",
        Some(Category::Suggestion) => "category.suggestion",
        Some(Category::Rumour) => "category.rumour",
        None => "category.none",
    })
}
