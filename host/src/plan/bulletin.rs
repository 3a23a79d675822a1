//! Reports that are written regularly (P23): which, when, and for whom.

use std::fmt;

use jiff::civil::Time;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::words::Roles;
use crate::report::Kind;

/// One regular report. A daily one is about the day before it is written, a weekly one about the week before its
/// Monday, a monthly one about the month before its first day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bulletin {
    /// Which: one that is about a span of time.
    pub kind: Kind,
    /// When, on its day.
    pub at: At,
    /// Who is to read it.
    #[serde(rename = "for")]
    pub readers: Roles,
}

/// A time of day in the organisation's zone: `"08:30"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At(pub Time);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        time(&text).map(Self).ok_or_else(|| {
            let short: String = text.chars().take(40).collect();
            D::Error::custom(format!("not a time of day: {short:?}: write \"08:30\""))
        })
    }
}

/// `08:30`.
pub(super) fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |text: &str| if text.len() == 2 { text.parse::<i8>().ok() } else { None };
    Time::new(two(hour)?, two(minute)?, 0, 0).ok()
}
