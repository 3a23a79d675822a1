//! When offices are open: what working hours run in, and when a working day ends.

use std::fmt;

use jiff::civil::Time;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bulletin::time;

/// `[office]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Office {
    /// Hours of a working day, in the organisation's time zone, one after another.
    pub hours: Vec<Open>,
}

/// From when to when, within one day: `"08:30-12:00"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// The first moment.
    pub from: Time,
    /// The moment after the last.
    pub to: Time,
}

impl Open {
    fn read(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let open = Self { from: time(from)?, to: time(to)? };
        (open.from < open.to).then_some(open)
    }
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (a, b) = (self.from, self.to);
        write!(f, "{:02}:{:02}-{:02}:{:02}", a.hour(), a.minute(), b.hour(), b.minute())
    }
}

impl Serialize for Open {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Open {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::read(&text).ok_or_else(|| {
            let short: String = text.chars().take(40).collect();
            D::Error::custom(format!("not hours of a day: {short:?}: write \"08:30-12:00\""))
        })
    }
}
